"""Entries in the order of their numbers, for systems of other organisations that follow the record."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import or_, select

from marketplace.foundation.db import Tx
from security.log import audit
from security.log.filtering import reach
from security.log.models import AuditEntry, AuditHead
from security.principal import Context, Principal

MOST = 1000
"""Entries in one answer."""


def after(
    tx: Tx, number: int, *, limit: int = MOST, actor: Principal, context: Context
) -> tuple[Sequence[tuple[int, bytes]], int]:
    """Up to `limit` entries from `number` on that concern the reader: (number, canonical body), and where to go on.

    Where to go on is the record's size once there is nothing more, so that a follower does not read others' entries
    again and again. The reading goes on the record, unless there was nothing to read: else following the record would
    make it grow by itself.
    """
    size = int(tx.scalar(select(AuditHead.size).where(AuditHead.id == 1)))
    chosen = select(AuditEntry.number, AuditEntry.body).where(
        AuditEntry.number >= number,
        AuditEntry.number < size,
        or_(AuditEntry.act != "log.export", AuditEntry.subject_id != actor.subject_id),
    )
    chosen = chosen.where(or_(*reach(actor)))
    rows = tx.all(chosen.order_by(AuditEntry.number).limit(limit))
    if rows:
        audit.record(
            tx,
            "log.export",
            audit.Target("log", None, actor.agency_id),
            actor=actor,
            context=context,
            detail={"first": rows[0].number, "last": rows[-1].number},
        )
    going_on = rows[-1].number + 1 if len(rows) == limit else max(size, number)
    return [(row.number, bytes(row.body)) for row in rows], going_on
