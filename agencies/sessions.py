"""Server-side sessions: a random token in the cookie, its digest in our table, idle and absolute limits.

A session keeps its public reference for life; its token is new after every sign-in, step-up and change of hat. It
knows who vouched, so that a logout from there finds it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, bindparam, delete, insert, or_, select, update

from agencies import people, session_seal
from agencies.errors import NoSuchSession, NotSignedIn
from agencies.models import Agency, IdentityProvider, Membership, WebSession
from agencies.zones import zone_of
from marketplace.foundation import clock
from marketplace.foundation.db import Moment, Query, Tx
from marketplace.foundation.ids import digest, new_id, new_token
from security.log import audit
from security.oidc import Vouched
from security.principal import Context, Device, Factor, Principal, Zone

IDLE = timedelta(hours=2)
ABSOLUTE = timedelta(hours=12)
TOUCH_EVERY = timedelta(minutes=5)
ID_TOKEN = "id token of"  # noqa: S105 - the purpose of a seal, no secret


@dataclass(frozen=True, slots=True)
class Acting:
    """Who acts in a session, in which circumstances, and whether its idle limit should be moved."""

    principal: Principal
    context: Context
    needs_touch: bool = False


@dataclass(frozen=True, slots=True)
class Begun:
    """A session that has begun or was rotated: the token for the cookie (stored nowhere), and what may be shown."""

    token: str
    reference: str


@dataclass(frozen=True, slots=True)
class Voucher:
    """Who vouched for a session: the identity, and the ID token for signing out there."""

    issuer: str | None
    subject: str | None
    id_token: str | None


def begin(
    tx: Tx,
    membership_id: UUID,
    vouched: Vouched,
    *,
    device_name: str | None = None,
    device_id: str | None = None,
    zone: Zone | None = None,
) -> Begun:
    """Begin a session of somebody whom their provider vouched for."""
    token, reference, now = new_token(), new_id().hex, clock.now(tx)
    tx.execute(
        insert(WebSession),
        {
            "token": digest(token),
            "reference": reference,
            "membership_id": membership_id,
            "began_at": now,
            "idle_until": now + IDLE,
            "absolute_until": now + ABSOLUTE,
            "device_name": device_name,
            "device_id": device_id,
            "zone": zone,
            **_evidence(token, reference, vouched),
        },
    )
    return Begun(token, reference)


@cache
def _acting_by_token() -> Query:
    # Built once: every request of a browser reads it, and building it took as long as running it.
    now = bindparam("now", type_=Moment)
    return (
        people.acting(now)
        .join(WebSession, WebSession.membership_id == Membership.id)
        .outerjoin(IdentityProvider, IdentityProvider.issuer == WebSession.issuer)
        .add_columns(
            WebSession.acr,
            WebSession.auth_time,
            WebSession.reference,
            WebSession.idle_until,
            WebSession.device,
            WebSession.device_id,
            IdentityProvider.step_up_acr,
        )
        .where(WebSession.token == bindparam("token"), _live(now))
    )


def read(db: Tx, token: str, address: str | None) -> Acting | None:
    """Who this cookie belongs to, None where the session is unknown or over."""
    now = clock.now(db)
    row = db.one_or_none(_acting_by_token(), {"now": now, "token": digest(token)})
    if row is None:
        return None
    context = Context(
        "web",
        zone_of(address, row),
        Device(row.device),
        row.acr,
        row.auth_time,
        row.reference,
        address,
        factor_of(row.acr, row.auth_time, row.step_up_acr),
        row.device_id,
    )
    return Acting(people.principal_from(row), context, row.idle_until - now < IDLE - TOUCH_EVERY)


def factor_of(acr: str | None, auth_time: datetime | None, step_up_acr: str | None) -> Factor:
    """How strongly somebody signed in: MULTI where the provider named what it calls a second factor.

    `step_up_acr` may name several values, with spaces between. Nothing known of the sign-in is NONE, the worst case.
    """
    if acr is not None and acr in (step_up_acr or "").split():
        return Factor.MULTI
    return Factor.SINGLE if acr is not None or auth_time is not None else Factor.NONE


def touch(tx: Tx, token: str) -> None:
    """Move the idle limit because the person is here."""
    tx.execute(update(WebSession).where(_is(token)).values(idle_until=clock.now(tx) + IDLE))


def voucher(db: Tx, token: str) -> Voucher:
    """Who vouched for the live session of this token. Raises NotSignedIn."""
    now = clock.now(db)
    row = db.one_or_none(select(WebSession.__table__).where(_is(token), _live(now)))
    if row is None:
        raise NotSignedIn()
    sealed = None if row.id_token is None else bytes(row.id_token)
    opened = sealed and session_seal.unseal(token, f"{ID_TOKEN} {row.reference}", sealed)
    return Voucher(row.issuer, row.subject, opened or None)


def renew(tx: Tx, token: str, vouched: Vouched) -> Begun:
    """Rotate a session that was confirmed by a new sign-in of the same person. Raises NotSignedIn."""
    return _rotate(tx, token, vouched, None)


def change_membership(tx: Tx, token: str, membership_id: UUID) -> Begun:
    """Rotate a session so that it wears another membership of its person. Raises NotSignedIn.

    Whether it may wear it was decided before (`hats.wear`).
    """
    return _rotate(tx, token, None, membership_id)


def _rotate(tx: Tx, token: str, vouched: Vouched | None, membership_id: UUID | None) -> Begun:
    held, fresh = voucher(tx, token), new_token()
    reference: str = tx.scalar(select(WebSession.reference).where(_is(token)))
    if vouched is not None:
        changes = _evidence(fresh, reference, vouched)
    else:
        changes = {"id_token": _sealed(fresh, reference, held.id_token), "membership_id": membership_id}
    moved = {"token": digest(fresh), "idle_until": clock.now(tx) + IDLE}
    # Two at once: the second finds no such token any more.
    if tx.execute(update(WebSession).where(_is(token)).values(**changes, **moved)).rowcount != 1:
        raise NotSignedIn()
    return Begun(fresh, reference)


def _evidence(token: str, reference: str, vouched: Vouched) -> dict[str, Any]:
    return {
        "issuer": vouched.issuer,
        "subject": vouched.subject,
        "issuer_session": vouched.sid,
        "acr": vouched.acr,
        "auth_time": vouched.auth_time,
        "device": Device.MANAGED if vouched.device_managed else Device.UNKNOWN,
        "id_token": _sealed(token, reference, vouched.id_token),
    }


def _sealed(token: str, reference: str, id_token: str | None) -> bytes | None:
    return None if id_token is None else session_seal.seal(token, f"{ID_TOKEN} {reference}", id_token)


def of_person(db: Tx, person_id: UUID) -> Sequence[Any]:
    """The person's live sessions: reference, agency_name, device_name, device, zone, began_at; newest first."""
    return db.all(
        select(
            WebSession.reference,
            WebSession.device_name,
            WebSession.device,
            WebSession.zone,
            WebSession.began_at,
            Agency.name.label("agency_name"),
        )
        .join(Membership, Membership.id == WebSession.membership_id)
        .join(Agency, Agency.id == Membership.agency_id)
        .where(Membership.person_id == person_id, _live(clock.now(db)))
        .order_by(WebSession.began_at.desc(), WebSession.reference)
    )


