"""Jobs that check whether the stored record fits together: what is new every hour, everything once a day."""

from __future__ import annotations

from collections.abc import Sequence

from marketplace.foundation import clock
from marketplace.foundation.db import Tx, reading
from security.log import expiring, faults
from security.log.checking import Fault
from workers import starting
from workers.handling import handles


def recent() -> list[Fault]:
    """What does not fit among recent entries and was not told yet. Read piece by piece, outside a transaction."""
    with reading() as db:
        return _found(db, faults.begin_of_recent(db))


def every() -> list[Fault]:
    """What does not fit anywhere and was not told yet."""
    with reading() as db:
        return _found(db, 0)


@handles("record.check", prepare=recent)
def check(tx: Tx, found: Sequence[Fault]) -> None:
    faults.tell(tx, found)


@handles("record.check_all", prepare=every)
def check_all(tx: Tx, found: Sequence[Fault]) -> None:
    faults.tell(tx, found)


def _found(db: Tx, begin: int) -> list[Fault]:
    return faults.untold(db, expiring.kept_since(starting.settings(), clock.now(db)), begin)
