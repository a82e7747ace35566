"""SCIM credentials: made and ended by an agency's administrator, shown once, good for that agency alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import case, insert, select, update

from agencies import people
from agencies.errors import NoSuchProvider
from agencies.models import Agency, IdentityProvider, Person
from agencies.scim.errors import BadCredential, CredentialRefused, NoSuchCredential, TooManyCalls
from agencies.scim.models import ScimCredential
from agencies.zones import zone_of
from marketplace.foundation import clock
from marketplace.foundation.db import Tx
from marketplace.foundation.ids import digest, new_id, new_token
from marketplace.foundation.input import clean
from security.log import audit
from security.principal import Context, Principal, Role

PREFIX = "mks_"
"""So that secret scanners recognise a credential that was pasted somewhere."""
CALLS_PER_MINUTE = 1200
LONGEST_DAYS, LONGEST_NAME = 365, 100


@dataclass(frozen=True, slots=True)
class Provisioner:
    """The program behind a credential: the agency whose people it may touch, and who vouches for them."""

    credential_id: UUID
    agency_id: UUID
    agency_slug: str
    issuer: str
    context: Context


def make(tx: Tx, *, name: str, days: int, actor: Principal, context: Context) -> tuple[UUID, str]:
    """Make a credential for the actor's agency, over after `days`. Returns (its id, the token, told this once).

    Raises BadCredential, and NoSuchProvider where the agency has no sign-in yet: a user is somebody whom its
    provider vouches for.
    """
    people.still_holds(tx, actor, Role.AGENCY_ADMIN)
    name = clean(" ".join(name.split()), at="name")
    if not 1 <= len(name) <= LONGEST_NAME or not 1 <= days <= LONGEST_DAYS:
        raise BadCredential()
    if _issuer(tx, actor.agency_id) is None:
        raise NoSuchProvider()
    credential_id, token, now = new_id(), new_token(PREFIX), clock.now(tx)
    tx.execute(
        insert(ScimCredential),
        {
            "id": credential_id,
            "token": digest(token),
            "agency_id": actor.agency_id,
            "name": name,
            "made_by": actor.person_id,
            "made_at": now,
            "over_at": now + timedelta(days=days),
        },
    )
    audit.record(
        tx, "scim_credential.make", _target(credential_id, actor.agency_id), actor=actor, context=context,
        detail={"days": days},
    )  # fmt: skip
    return credential_id, token


def listing(db: Tx, agency_id: UUID) -> Sequence[Any]:
    """The credentials of an agency that have not ended: id, name, made_by (a name), made_at, over_at, used_on."""
    return db.all(
        select(
            ScimCredential.id,
            ScimCredential.name,
            Person.name.label("made_by"),
            ScimCredential.made_at,
            ScimCredential.over_at,
            ScimCredential.used_on,
            (ScimCredential.over_at <= clock.at(db)).label("over"),
        )
        .join(Person, Person.id == ScimCredential.made_by)
        .where(ScimCredential.agency_id == agency_id, ScimCredential.ended_at.is_(None))
        .order_by(ScimCredential.made_at.desc(), ScimCredential.id)
    )


def end(tx: Tx, credential_id: UUID, *, actor: Principal, context: Context) -> None:
    """End a credential of the actor's agency at once. Raises NoSuchCredential."""
    people.still_holds(tx, actor, Role.AGENCY_ADMIN)
    ended = tx.execute(
        update(ScimCredential)
        .where(
            ScimCredential.id == credential_id,
            ScimCredential.agency_id == actor.agency_id,
            ScimCredential.ended_at.is_(None),
        )
        .values(ended_at=clock.at(tx))
    )
    if not ended.rowcount:
        raise NoSuchCredential()
    audit.record(
        tx,
        "scim_credential.end",
        _target(credential_id, actor.agency_id),
        actor=actor,
        context=context,
    )


def enter(tx: Tx, token: str, address: str | None) -> Provisioner:
    """Who speaks; counts the call, whatever becomes of it. Raises CredentialRefused, TooManyCalls."""
    if not _counted(tx, token):
        raise TooManyCalls() if _is_good(tx, token) else CredentialRefused()
    row = tx.one_or_none(
        select(
            ScimCredential.id,
            Agency.id.label("agency_id"),
            Agency.slug,
            Agency.office_networks,
            Agency.vpn_networks,
            Agency.home_networks,
            IdentityProvider.issuer,
        )
        .join(Agency, Agency.id == ScimCredential.agency_id)
        .join(IdentityProvider, IdentityProvider.agency_id == Agency.id)
        .where(ScimCredential.token == digest(token))
    )
    if row is None:
        raise CredentialRefused()
    context = Context("scim", zone_of(address, row), session=row.id.hex, address=address)
    return Provisioner(row.id, row.agency_id, row.slug, row.issuer, context)


def _counted(tx: Tx, token: str) -> bool:
    """Count one more call of a good credential, unless its minute is full: one statement, so that none slips by.

    A call that began before the minute turned counts in the new one, if another already counts there.
    """
    now = clock.now(tx)
    minute = int(now.timestamp() // 60)
    same = ScimCredential.minute.in_((minute, minute + 1))
    counted = tx.execute(
        update(ScimCredential)
        .where(*_good(tx, token), (~same) | (ScimCredential.calls < CALLS_PER_MINUTE))
        .values(
            calls=case((same, ScimCredential.calls + 1), else_=1),
            minute=case((same, ScimCredential.minute), else_=minute),
            used_on=now.date(),
        )
    )
    return bool(counted.rowcount)


def _is_good(tx: Tx, token: str) -> bool:
    return tx.scalar(select(ScimCredential.id).where(*_good(tx, token))) is not None


def _good(tx: Tx, token: str) -> tuple[Any, ...]:
    return (
        ScimCredential.token == digest(token),
        ScimCredential.ended_at.is_(None),
        ScimCredential.over_at > clock.at(tx),
    )


def _issuer(db: Tx, agency_id: UUID) -> str | None:
    found: str | None = db.scalar(
        select(IdentityProvider.issuer).where(IdentityProvider.agency_id == agency_id)
    )
    return found


def _target(credential_id: UUID, agency_id: UUID) -> audit.Target:
    return audit.Target("scim_credential", credential_id, agency_id)
