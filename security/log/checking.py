"""Does what is stored fit together: entries, tiles, checkpoint. What a fault means is for an officer to find out.

Somebody who can write to the database and has the log's key can make everything fit again. That is what witnesses
are for: they saw another tree.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from marketplace.foundation.db import Tx
from security import merkle_proofs, notes
from security.log import bundles, checkpoints, tree
from security.log.models import AuditEntry, AuditHead
from security.merkle import leaf_hash
from security.notes import BadNote

CHUNK = 2048
"""Entries that are looked at together."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What does not fit: "entry_changed", "entry_missing", "entry_unknown", "root_wrong" or "note_wrong"; and where."""

    kind: str
    number: int


def faults(db: Tx, kept_since: datetime, begin: int = 0) -> Iterator[Fault]:
    """Everything that does not fit. An entry after one that is as young as `kept_since` must not be missing.

    With `begin`, entries before that number are left aside; it is one of an entry as young as that.
    """
    signed = checkpoints.latest(db)
    if signed is None:
        return
    size = signed.checkpoint.size
    key = checkpoints.key(db)
    try:
        if key is None or not notes.verified(signed.note, [key]):
            yield Fault("note_wrong", size)
    except BadNote:
        yield Fault("note_wrong", size)
    if merkle_proofs.root_of(size, tree.subtrees(db)) != signed.checkpoint.root:
        yield Fault("root_wrong", size)
    young = begin > 0
    for first in range(begin, size, CHUNK):
        young = yield from _of_entries(db, first, min(CHUNK, size - first), kept_since, young)
    # One statement, because the sequencer goes on meanwhile: what it adds between two would look unknown.
    known = select(AuditHead.size).where(AuditHead.id == 1).scalar_subquery()
    for row in db.all(select(AuditEntry.number).where(AuditEntry.number >= known).limit(CHUNK)):
        yield Fault("entry_unknown", row.number)


def _of_entries(
    db: Tx, first: int, count: int, kept_since: datetime, young: bool
) -> Generator[Fault, None, bool]:
    """What does not fit among `count` entries. Returns whether what follows must be there."""
    mine = (AuditEntry.number >= first, AuditEntry.number < first + count)
    rows = db.all(
        select(AuditEntry.number, AuditEntry.body, AuditEntry.at).where(*mine).order_by(AuditEntry.number)
    )
    known = {row.number: row for row in rows}
    for number, leaf in enumerate(bundles.leaves(db, first, count), start=first):
        row = known.get(number)
        if row is not None:
            young = young or row.at >= kept_since
            if leaf_hash(bytes(row.body)) != leaf:
                yield Fault("entry_changed", number)
        elif young:
            yield Fault("entry_missing", number)
    return young
