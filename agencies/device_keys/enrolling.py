"""Setting up a device: kept while its person signs in afresh, and then vouched for by the token that came of it.

The agency's provider is asked with a nonce that is the hash of the device's thumbprint and a salt. So the token that it
signs speaks of this key and no other, whatever the marketplace says later.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, exists, select
from sqlalchemy import insert as plain_insert

from agencies import memberships, notices, people
from agencies.device_keys.errors import (
    CannotVouch,
    DeviceKeyKnown,
    EnrolmentOver,
    NoPlaceLeft,
    TokenNamesPerson,
)
from agencies.device_keys.offering import Offered
from agencies.device_models import DeviceEnrolment, DeviceKey
from agencies.errors import NotAMember
from agencies.memberships import is_live
from agencies.models import Membership
from marketplace.foundation import clock
from marketplace.foundation.db import Tx, insert
from marketplace.foundation.ids import new_id
from security import key_transparency
from security.key_transparency import EvidenceRefused, TokenSignatureWrong
from security.log import audit
from security.principal import Context, Principal

PLACES = 5
"""How many devices a person has at a time; the table has a constraint for it."""
TIME_TO_ENROL = timedelta(minutes=15)
NAMING = frozenset(
    {
        "name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "unique_name", "upn",
        "profile", "picture", "website", "email", "gender", "birthdate", "phone_number", "address",
    }
)  # fmt: skip
"""Claims that say who somebody is (OpenID Connect Core, section 5.1, and two that directories add)."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What a provider signed in the sign-in that sets up a device, and the key (JWK) it signed it with.

    `agency_id` is the provider's agency; `nonce` what it was asked with. The token was judged as every ID token is.
    """

    agency_id: UUID
    issuer: str
    client_id: str
    nonce: str = field(repr=False)
    id_token: str = field(repr=False)
    issuer_key: Mapping[str, Any]
    claim_names: frozenset[str] = frozenset()
    """Under which further claims this provider sends a name or an address."""


def begin(tx: Tx, offered: Offered, *, actor: Principal, session: str) -> UUID:
    """Keep what a device offers while its person signs in, bound to the session that began it. Returns its id.

    Raises NoPlaceLeft, DeviceKeyKnown: better now than after a sign-in.
    """
    people.still_member(tx, actor)
    _free_place(tx, actor.person_id)
    _check_unknown(tx, offered.thumbprint)
    enrolment_id = new_id()
    tx.execute(
        plain_insert(DeviceEnrolment),
        {
            "id": enrolment_id,
            "person_id": actor.person_id,
            "session": session,
            "kind": offered.kind,
            "name": offered.name,
            "encryption_key": dict(offered.encryption),
            "signing_key": dict(offered.signing),
            "salt": offered.salt,
            "over_at": clock.now(tx) + TIME_TO_ENROL,
        },
    )
    return enrolment_id


def complete(tx: Tx, enrolment_id: UUID | None, proof: Proof, *, actor: Principal, context: Context) -> UUID:
    """The sign-in came back: the device is set up, on the record, and its person is told. Returns the device's id.

    The caller has seen that the very identity signed in that vouched for the session (`sign_in.renew`). What the
    record says of it names the person as one whom somebody chose, without session and without the pseudonym of what
    they do: whoever is shown this entry beside the token, to check it, learns nothing about anything else.

    Raises EnrolmentOver, NoLongerAMember, NotAMember, CannotVouch, TokenNamesPerson, NoPlaceLeft, DeviceKeyKnown.
    """
    offered = _taken(tx, enrolment_id, actor, context)
    memberships.hold_person(tx, actor.person_id)
    people.still_member(tx, actor)
    _check_member(tx, actor.person_id, proof.agency_id)
    _check_proof(offered, proof)
    place = _free_place(tx, actor.person_id)
    device_id = _write(tx, offered, proof, actor, place)
    audit.record(
        tx,
        key_transparency.ACT,
        audit.Target("person", actor.subject_id, proof.agency_id),
        actor=None,
        context=context.apart(),
        detail={"thumbprint": offered.thumbprint, "token": key_transparency.token_digest(proof.id_token)},
    )
    notices.post(tx, actor.person_id, "device_key.enrolled", path="/device-keys", device=offered.name)
    return device_id


def forget_over(tx: Tx) -> int:
    """Delete what nobody came back for."""
    return tx.execute(delete(DeviceEnrolment).where(DeviceEnrolment.over_at <= clock.now(tx))).rowcount


def _taken(tx: Tx, enrolment_id: UUID | None, actor: Principal, context: Context) -> Offered:
    """What was kept under this id: it works once, for its person, in the session that it was begun in."""
    columns = DeviceEnrolment.__table__.c
    row = tx.one_or_none(
        delete(DeviceEnrolment)
        .where(
            columns.id == enrolment_id,
            columns.person_id == actor.person_id,
            columns.session == (context.session or ""),
            columns.over_at > clock.now(tx),
        )
        .returning(*columns)
    )
    if row is None:
        raise EnrolmentOver()
    return Offered(row.kind, row.name, row.encryption_key, row.signing_key, row.salt)


def _check_member(tx: Tx, person_id: UUID, agency_id: UUID) -> None:
    """The agency whose provider vouches must still have the person: with that membership the key ends."""
    mine = (Membership.person_id == person_id, Membership.agency_id == agency_id, is_live(clock.at(tx)))
    if not tx.scalar(select(exists().where(*mine))):
        raise NotAMember()


def _check_proof(offered: Offered, proof: Proof) -> None:
    """A key that nobody could verify is not written down as verified."""
    if proof.nonce != offered.nonce:
        raise EnrolmentOver()
    try:
        claims = key_transparency.confirmed(
            proof.id_token, proof.issuer_key, proof.issuer, proof.client_id, offered.nonce
        )
    except TokenSignatureWrong:
        raise CannotVouch() from None
    except EvidenceRefused:
        raise EnrolmentOver() from None
    naming = sorted((NAMING | proof.claim_names) & claims.keys())
    if naming:
        raise TokenNamesPerson(claims=naming)


def _free_place(tx: Tx, person_id: UUID) -> int:
    taken = tx.all(
        select(DeviceKey.place).where(DeviceKey.person_id == person_id, DeviceKey.revoked_at.is_(None))
    )
    free = sorted(set(range(1, PLACES + 1)) - {row.place for row in taken})
    if not free:
        raise NoPlaceLeft()
    return free[0]


def _check_unknown(tx: Tx, thumbprint: str) -> None:
    if tx.scalar(select(exists().where(DeviceKey.thumbprint == thumbprint))):
        raise DeviceKeyKnown()


def _write(tx: Tx, offered: Offered, proof: Proof, actor: Principal, place: int) -> UUID:
    row = insert(tx, DeviceKey).values(
        id=new_id(),
        person_id=actor.person_id,
        agency_id=proof.agency_id,
        kind=offered.kind,
        name=offered.name,
        thumbprint=offered.thumbprint,
        encryption_key=dict(offered.encryption),
        signing_key=dict(offered.signing),
        salt=offered.salt,
        issuer=proof.issuer,
        client_id=proof.client_id,
        id_token=proof.id_token.encode("ascii"),
        issuer_key=dict(proof.issuer_key),
        place=place,
        enrolled_at=clock.now(tx),
    )
    made = tx.scalar(row.on_conflict_do_nothing(index_elements=["thumbprint"]).returning(DeviceKey.id))
    if made is None:
        raise DeviceKeyKnown()
    return UUID(str(made))
