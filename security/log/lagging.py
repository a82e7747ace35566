"""Witnesses that fell behind: what no witness has seen could still be rewritten. Told once, until they catch up."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import exists, select

from marketplace.foundation import clock
from marketplace.foundation.db import Tx
from security.log import audit
from security.log.models import AuditCheckpoint, AuditEntry, AuditPending, AuditWitness
from security.principal import JOB

PATIENCE = timedelta(minutes=10)
"""For so long a witness may have seen nothing new although there is something new."""


def tell(tx: Tx) -> None:
    """Put every witness that fell behind on the record, unless that was told since it was last seen."""
    since = clock.now(tx) - PATIENCE
    # The first checkpoint that it missed must be old enough too: after a quiet hour, all of them miss a new one.
    missed = exists().where(AuditCheckpoint.size > AuditWitness.size, AuditCheckpoint.signed_at < since)
    chosen = select(AuditWitness.name, AuditWitness.agency_id, AuditWitness.seen_at, AuditWitness.size)
    for row in tx.all(chosen.where(missed).order_by(AuditWitness.name)):
        name = row.name[:80]
        seen = row.seen_at or _last(tx, "witness.register", name)
        if seen is not None and seen >= since:
            continue
        told = _last(tx, "witness.behind", name)
        if told is None or (seen is not None and told < seen):
            target = audit.Target("witness", name, row.agency_id)
            audit.record(
                tx, "witness.behind", target, actor=None, context=JOB, outcome=audit.FAILED,
                detail={"size": row.size},
            )  # fmt: skip


def _last(tx: Tx, act: str, name: str) -> datetime | None:
    """When that was last written about a witness; None where it was not, or has expired."""
    found = [_newest(tx, table, act, name) for table in (AuditEntry, AuditPending)]
    return max((moment for moment in found if moment is not None), default=None)


def _newest(tx: Tx, table: Any, act: str, name: str) -> datetime | None:
    mine = (table.act == act, table.object_kind == "witness", table.object_id == name)
    found: datetime | None = tx.scalar(select(table.at).where(*mine).order_by(table.at.desc()).limit(1))
    return found
