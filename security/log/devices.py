"""Which browsers and devices the record has seen somebody use. Forgotten with the entries that tell of them."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import exists, or_, select

from marketplace.foundation.db import Tx
from security.log.models import AuditEntry, AuditPending


def is_new(db: Tx, subject_id: UUID, device_id: str | None) -> bool:
    """Whether this person's devices are known to the record, and this one is none of them.

    Whoever signs in for the first time, or for the first time since devices are told apart, has none to compare with:
    theirs is not new. One that cannot be told (None) is new to whoever has a known one.
    """
    if not _seen(db, subject_id, None):
        return False
    return device_id is None or not _seen(db, subject_id, device_id)


def _seen(db: Tx, subject_id: UUID, device_id: str | None) -> bool:
    """Whether they did anything on this device; without one, on any that can be told."""
    found = [
        exists().where(
            table.subject_id == subject_id,
            table.device_id.is_not(None) if device_id is None else table.device_id == device_id,
        )
        for table in (AuditPending, AuditEntry)
    ]
    return bool(db.scalar(select(or_(*found))))