def count_of(db: Tx, membership_id: UUID) -> int:
    """How many live sessions wear this membership, for its agency's administrator."""
    worn = WebSession.membership_id == membership_id
    return len(db.all(select(WebSession.reference).where(worn, _live(clock.now(db)))))


def end(tx: Tx, token: str, *, actor: Principal, context: Context) -> None:
    """Sign out: the session is gone, whatever the browser keeps."""
    _end_where(tx, _is(token), actor=actor, context=context, by="person")


def end_one(tx: Tx, reference: str, *, actor: Principal, context: Context) -> None:
    """End one of the actor's own sessions. Raises NoSuchSession for any other."""
    own = and_(WebSession.reference == reference, _of(actor.person_id))
    if not _end_where(tx, own, actor=actor, context=context, by="person"):
        raise NoSuchSession()


def end_others(tx: Tx, *, actor: Principal, context: Context) -> int:
    """End every session of the actor but the one they act in. Returns how many."""
    others = and_(_of(actor.person_id), WebSession.reference != context.session)
    return _end_where(tx, others, actor=actor, context=context, by="person")


def end_vouched(
    tx: Tx, issuer: str, *, sid: str | None = None, subject: str | None = None, context: Context
) -> int:
    """End what a provider no longer vouches for: its session `sid`, or everything of `subject`. Returns how many.

    Where both are named both must fit. Raises ValueError where neither is.
    """
    if sid is None and subject is None:
        raise ValueError("a logout names a session or a subject")
    named = [WebSession.issuer == issuer]
    if sid is not None:
        named.append(WebSession.issuer_session == sid)
    if subject is not None:
        named.append(WebSession.subject == subject)
    return _end_where(tx, and_(*named), actor=None, context=context, by="provider")


def end_of_issuer(tx: Tx, issuer: str, *, actor: Principal | None, context: Context) -> int:
    """End every session that a provider vouched for, because it is not trusted any more. Returns how many."""
    return _end_where(tx, WebSession.issuer == issuer, actor=actor, context=context, by="agency")


def end_of_membership(tx: Tx, membership_id: UUID, *, actor: Principal | None, context: Context) -> int:
    """End every session of a membership, and of secondments that it vouches for. Returns how many."""
    lent = select(Membership.id).where(Membership.home_id == membership_id)
    worn = or_(WebSession.membership_id == membership_id, WebSession.membership_id.in_(lent))
    return _end_where(tx, worn, actor=actor, context=context, by="agency")


def forget_ended(tx: Tx) -> int:
    """Delete sessions that are over by themselves."""
    now = clock.now(tx)
    over = (WebSession.absolute_until < now) | (WebSession.idle_until < now)
    return tx.execute(delete(WebSession).where(over)).rowcount


def _end_where(
    tx: Tx, chosen: ColumnElement[bool], *, actor: Principal | None, context: Context, by: str
) -> int:
    """Delete sessions, each with an entry on the record that says whose decision it was."""
    gone = tx.all(delete(WebSession).where(chosen).returning(WebSession.reference, WebSession.membership_id))
    for row in gone:
        agency = tx.scalar(select(Membership.agency_id).where(Membership.id == row.membership_id))
        target = audit.Target("session", row.reference, agency)
        audit.record(tx, "session.end", target, actor=actor, context=context, detail={"by": by})
    return len(gone)


def _of(person_id: UUID) -> ColumnElement[bool]:
    mine = select(Membership.id).where(Membership.person_id == person_id)
    return WebSession.membership_id.in_(mine)


def _is(token: str) -> ColumnElement[bool]:
    return WebSession.token == digest(token)


def _live(now: Any) -> ColumnElement[bool]:
    return and_(WebSession.idle_until > now, WebSession.absolute_until > now)
