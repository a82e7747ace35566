"""A record that is signed and cosigned in tests: the keys behind it, and one turn of its clock and its witnesses."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import insert

from marketplace.foundation.db import transaction
from security import notes
from security.log import checkpoints, sequencer
from security.log.models import AuditWitness

LOG = notes.signer("market.example/log", notes.LOG, bytes([7] * 32))
NORTH, SOUTH = (
    notes.signer(f"{name}.example/witness", notes.WITNESS, bytes([number] * 32))
    for number, name in enumerate(("north", "south"), start=8)
)


def register_witnesses() -> None:
    """Both witnesses belong to the record from now on."""
    with transaction() as tx:
        for each in (NORTH, SOUTH):
            tx.execute(insert(AuditWitness).values(name=each.name, key=str(each.verifier)))


def witness(*by: notes.Signer, log: notes.Signer = LOG) -> None:
    """Number what is pending, sign the tree, and have these witnesses cosign it (both, where none is named)."""
    now = int(datetime.now(UTC).timestamp())
    with transaction() as tx:
        sequencer.sequence(tx)
    with transaction() as tx:
        checkpoints.sign(tx, log)
        latest = checkpoints.latest(tx)
        assert latest is not None
        lines = "".join(each.sign(latest.note.text, now).text for each in by or (NORTH, SOUTH))
        checkpoints.cosign(tx, latest.checkpoint.size, lines)
