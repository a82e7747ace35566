"""Eight ways to tamper with the security record, each directly in the database, each as well as it can be done.

Whoever tampers has the database. In the second half of the ways they have the log's key as well, and make everything
fit again. What must catch them stands outside: a witness with a file of its own, or an auditor with the verifier, a
proof from before and the keys.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from sqlalchemy import delete, insert, select, update

from deploy import migrating
from marketplace.foundation import clock, db
from marketplace.foundation.db import reading, transaction
from marketplace.witness import state
from marketplace.witness.state import Cosigned
from security import merkle_proofs, notes, verifier, witnessing
from security.canonical import canonical_bytes
from security.log import audit, bundles, checking, checkpoints, proving, sequencer, tree
from security.log.models import (
    AuditCheckpoint,
    AuditCosignature,
    AuditEntry,
    AuditHead,
    AuditTile,
    AuditWitness,
)
from security.merkle import leaf_hash
from security.notes import BadNote, Signer
from security.principal import Context

SIZE, OLD = 40, 25
"""Entries on the record, and how many there were when the witness came for the first time."""
WITHIN = timedelta(days=180)
LOG = notes.signer("market.example/log", notes.LOG, uuid.uuid4().bytes * 2)
THIEF = notes.signer("market.example/log", notes.LOG, uuid.uuid4().bytes * 2)


class Scene:
    """A record of forty entries, a witness that followed it, and an auditor who has a proof of entry 7."""

    def __init__(self, folder: Path) -> None:
        self.engine = db.engine_for(f"sqlite:///{folder / 'market.db'}")
        migrating.upgrade(self.engine)
        db.bind(self.engine)
        self.file = folder / "witness.json"
        self.witness = state.make(self.file, "north.example/witness").signer.verifier
        state.follow(self.file, LOG.verifier)
        with transaction() as tx:
            tx.execute(insert(AuditWitness).values(name=self.witness.name, key=str(self.witness)))
        self.grow(OLD)
        self.visit()
        with reading() as tx:
            self.old_note = str(checkpoints.latest(tx).note)  # type: ignore[union-attr]
        self.grow(SIZE - OLD)
        self.visit()

    def grow(self, count: int) -> None:
        with transaction() as tx:
            for number in range(count):
                audit.record(
                    tx, "claim.take", audit.Target("claim", number), actor=None, context=Context("web")
                )
            sequencer.sequence(tx)
        self.sign(LOG)

    def sign(self, signer: Signer) -> None:
        with transaction() as tx:
            checkpoints.sign(tx, signer)

    def visit(self) -> str | None:
        """The witness looks at the log as it is now: None where it cosigned, else why not."""
        with reading() as tx:
            signed = checkpoints.latest(tx)
            assert signed is not None
            seen = state.read(self.file).logs[LOG.name].seen.size
            size = signed.checkpoint.size
            proof = merkle_proofs.consistency(min(seen, size), size, tree.subtrees(tx))
            request = witnessing.request_text(min(seen, size), proof, str(signed.note))
            moment = int(clock.now(tx).timestamp())
        answer = state.answer(self.file, request, moment)
        if isinstance(answer, Cosigned):
            with transaction() as tx:
                checkpoints.cosign(tx, answer.size, answer.line)
            return None
        return f"{answer.status}: {answer.why}"

    def audit(self) -> str | None:
        """The auditor asks for a proof of everything: None where it holds and is whole, else what is wrong."""
        with reading() as tx:
            signed = proving.newest(tx, 1)
            size = signed.checkpoint.size
            rows = tx.all(select(AuditEntry.number, AuditEntry.body).where(AuditEntry.number < size))
            bodies = {row.number: bytes(row.body) for row in rows}
            entries = [bodies.get(number) or leaf for number, leaf in enumerate(bundles.leaves(tx, 0, size))]
            proof = json.loads(json.dumps(proving.document(tx, signed, [(0, entries)])))
        key, witness = verifier.Key(str(LOG.verifier)), verifier.Key(str(self.witness))
        try:
            verifier.verify(proof, key, [witness], 1)
        except verifier.Wrong as wrong:
            return str(wrong)
        hidden = [number for number, each in enumerate(entries) if len(each) == 32]
        return f"entry {hidden[0]} is not shown" if hidden else None

    def check(self) -> str | None:
        """The marketplace's own check of what it stores."""
        with reading() as tx:
            found = next(iter(checking.faults(tx, clock.now(tx) - WITHIN)), None)
        return None if found is None else f"{found.kind} at {found.number}"

    def remake(self, leaves: list[bytes], signer: Signer = LOG) -> None:
        """Make tiles, head and signature fit these leaves, as somebody would who has the key."""
        with transaction() as tx:
            for table in (AuditTile, AuditCheckpoint, AuditCosignature):
                tx.execute(delete(table))
            tree.grow(tx, 0, leaves)
            tx.execute(update(AuditHead).values(size=len(leaves), key=None))
            checkpoints.sign(tx, signer)

    def leaves(self) -> list[bytes]:
        with reading() as tx:
            return bundles.leaves(tx, 0, SIZE)


