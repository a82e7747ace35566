"""Keeping the entry by which each device was set up, since the record's own copy expires (MARKET_RECORD_MONTHS).

The tree over the record stays, so the number and the body of that one entry are enough: from them and the newest
checkpoint that witnesses cosigned the proof is made anew whenever it is asked for (`evidence`).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from agencies.device_models import DeviceKey
from agencies.models import Person
from marketplace.foundation import clock
from marketplace.foundation.db import Tx
from security.key_transparency import ACT
from security.log.models import AuditEntry

AT_ONCE = 500
PATIENCE = timedelta(days=1)
"""An act has its number within a second. A device without an entry after this long never had one, or it expired."""


def keep_entries(tx: Tx, limit: int = AT_ONCE) -> int:
    """Keep the entries of devices that were set up lately. Returns how many there were."""
    chosen = select(DeviceKey.id, DeviceKey.thumbprint, Person.subject_id)
    chosen = chosen.join(Person, Person.id == DeviceKey.person_id)
    missing = (DeviceKey.entry_number.is_(None), DeviceKey.salt != "")  # no salt: its person was erased
    kept = 0
    for row in tx.all(
        chosen.where(*missing).order_by(DeviceKey.enrolled_at.desc(), DeviceKey.id).limit(limit)
    ):
        entry = on_record(tx, row.subject_id, row.thumbprint)
        if entry is not None:
            said = {"entry_number": entry.number, "entry_body": bytes(entry.body)}
            still = (DeviceKey.id == row.id, DeviceKey.thumbprint == row.thumbprint)
            kept += tx.execute(update(DeviceKey).where(*still).values(said)).rowcount
    return kept


def on_record(db: Tx, subject_id: UUID, thumbprint: str) -> Any | None:
    """Number and body of an enrolment's entry; None before it has a number, and after it has expired."""
    named = AuditEntry.detail["thumbprint"].as_string() == thumbprint
    return db.one_or_none(
        select(AuditEntry.number, AuditEntry.body).where(
            AuditEntry.object_id == str(subject_id), AuditEntry.object_kind == "person", AuditEntry.act == ACT, named
        )
    )  # fmt: skip


def is_beyond_proof(db: Tx, device_key_id: UUID) -> bool:
    """Whether nothing will ever show how a device was set up: its entry is neither kept nor on the record any more."""
    row = db.one_or_none(
        select(DeviceKey.thumbprint, DeviceKey.entry_number, DeviceKey.enrolled_at, Person.subject_id)
        .join(Person, Person.id == DeviceKey.person_id)
        .where(DeviceKey.id == device_key_id)
    )
    if row is None:
        return True
    if row.entry_number is not None or clock.now(db) - row.enrolled_at < PATIENCE:
        return False
    return on_record(db, row.subject_id, row.thumbprint) is None
