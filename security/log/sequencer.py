"""Numbers without gaps, in one place.

The head row is locked for the length of one batch, so two sequencers can run and only one numbers at a time; a
killed one leaves its batch unnumbered and whole. Pending rows that commit later than a higher id simply get a later
number: the order of numbers is the order of sequencing, the time inside an entry is the time of the act.
"""

from __future__ import annotations

from sqlalchemy import delete, insert, select, update

from marketplace.foundation.db import Tx
from security.log import tree
from security.log.acts import ACTS
from security.log.entries import body
from security.log.models import AuditEntry, AuditHead, AuditPending, LogSubject
from security.merkle import leaf_hash

BATCH = 500


def sequence(tx: Tx, limit: int = BATCH) -> int:
    """Number up to `limit` pending acts. Returns how many there were.

    An act that this release does not know waits for a sequencer that does.
    """
    size = tx.scalar(select(AuditHead.size).where(AuditHead.id == 1).with_for_update())
    pending = tx.all(
        select(AuditPending.__table__, LogSubject.salt)
        .outerjoin(LogSubject, LogSubject.id == AuditPending.subject_id)
        .where(AuditPending.act.in_(list(ACTS)))
        .order_by(AuditPending.id)
        .limit(limit)
    )
    if not pending:
        return 0
    rows = []
    for number, row in enumerate(pending, start=size):
        facts = dict(row._mapping)
        salt = facts.pop("salt")
        facts.pop("id")
        entry = body(facts, salt)
        rows.append({**facts, "number": number, "body": entry, "leaf": leaf_hash(entry)})
    tx.execute(insert(AuditEntry), rows)
    tx.execute(delete(AuditPending).where(AuditPending.id.in_([row.id for row in pending])))
    tree.grow(tx, size, [row["leaf"] for row in rows])
    tx.execute(update(AuditHead).where(AuditHead.id == 1).values(size=size + len(rows)))
    return len(rows)