def edit(scene: Scene) -> None:
    """Another act at number 7, in its columns and in its body."""
    with transaction() as tx:
        body = json.loads(tx.scalar(select(AuditEntry.body).where(AuditEntry.number == 7)))
        changed = canonical_bytes(body | {"activity_name": "claim.extend"})
        tx.execute(update(AuditEntry).where(AuditEntry.number == 7).values(act="claim.extend", body=changed))


def remove(scene: Scene) -> None:
    """Number 7 is gone."""
    with transaction() as tx:
        tx.execute(delete(AuditEntry).where(AuditEntry.number == 7))


def put_in(scene: Scene) -> None:
    """An act that never happened, between others, with everything after it moved on and signed again."""
    leaves = scene.leaves()
    scene.remake([*leaves[:7], leaf_hash(b"{}"), *leaves[7:]])


def reorder(scene: Scene) -> None:
    """Two entries change places."""
    with transaction() as tx:
        for number, other in ((7, -1), (8, 7), (-1, 8)):
            tx.execute(update(AuditEntry).where(AuditEntry.number == number).values(number=other))


def truncate(scene: Scene) -> None:
    """The last five entries never were; signed again."""
    with transaction() as tx:
        tx.execute(delete(AuditEntry).where(AuditEntry.number >= SIZE - 5))
    scene.remake(scene.leaves()[: SIZE - 5])


def fork(scene: Scene) -> None:
    """Another history from number 30 on, as long as the first, signed as well."""
    scene.remake([*scene.leaves()[:30], *[leaf_hash(bytes([number])) for number in range(SIZE - 30)]])


def swap_key(scene: Scene) -> None:
    """A key of one's own, in the database too, and everything signed by it."""
    scene.remake(scene.leaves(), THIEF)


def replay(scene: Scene) -> None:
    """The checkpoint of a time before is shown as the newest, with its cosignature."""
    with transaction() as tx:
        tx.execute(delete(AuditCheckpoint).where(AuditCheckpoint.size > OLD))


WAYS: dict[str, Callable[[Scene], None]] = {
    "edit": edit, "delete": remove, "insert": put_in, "reorder": reorder, "truncate": truncate, "fork": fork,
    "swap key": swap_key, "replay": replay,
}  # fmt: skip


def tried(name: str) -> dict[str, str]:
    """Tamper in one way, and say who caught it with which words; nobody is an empty answer."""
    with tempfile.TemporaryDirectory() as folder:
        scene = Scene(Path(folder))
        looks = {"witness": scene.visit, "auditor": scene.audit, "check": scene.check}
        before = {who: look() for who, look in looks.items()}
        assert set(before.values()) == {None}, f"an honest record is not believed: {before}"
        WAYS[name](scene)
        found: dict[str, str] = {}
        for who, look in looks.items():
            try:
                said = look()
            except BadNote:
                said = "the signatures do not hold"
            if said is not None:
                found[who] = said
        db.bind(None)
        scene.engine.dispose()
        return found


def main() -> int:
    """Print one JSON line; the exit status is 0 where all eight were caught by a witness or the verifier."""
    caught = {name: tried(name) for name in WAYS}
    outside = all({"witness", "auditor"} & set(found) for found in caught.values())
    print(
        json.dumps({"drill": "audit", "result": "caught" if outside else "MISSED", "by": caught}), flush=True
    )
    return 0 if outside else 1


if __name__ == "__main__":
    os.environ.setdefault("MARKET_DEMO", "1")
    sys.exit(main())
