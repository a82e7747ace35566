"""Server-side sessions: a random token in the cookie, its digest in our table, idle and absolute limits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, insert, update

from agencies import people
from agencies.models import Membership, WebSession
from agencies.zones import zone_of
from marketplace.foundation import clock
from marketplace.foundation.db import Tx
from marketplace.foundation.ids import digest, new_id, new_token
from security.log import audit
from security.principal import Context, Principal

IDLE = timedelta(hours=2)
ABSOLUTE = timedelta(hours=12)
TOUCH_EVERY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Acting:
    """Who acts in a session, in which circumstances, and whether its idle limit should be moved."""

    principal: Principal
    context: Context
    needs_touch: bool = False


def begin(
    tx: Tx, membership_id: UUID, *, acr: str | None, auth_time: datetime | None, issuer_session: str | None
) -> tuple[str, str]:
    """Begin a session. Returns (the token for the cookie, the public reference); the token is not stored."""
    token, reference, now = new_token(), new_id().hex, clock.now(tx)
    tx.execute(
        insert(WebSession),
        {
            "token": digest(token),
            "reference": reference,
            "membership_id": membership_id,
            "acr": acr,
            "auth_time": auth_time,
            "issuer_session": issuer_session,
            "began_at": now,
            "idle_until": now + IDLE,
            "absolute_until": now + ABSOLUTE,
        },
    )
    return token, reference


def read(db: Tx, token: str, address: str | None) -> Acting | None:
    """Who this cookie belongs to, None where the session is unknown or over."""
    now = clock.now(db)
    row = db.one_or_none(
        people.acting(now)
        .join(WebSession, WebSession.membership_id == Membership.id)
        .add_columns(WebSession.acr, WebSession.auth_time, WebSession.reference, WebSession.idle_until)
        .where(
            WebSession.token == digest(token), WebSession.idle_until > now, WebSession.absolute_until > now
        )
    )
    if row is None:
        return None
    zone = zone_of(address, row)
    context = Context("web", zone, "unknown", row.acr, row.auth_time, row.reference, address)
    return Acting(people.principal_from(row), context, row.idle_until - now < IDLE - TOUCH_EVERY)


def touch(tx: Tx, token: str) -> None:
    """Move the idle limit because the person is here."""
    later = clock.now(tx) + IDLE
    tx.execute(update(WebSession).where(WebSession.token == digest(token)).values(idle_until=later))


def end(tx: Tx, token: str, *, actor: Principal, context: Context) -> None:
    """Sign out: the session is gone, whatever the browser keeps."""
    gone = tx.execute(delete(WebSession).where(WebSession.token == digest(token)))
    if gone.rowcount:
        audit.record(
            tx, "session.end", audit.Target("session", context.session), actor=actor, context=context
        )


def forget_ended(tx: Tx) -> int:
    """Delete sessions that are over by themselves."""
    now = clock.now(tx)
    over = (WebSession.absolute_until < now) | (WebSession.idle_until < now)
    return tx.execute(delete(WebSession).where(over)).rowcount
