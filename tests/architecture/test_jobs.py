"""Every kind of job has a handler and a queue that somebody serves, and the other way round."""

from __future__ import annotations

import inspect

from marketplace.foundation.jobs import KINDS, QUEUES
from workers import handlers  # importing it fills the registry
from workers.handling import HANDLERS


def test_every_kind_has_a_handler_and_every_handler_a_kind() -> None:
    assert handlers.__all__
    assert set(HANDLERS) == set(KINDS)


def test_every_kind_runs_on_a_queue_that_is_served() -> None:
    assert {kind.queue for kind in KINDS.values()} <= set(QUEUES)
    assert all(kind.attempts >= 1 and kind.lease.total_seconds() > 0 for kind in KINDS.values())


def test_a_handler_takes_the_transaction_first() -> None:
    for handler in HANDLERS.values():
        assert next(iter(inspect.signature(handler.effect).parameters)) == "tx", handler.kind
