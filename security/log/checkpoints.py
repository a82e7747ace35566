"""What the log says of itself: checkpoints, signed by the clock, cosigned by witnesses.

A signature is made under the head's lock over what is stored, so the log never signs two trees of one size.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select, update

from marketplace.foundation import clock
from marketplace.foundation.db import Tx, insert
from marketplace.foundation.errors import Unavailable
from security import checkpoint, merkle_proofs, notes
from security.checkpoint import Checkpoint
from security.log import tree
from security.log.models import AuditCheckpoint, AuditCosignature, AuditHead, AuditWitness
from security.notes import Note, Signer, Verifier

IDLE = timedelta(minutes=1)
"""Without new entries the last checkpoint is signed again this often, and witnesses say again that it holds."""


class LogKeyChanged(Unavailable):
    """The key file is not the one that this record was signed by so far. Put the right one back from the backup.

    Another key would be another log: no witness would follow it.
    """


@dataclass(frozen=True, slots=True)
class Signed:
    """A checkpoint as it is served: the log's signature and the witnesses' lines."""

    checkpoint: Checkpoint
    note: Note
    signed_at: datetime
    witnessed: Mapping[str, datetime]
    """When each witness cosigned, by its name."""


def sign(tx: Tx, signer: Signer) -> int | None:
    """Sign the tree as it is, if it grew or the last signature is old. Returns the size, or None for nothing to do.

    Raises LogKeyChanged.
    """
    head = tx.all(select(AuditHead.size, AuditHead.key).where(AuditHead.id == 1).with_for_update())[0]
    size, key = int(head.size), str(signer.verifier)
    if head.key not in (None, key):
        raise LogKeyChanged()
    last = tx.one_or_none(
        select(AuditCheckpoint.size, AuditCheckpoint.signed_at).order_by(AuditCheckpoint.size.desc()).limit(1)
    )
    now = clock.now(tx)
    if last is not None and last.size == size and now < last.signed_at + IDLE:
        return None
    text = Checkpoint(signer.name, size, merkle_proofs.root_of(size, tree.subtrees(tx, size - 1))).text
    note = str(Note(text, (signer.sign(text),)))
    tx.execute(update(AuditHead).where(AuditHead.id == 1, AuditHead.key.is_(None)).values(key=key))
    written = insert(tx, AuditCheckpoint).values(size=size, note=note, signed_at=now)
    tx.execute(written.on_conflict_do_update(index_elements=["size"], set_={"note": note, "signed_at": now}))
    return size


def latest(db: Tx, *, witnesses: int = 0) -> Signed | None:
    """The newest checkpoint with at least so many cosignatures; None where there is none."""
    chosen = select(AuditCheckpoint.size, AuditCheckpoint.note, AuditCheckpoint.signed_at)
    if witnesses:
        # From the cosignatures, newest first: checkpoints that nobody saw may be many.
        seen = select(AuditCosignature.size).group_by(AuditCosignature.size)
        seen = seen.having(func.count() >= witnesses).order_by(AuditCosignature.size.desc()).limit(1)
        chosen = chosen.where(AuditCheckpoint.size == seen.scalar_subquery())
    row = db.one_or_none(chosen.order_by(AuditCheckpoint.size.desc()).limit(1))
    return None if row is None else _signed(db, row.size, row.note, row.signed_at)


def at(db: Tx, size: int) -> Signed | None:
    """The checkpoint of a size, if one was signed."""
    chosen = select(AuditCheckpoint.note, AuditCheckpoint.signed_at).where(AuditCheckpoint.size == size)
    row = db.one_or_none(chosen)
    return None if row is None else _signed(db, size, row.note, row.signed_at)


def cosign(tx: Tx, size: int, lines: str) -> list[str]:
    """Keep the lines that registered witnesses made for the checkpoint of `size`. Returns whose were kept.

    Lines of unknown keys are left aside; a bad one of a known key is BadNote, and nothing is kept.
    """
    signed = at(tx, size)
    if signed is None:
        return []
    note = Note(signed.note.text, notes.parse_lines(lines))
    found = notes.verified(note, witnesses(tx).values())
    for key, moment in found.items():
        line = next(each for each in note.lines if (each.name, each.key_id) == (key.name, key.key_id))
        when = datetime.fromtimestamp(moment, UTC)
        written = insert(tx, AuditCosignature).values(
            size=size, witness=key.name, line=line.text, moment=when
        )
        kept = {"line": line.text, "moment": when}
        tx.execute(written.on_conflict_do_update(index_elements=["size", "witness"], set_=kept))
        tx.execute(
            update(AuditWitness)
            .where(AuditWitness.name == key.name, AuditWitness.size <= size)
            .values(size=size, seen_at=clock.at(tx))
        )
    return [key.name for key in found]


def key(db: Tx) -> Verifier | None:
    """The key that this log signs by; None before its first checkpoint."""
    found = db.scalar(select(AuditHead.key).where(AuditHead.id == 1))
    return None if found is None else notes.parse_verifier(found)


def witnesses(db: Tx) -> dict[str, Verifier]:
    """The keys of the registered witnesses, by name."""
    rows = db.all(select(AuditWitness.name, AuditWitness.key))
    return {row.name: notes.parse_verifier(row.key) for row in rows}


def _signed(db: Tx, size: int, text: str, signed_at: datetime) -> Signed:
    rows = db.all(
        select(AuditCosignature.witness, AuditCosignature.line, AuditCosignature.moment)
        .where(AuditCosignature.size == size)
        .order_by(AuditCosignature.witness)
    )
    note = notes.parse(text + "".join(row.line for row in rows))
    return Signed(checkpoint.parse(note.text), note, signed_at, {row.witness: row.moment for row in rows})
