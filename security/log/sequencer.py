"""Numbers without gaps, in one place.

The head row is locked for the length of one batch, so two sequencers can run and only one numbers at a time; a
killed one leaves its batch unnumbered and whole. Pending rows that commit later than a higher id simply get a later
number: the order of numbers is the order of sequencing, the time inside an entry is the time of the act.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update

from marketplace.foundation.db import Tx, insert_many
from security.log import tree
from security.log.acts import ACTS
from security.log.entries import body, subject_of
from security.log.models import AuditEntry, AuditHead, AuditPending, LogSubject
from security.merkle import leaf_hash

BATCH = 2000
_FACTS = [column.name for column in AuditPending.__table__.c if column.name != "id"]


def sequence(tx: Tx, limit: int = BATCH) -> int:
    """Number up to `limit` pending acts. Returns how many there were.

    An act that this release does not know waits for a sequencer that does.
    """
    size = tx.scalar(select(AuditHead.size).where(AuditHead.id == 1).with_for_update())
    pending = tx.all(
        select(AuditPending.id, *(AuditPending.__table__.c[name] for name in _FACTS))
        .where(AuditPending.act.in_(list(ACTS)))
        .order_by(AuditPending.id)
        .limit(limit)
    )
    if not pending:
        return 0
    facts = [dict(zip(_FACTS, row[1:], strict=True)) for row in pending]
    salts = _salts(tx, facts)
    rows = []
    for number, known in enumerate(facts, start=size):
        entry = body(known, salts)
        rows.append({**known, "number": number, "body": entry, "leaf": leaf_hash(entry)})
    insert_many(tx, AuditEntry, rows)
    tx.execute(delete(AuditPending).where(AuditPending.id.in_([row.id for row in pending])))
    tree.grow(tx, size, [row["leaf"] for row in rows])
    tx.execute(update(AuditHead).where(AuditHead.id == 1).values(size=size + len(rows)))
    return len(rows)


def _salts(tx: Tx, facts: Sequence[Mapping[str, Any]]) -> dict[UUID, bytes | None]:
    """The salts of everybody whom these acts speak of, whoever acted and whoever was acted on."""
    people = {each["subject_id"] for each in facts} | {subject_of(each) for each in facts}
    found = tx.all(select(LogSubject.id, LogSubject.salt).where(LogSubject.id.in_(people - {None})))
    return {row.id: row.salt for row in found}
