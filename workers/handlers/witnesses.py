"""Jobs that ask the agencies' witnesses to cosign."""

from __future__ import annotations

from marketplace.foundation import jobs
from marketplace.foundation.db import Tx
from security.log import lagging, witnesses
from security.log.witnesses import Answer
from workers import witness_line
from workers.handling import handles


@handles("witness.ask_all")
def ask_all(tx: Tx) -> None:
    lagging.tell(tx)
    for name in witnesses.to_ask(tx):
        jobs.record(tx, "witness.ask", {"name": name}, merge_key=f"witness:{name}")


@handles("witness.ask", prepare=witness_line.ask)
def ask(tx: Tx, answer: Answer | None, name: str) -> None:
    if answer is not None:
        witnesses.take(tx, name, answer)
