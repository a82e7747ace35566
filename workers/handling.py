"""What a job of each kind does: a registry filled by `workers.handlers`, one module per noun.

A handler's `effect` runs in the transaction that also marks the job done, so it must be safe to repeat and must not
reach outside. Where something outside has to happen, `prepare` does it first, outside any transaction; its return
value is handed to `effect`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from marketplace.foundation.db import Tx

Effect = Callable[..., Any]
Prepare = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Handler:
    """How one kind of job is done."""

    kind: str
    effect: Effect
    prepare: Prepare | None = None

    def run(self, tx: Tx, args: dict[str, str], prepared: Any) -> None:
        if self.prepare is None:
            self.effect(tx, **args)
        else:
            self.effect(tx, prepared, **args)


HANDLERS: dict[str, Handler] = {}


def handles(kind: str, prepare: Prepare | None = None) -> Callable[[Effect], Effect]:
    """Register the decorated function as the effect of jobs of this kind."""

    def register(effect: Effect) -> Effect:
        if kind in HANDLERS:
            raise ValueError(f"two handlers for {kind}")
        HANDLERS[kind] = Handler(kind, effect, prepare)
        return effect

    return register
