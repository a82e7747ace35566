"""The sequencer of the record is killed again and again while acts are written: no gap, no double, nothing lost.

Two of them run at any time, as two clocks in a moment of doubt would; each is killed without warning as soon as the
record has grown under it, and another takes its place. Beside them a witness follows every checkpoint.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import sys
import tempfile
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select

from marketplace.foundation import clock, db
from marketplace.foundation.db import reading, transaction
from marketplace.witness import state
from marketplace.witness.state import Cosigned
from security import merkle, merkle_proofs, notes, witnessing
from security.log import audit, checking, checkpoints, sequencer, tree
from security.log.models import AuditEntry
from security.merkle import leaf_hash
from security.principal import Context
from tests.bench._databases import on_postgresql, on_sqlite

WRITERS, SEQUENCERS = 3, 2
PATIENCE = 60.0
"""Seconds until something that does not happen counts as never happening."""
HERE = multiprocessing.get_context("forkserver")
HERE.set_forkserver_preload(["tests.bench._databases"])


@dataclass
class Counts:
    """What happened, and what must be nothing."""

    kills: int
    acts: int
    gaps: int = 0
    doubled: int = 0
    lost: int = 0
    invented: int = 0
    contradictions: int = 0
    faults: int = 0

    @property
    def ok(self) -> bool:
        return not any((self.gaps, self.doubled, self.lost, self.invented, self.contradictions, self.faults))


def write(address: str, writer: int, stop: Any, done: Any) -> None:
    """Put acts on the record until told to stop; every third transaction comes to nothing."""
    db.bind(db.engine_for(address))
    number = 0
    while not stop.is_set():
        try:
            with transaction() as tx:
                audit.record(
                    tx,
                    "claim.take",
                    audit.Target("claim", f"{writer}-{number}"),
                    actor=None,
                    context=Context("web"),
                )
                if number % 3 == 2:
                    raise LookupError
        except LookupError:
            pass
        number += 1
    done.put((writer, number))


def number_on(address: str, secret: bytes) -> None:
    """What a clock does: number what is pending, sign what there is, until it is killed."""
    db.bind(db.engine_for(address))
    signer = notes.signer("market.example/log", notes.LOG, secret)
    while True:
        with transaction() as tx:
            sequencer.sequence(tx, random.randint(1, 50))
        with transaction() as tx:
            checkpoints.sign(tx, signer)


def killed(address: str, folder: Path, kills: int) -> Counts:
    """Kill so many sequencers of the bound database under load, and count what became of the record."""
    secret = uuid.uuid4().bytes * 2
    signer = notes.signer("market.example/log", notes.LOG, secret)
    witness = folder / "witness.json"
    state.make(witness, "north.example/witness")
    state.follow(witness, signer.verifier)
    contradictions = 0
    with _writing(address) as written:
        running = [_sequencer(address, secret) for _ in range(SEQUENCERS)]
        size = 0
        for _ in range(kills):
            size = _grown_beyond(size)
            victim = running.pop(0)
            victim.kill()
            victim.join()
            running.append(_sequencer(address, secret))
            contradictions += not _believed(witness, signer)
        for process in running:
            process.kill()
            process.join()
    while True:
        with transaction() as tx:
            if not sequencer.sequence(tx):
                break
    with transaction() as tx:
        checkpoints.sign(tx, signer)
    contradictions += not _believed(witness, signer)
    return _counted(kills, written, contradictions)


@contextmanager
def _writing(address: str) -> Iterator[dict[int, int]]:
    """Writers at work; afterwards the dictionary says how many transactions each tried."""
    stop, done = HERE.Event(), HERE.Queue()
    writers = [HERE.Process(target=write, args=(address, n, stop, done), daemon=True) for n in range(WRITERS)]
    for process in writers:
        process.start()
    tried: dict[int, int] = {}
    try:
        yield tried
    finally:
        stop.set()
        tried.update(done.get(timeout=PATIENCE) for _ in writers)
        for process in writers:
            process.join()


def _sequencer(address: str, secret: bytes) -> Any:
    process = HERE.Process(target=number_on, args=(address, secret), daemon=True)
    process.start()
    return process


def _grown_beyond(size: int) -> int:
    """Wait until the record is longer than `size`. Returns its size then."""
    pause, waited = HERE.Event(), 0.0
    while waited < PATIENCE:
        with reading() as tx:
            found = tree.size(tx)
        if found > size:
            return found
        pause.wait(0.01)
        waited += 0.01
    raise TimeoutError(f"the record has not grown beyond {size} entries")


def _believed(witness: Path, signer: notes.Signer) -> bool:
    """Whether the witness cosigns the newest checkpoint; with none there is nothing to doubt."""
    with reading() as tx:
        signed = checkpoints.latest(tx)
        if signed is None:
            return True
        seen = state.read(witness).logs[signer.name].seen.size
        size = signed.checkpoint.size
        proof = merkle_proofs.consistency(min(seen, size), size, tree.subtrees(tx))
        request = witnessing.request_text(min(seen, size), proof, str(signed.note))
        moment = int(clock.now(tx).timestamp())
    return isinstance(state.answer(witness, request, moment), Cosigned)


def _counted(kills: int, tried: dict[int, int], contradictions: int) -> Counts:
    wanted = {f"{writer}-{n}" for writer, count in tried.items() for n in range(count) if n % 3 != 2}
    with reading() as tx:
        chosen = select(AuditEntry.number, AuditEntry.object_id, AuditEntry.body).order_by(AuditEntry.number)
        rows = tx.all(chosen)
        size = tree.size(tx)
        root = merkle_proofs.root_of(size, tree.subtrees(tx))
        broken = list(checking.faults(tx, clock.now(tx)))
    found = Counter(row.object_id for row in rows)
    leaves = [leaf_hash(bytes(row.body)) for row in rows]
    return Counts(
        kills=kills,
        acts=len(wanted),
        gaps=sum(row.number != place for place, row in enumerate(rows)) + abs(size - len(rows)),
        doubled=sum(count - 1 for count in found.values()),
        lost=len(wanted - found.keys()),
        invented=len(found.keys() - wanted),
        contradictions=contradictions,
        faults=len(broken) + (root != merkle.root(leaves)),
    )


def main() -> int:
    """Print one JSON line per database; the exit status is 0 where nothing is lost, doubled or doubted."""
    kills, good = (10 if "--short" in sys.argv[1:] else 100), True
    for name, database in (("sqlite", on_sqlite), ("postgresql", on_postgresql)):
        with tempfile.TemporaryDirectory() as folder, database(Path(folder)) as address:
            counts = killed(address, Path(folder), kills)
        good = good and counts.ok
        print(json.dumps({"name": f"sequencer.{name}", "ok": counts.ok, **asdict(counts)}), flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    os.environ.setdefault("MARKET_DEMO", "1")
    sys.exit(main())
