"""How an agency watches the keys of its people: what was set up and what ended, without saying whose it is.

A person is spoken of as the record's own entry of their enrolment speaks of them: `holder` is the commitment by which
acts that chose them by name do, and not the pseudonym of what they do themselves. Whoever has the logs of the agency's
provider finds there the sign-in that vouched: by its `nonce`. One without such a sign-in is not your agency's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select

from agencies.device_keys.reading import is_device_live
from agencies.device_models import DeviceKey
from agencies.models import Person
from marketplace.foundation import clock
from marketplace.foundation.db import Tx
from security import key_transparency
from security.key_transparency import ACT
from security.log import audit, entries
from security.log.models import AuditEntry, AuditHead, LogSubject
from security.principal import Context, Principal
from security.sealing import thumbprints

ENROLLED, REVOKED = "enrolled", "revoked"
_ACTS = {ACT: ENROLLED, "device_key.revoke": REVOKED}
READING = "device_key.list"
MOST = 500


@dataclass(frozen=True, slots=True)
class Seen:
    """A device key as its agency sees it. `entry` is the number of the enrolment on the record, once it has one.

    `issuer_key` is the thumbprint (RFC 7638) of the key by which the agency's provider signed, None where what was
    written down is no key: then nothing vouches for this device.
    """

    thumbprint: str
    kind: str
    holder: str | None
    nonce: str
    issuer_key: str | None
    enrolled_at: datetime
    revoked_at: datetime | None
    live: bool
    entry: int | None


@dataclass(frozen=True, slots=True)
class Happened:
    """A device key was set up or ended: the entry's number, what happened and when, and the key as it is now."""

    number: int
    event: str
    at: datetime
    device: Seen


def of_agency(tx: Tx, *, actor: Principal, context: Context) -> list[Seen]:
    """Every device key that the actor's agency vouched for, live ones first, newest first; the reading is on record."""
    _read(tx, actor, context)
    return _seen(tx, DeviceKey.agency_id == actor.agency_id)


def since(
    tx: Tx, number: int, *, limit: int = MOST, actor: Principal, context: Context
) -> tuple[list[Happened], int]:
    """What happened to device keys of the actor's agency from this number of the record on, and where to go on.

    At most as far back as the record is kept. The reading is on the record, unless there was nothing to read: else
    watching would make the record grow by itself.
    """
    size = int(tx.scalar(select(AuditHead.size).where(AuditHead.id == 1)))
    rows = tx.all(
        select(AuditEntry.number, AuditEntry.at, AuditEntry.act, AuditEntry.object_id, AuditEntry.detail)
        .where(
            AuditEntry.act.in_(list(_ACTS)),
            AuditEntry.object_agency_id == actor.agency_id,
            AuditEntry.number >= number,
            AuditEntry.number < size,
        )
        .order_by(AuditEntry.number)
        .limit(limit)
    )
    if rows:
        _read(tx, actor, context)
    found = _by_entry(tx, rows)
    happened = [
        Happened(row.number, _ACTS[row.act], row.at, found[row.number]) for row in rows if row.number in found
    ]
    return happened, rows[-1].number + 1 if len(rows) == limit else max(size, number)


def _read(tx: Tx, actor: Principal, context: Context) -> None:
    target = audit.Target("agency", actor.agency_id, actor.agency_id)
    audit.record(tx, READING, target, actor=actor, context=context)


def _by_entry(db: Tx, rows: Sequence[Any]) -> Mapping[int, Seen]:
    """The device key of each entry. One whose person was erased has left nothing to tell."""
    names = {row.number: _thumbprint(row) for row in rows if row.act == ACT}
    ids = {row.number: UUID(row.object_id) for row in rows if row.act != ACT}
    wanted = or_(DeviceKey.thumbprint.in_(set(names.values())), DeviceKey.id.in_(set(ids.values())))
    thumbprints_of = {
        row.id: row.thumbprint for row in db.all(select(DeviceKey.id, DeviceKey.thumbprint).where(wanted))
    }
    seen = {each.thumbprint: each for each in _seen(db, wanted)}
    by_id = {number: thumbprints_of.get(device_id, "") for number, device_id in ids.items()}
    return {number: seen[name] for number, name in (names | by_id).items() if name in seen}


def _seen(db: Tx, wanted: Any) -> list[Seen]:
    rows = db.all(
        select(
            DeviceKey.__table__,
            is_device_live(clock.at(db)).label("live"),
            Person.subject_id,
            LogSubject.salt.label("log_salt"),
        )
        .join(Person, Person.id == DeviceKey.person_id)
        .join(LogSubject, LogSubject.id == Person.subject_id)
        .where(wanted, DeviceKey.salt != "")
        .order_by(DeviceKey.revoked_at.is_not(None), DeviceKey.enrolled_at.desc(), DeviceKey.id)
    )  # fmt: skip
    numbers = _numbers(db, {str(row.subject_id) for row in rows})
    return [_from(row, numbers) for row in rows]


def _from(row: Any, numbers: Mapping[str, int]) -> Seen:
    return Seen(
        thumbprint=row.thumbprint,
        kind=row.kind,
        holder=None if row.log_salt is None else entries.named(row.log_salt, row.subject_id),
        nonce=thumbprints.enrolment_nonce(row.thumbprint, row.salt),
        issuer_key=key_transparency.key_thumbprint(row.issuer_key),
        enrolled_at=row.enrolled_at,
        revoked_at=row.revoked_at,
        live=row.live,
        entry=numbers.get(row.thumbprint),
    )


def _numbers(db: Tx, subjects: set[str]) -> dict[str, int]:
    """The numbers of the enrolments of these people, by thumbprint."""
    rows = db.all(
        select(AuditEntry.number, AuditEntry.detail).where(
            AuditEntry.object_id.in_(subjects), AuditEntry.object_kind == "person", AuditEntry.act == ACT
        )
    )
    return {_thumbprint(row): row.number for row in rows}


def _thumbprint(entry: Any) -> str:
    return str((entry.detail or {}).get("thumbprint", ""))
