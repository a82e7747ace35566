"""Whether the clock of the database jumped: times on the record are its times, and order and age hang on them."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from marketplace.foundation.db import Tx
from security.log import audit
from security.principal import JOB

JUMP = 5
"""Seconds by which database and steady clock may drift apart between two turns."""
PROMPT = 1
"""Seconds that a reading may take. A slower one says nothing: a lock or the network held it up."""


def steady() -> float:
    """Seconds that only ever go forward, also while this host sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Jumps:
    """Compares the database's time with a steady clock, from one turn to the next."""

    def __init__(self, steady: Callable[[], float]) -> None:
        self.steady = steady
        self.begun = steady()
        self.last: tuple[datetime, float] | None = None
        self.read: tuple[datetime, float] | None = None

    def begin(self) -> None:
        """Note that the database's time is about to be read."""
        self.begun = self.steady()

    def seconds(self, now: datetime) -> int:
        """By how many seconds the database's time `now` jumped since the last turn, back if below 0; else 0."""
        self.read = None if self.steady() - self.begun > PROMPT else (now, self.begun)
        if self.read is None or self.last is None:
            return 0
        apart = (now - self.last[0]).total_seconds() - (self.begun - self.last[1])
        return round(apart) if abs(apart) > JUMP else 0

    def remember(self) -> None:
        """Compare with this turn from now on: what it found is committed."""
        self.last = self.read or self.last


def tell(tx: Tx, seconds: int) -> None:
    """Put a jump on the record; 0 is none."""
    if seconds:
        target, detail = audit.Target("log"), {"seconds": seconds}
        audit.record(tx, "clock.jump", target, actor=None, context=JOB, outcome=audit.FAILED, detail=detail)
