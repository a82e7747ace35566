"""Giving devices other names, and taking them out of use: by their person, an officer, an administrator, or by leaving.

A device key that was revoked never comes back: its thumbprint stays taken. What was sealed to it is not sealed anew;
asked for by this device it is not given out any more, because whoever asks has to bring a live one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, select, update

from agencies import authority, notices, people
from agencies.device_keys.errors import NoSuchDeviceKey
from agencies.device_keys.offering import device_name
from agencies.device_models import DeviceEnrolment, DeviceKey
from marketplace.foundation import clock
from marketplace.foundation.db import Tx
from marketplace.foundation.ids import new_id
from security.log import audit
from security.permissions import Permission
from security.principal import Context, Principal, Role

PERSON, OFFICER, AGENCY = "person", "officer", "agency"
"""Whose decision it was."""


def rename(tx: Tx, device_id: UUID, name: str, *, actor: Principal, context: Context) -> None:
    """Give one of one's own devices another name. Raises NoSuchDeviceKey, BadDeviceName."""
    people.still_member(tx, actor)
    row = tx.one_or_none(
        update(DeviceKey)
        .where(_own(device_id, actor))
        .values(name=device_name(name))
        .returning(DeviceKey.agency_id)
    )
    if row is None:
        raise NoSuchDeviceKey()
    target = audit.Target("device_key", device_id, row.agency_id)
    audit.record(tx, "device_key.rename", target, actor=actor, context=context)


def revoke(tx: Tx, device_id: UUID, *, actor: Principal, context: Context) -> None:
    """Take one of one's own devices out of use, from any browser. Raises NoSuchDeviceKey for any other."""
    people.still_member(tx, actor)
    if not _end(tx, _own(device_id, actor), by=PERSON, actor=actor, context=context):
        raise NoSuchDeviceKey()


def revoke_seen(tx: Tx, thumbprint: str, *, actor: Principal, context: Context) -> None:
    """An officer takes a device out of use that they know by its thumbprint. Raises NotPermitted, NoSuchDeviceKey."""
    people.still_may(tx, actor, Permission.OVERSEE)
    seen = (DeviceKey.thumbprint == thumbprint) & (DeviceKey.agency_id == actor.agency_id)
    if not _end(tx, seen & DeviceKey.revoked_at.is_(None), by=OFFICER, actor=actor, context=context):
        raise NoSuchDeviceKey()


def revoke_of_person(tx: Tx, membership_id: UUID, *, actor: Principal, context: Context) -> int:
    """An administrator takes every device out of use that the agency vouched for, of a person chosen by name.

    Which ones those were they are not told. Returns how many. Raises NotPermitted, NoSuchPerson, OwnAffair.
    """
    who = authority.over(tx, membership_id, Role.AGENCY_ADMIN, actor)
    chosen = _vouched_for(who.person_id, who.agency_id)
    audit.record(tx, "device_key.revoke_all", who.target, actor=actor, context=context)
    return _end(tx, chosen, by=AGENCY, actor=actor, context=context)


def end_of_membership(
    tx: Tx, person_id: UUID, agency_id: UUID, *, actor: Principal | None, context: Context
) -> int:
    """The agency no longer vouches for the person, nor for their devices. Returns how many there were."""
    tx.execute(delete(DeviceEnrolment).where(DeviceEnrolment.person_id == person_id))
    return _end(tx, _vouched_for(person_id, agency_id), by=AGENCY, actor=actor, context=context, tells=False)


def forget(tx: Tx, person_id: UUID) -> list[str]:
    """Nothing is left here that ties a person to the entries of their devices. Their devices have been revoked before.

    The rows stay, empty, because what was asked for by these devices refers to them. Returns the thumbprints that the
    devices had, for what they signed.
    """
    devices: list[str] = []
    tx.execute(delete(DeviceEnrolment).where(DeviceEnrolment.person_id == person_id))
    for row in tx.all(select(DeviceKey.id, DeviceKey.thumbprint).where(DeviceKey.person_id == person_id)):
        devices.append(row.thumbprint)
        nothing: dict[str, Any] = {
            "name": "", "thumbprint": f"erased-{new_id().hex}", "encryption_key": {}, "signing_key": {}, "salt": "",
            "issuer": "", "client_id": "", "id_token": b"", "issuer_key": {},
            "entry_number": None, "entry_body": None,
        }  # fmt: skip
        tx.execute(update(DeviceKey).where(DeviceKey.id == row.id).values(nothing))
    return devices


def _end(
    tx: Tx,
    chosen: ColumnElement[bool],
    *,
    by: str,
    actor: Principal | None,
    context: Context,
    tells: bool = True,
) -> int:
    """Revoke, each with an entry on the record that says whose decision it was, and tell whose devices they were."""
    # Where nobody signed in has decided, the clock did, or the agency's own system: the row then names its own person.
    by_whom = DeviceKey.person_id if actor is None else actor.person_id
    gone: Sequence[Any] = tx.all(
        update(DeviceKey)
        .where(chosen)
        .values(revoked_at=clock.now(tx), revoked_by=by_whom)
        .returning(DeviceKey.id, DeviceKey.person_id, DeviceKey.agency_id, DeviceKey.name)
    )
    for row in gone:
        target = audit.Target("device_key", row.id, row.agency_id)
        audit.record(tx, "device_key.revoke", target, actor=actor, context=context, detail={"by": by})
        if tells:
            notices.post(tx, row.person_id, "device_key.revoked", path="/device-keys", device=row.name)
    return len(gone)


def _own(device_id: UUID, actor: Principal) -> ColumnElement[bool]:
    mine = (DeviceKey.id == device_id) & (DeviceKey.person_id == actor.person_id)
    return mine & DeviceKey.revoked_at.is_(None)


def _vouched_for(person_id: UUID, agency_id: UUID) -> ColumnElement[bool]:
    theirs = (DeviceKey.person_id == person_id) & (DeviceKey.agency_id == agency_id)
    return theirs & DeviceKey.revoked_at.is_(None)
