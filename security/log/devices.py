"""Which browsers and devices the record has seen somebody use. Forgotten with the entries that tell of them."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import exists, or_, select

from marketplace.foundation.db import Tx
from security.log.models import AuditEntry, AuditPending


def is_new(db: Tx, subject_id: UUID, device_id: str | None) -> bool:
    """Whether nothing on the record was done by this person on this device; one that cannot be told is new."""
    if device_id is None:
        return True
    seen = [
        exists().where(table.subject_id == subject_id, table.device_id == device_id)
        for table in (AuditPending, AuditEntry)
    ]
    return not db.scalar(select(or_(*seen)))
