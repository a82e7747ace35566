"""What a check of the record found, told once: an entry per fault, which officers' alerts are made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice

from sqlalchemy import exists, or_, select

from marketplace.foundation import clock
from marketplace.foundation.db import Tx
from security.log import audit, checking, tree
from security.log.checking import Fault
from security.log.models import AuditEntry, AuditPending
from security.principal import JOB

RECENT = timedelta(hours=3)
"""How far an hourly check goes back: entries get their numbers a little out of the order of their times."""
MOST = 100
"""Faults that one check tells. A record that is broken all over need not be told entry by entry."""
OF_THE_TREE = ("root_wrong", "note_wrong")
"""Faults that are found anew in every checkpoint: told once a day as long as they last."""


def begin_of_recent(db: Tx) -> int:
    """The number from which an hourly check begins; the end of the record where nothing is recent."""
    since = clock.at(db, -RECENT)
    chosen = (
        select(AuditEntry.number)
        .where(AuditEntry.at >= since)
        .order_by(AuditEntry.at, AuditEntry.number)
        .limit(1)
    )
    found: int | None = db.scalar(chosen)
    return tree.size(db) if found is None else found


def untold(db: Tx, kept_since: datetime, begin: int) -> list[Fault]:
    """What does not fit from `begin` on (see `checking.faults`) and is not on the record yet, at most `MOST`."""
    return list(islice(_untold(db, checking.faults(db, kept_since, begin)), MOST))


def tell(tx: Tx, found: Iterable[Fault]) -> None:
    """Put faults on the record, each once."""
    for fault in _untold(tx, found):
        target = audit.Target("fault", _name(tx, fault))
        detail = {"kind": fault.kind, "number": fault.number}
        audit.record(tx, "record.fault", target, actor=None, context=JOB, outcome=audit.FAILED, detail=detail)


def _untold(db: Tx, found: Iterable[Fault]) -> Iterator[Fault]:
    for fault in found:
        name = _name(db, fault)
        told = (
            exists().where(table.act == "record.fault", table.object_id == name)
            for table in (AuditEntry, AuditPending)
        )
        if not db.scalar(select(or_(*told))):
            yield fault


def _name(db: Tx, fault: Fault) -> str:
    """What a fault is known by: entry_changed-17, or root_wrong-2026-11-22."""
    if fault.kind in OF_THE_TREE:
        return f"{fault.kind}-{clock.now(db):%Y-%m-%d}"
    return f"{fault.kind}-{fault.number}"
