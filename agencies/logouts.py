"""A provider says that somebody signed out there: their sessions here end, once, in one transaction with the record."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import delete

from agencies import sessions, sign_in
from agencies.models import LogoutToken
from marketplace.foundation import clock
from marketplace.foundation.db import Tx, insert
from marketplace.foundation.errors import DomainError
from security.log import audit
from security.oidc import Logout, LogoutReplayed
from security.principal import Context

ACT = "logout.take"


def take(tx: Tx, agency_id: UUID, logout: Logout, *, context: Context) -> int:
    """End what a provider signed out. Returns how many sessions that were. Raises LogoutReplayed.

    The token's id is noted beside the deletions, so of two that arrive together one finds it there.
    """
    row = insert(tx, LogoutToken).values(issuer=logout.issuer, jti=logout.jti, over_at=logout.over_at)
    fresh = row.on_conflict_do_nothing(index_elements=["issuer", "jti"]).returning(LogoutToken.issuer)
    if tx.one_or_none(fresh) is None:
        raise LogoutReplayed
    seen = sign_in.seen_by(tx, agency_id, context)
    ended = sessions.end_vouched(tx, logout.issuer, sid=logout.sid, subject=logout.subject, context=seen)
    target = audit.Target("agency", agency_id, agency_id)
    audit.record(tx, ACT, target, actor=None, context=seen, detail={"ended": ended})
    return ended


def refuse(tx: Tx, agency_id: UUID, error: DomainError, *, context: Context, flood: bool = False) -> None:
    """Put on the record that a notice of signing out was not accepted; `flood`: from here on they are not noted."""
    reasons = [reason.code for reason in error.facts.get("reasons") or ()]
    audit.record(
        tx,
        ACT,
        audit.Target("agency", agency_id, agency_id),
        actor=None,
        context=sign_in.seen_by(tx, agency_id, context),
        outcome=audit.REFUSED if reasons else audit.FAILED,
        detail={"error": type(error).__name__, "reasons": reasons, "flood": flood},
    )


def forget_over(tx: Tx) -> int:
    """Delete ids of logout tokens that would be refused by their age now."""
    return tx.execute(delete(LogoutToken).where(LogoutToken.over_at < clock.now(tx))).rowcount
