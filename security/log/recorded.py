"""Whether an act is on the record already, for what may be killed between doing something and putting it there."""

from __future__ import annotations

from sqlalchemy import exists, or_, select

from marketplace.foundation.db import Tx
from security.log.models import AuditEntry, AuditPending


def has(db: Tx, act: str, object_id: str) -> bool:
    """Whether the record has this act on this object, numbered or not yet; what expired it has no more."""
    found = [
        exists().where(table.act == act, table.object_id == object_id) for table in (AuditPending, AuditEntry)
    ]
    return bool(db.scalar(select(or_(*found))))
