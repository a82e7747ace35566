"""Several things at the same moment: threads that start together, each with connections of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Thread
from typing import Any

from marketplace.foundation.db import Tx, transaction

PATIENCE = 60
"""Seconds after which a thread that waits for ever is a failure. No test measures time with it."""


def together(*calls: Callable[[], Any]) -> list[Any]:
    """Run `calls` at once. Returns what each returned, or the exception it raised, in order."""
    start = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        start.wait(PATIENCE)
        try:
            return call()
        except Exception as error:  # noqa: BLE001 - what was raised is the outcome that a test looks at
            return error

    with ThreadPoolExecutor(len(calls)) as pool:
        return [started.result(PATIENCE) for started in [pool.submit(run, call) for call in calls]]


def winners(outcomes: Sequence[Any]) -> list[Any]:
    """The outcomes that are no exceptions."""
    return [outcome for outcome in outcomes if not isinstance(outcome, Exception)]


def losers(outcomes: Sequence[Any]) -> list[type[Exception]]:
    """The classes of the exceptions among the outcomes."""
    return [type(outcome) for outcome in outcomes if isinstance(outcome, Exception)]


def during(first: Callable[[Tx], Any], second: Callable[[], Any]) -> list[Any]:
    """Do the second while the first is not committed; returns what the second came to."""
    outcome: list[Any] = []
    asking = Thread(target=lambda: outcome.extend(together(second)))
    with transaction() as tx:
        first(tx)
        asking.start()
        asking.join(0.2)
    asking.join(PATIENCE)
    return outcome
