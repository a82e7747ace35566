"""A clock that jumped is told by the clock that is elected, once; a slow reading is no jump."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select

from security import notes
from security.log.models import AuditEntry
from tests.builders import found
from workers.clock import Clock
from workers.jumps import Jumps

LOG = notes.signer("market.example/log", notes.LOG, bytes(range(32)))
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


class Steady:
    """A steady clock that goes on only as a test says."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def after(steady_seconds: float, database_seconds: float, reading: float = 0.0) -> int:
    """What is found in a second turn, so much later by each of the two clocks."""
    steady = Steady()
    jumps = Jumps(steady)
    jumps.begin()
    assert jumps.seconds(NOON) == 0
    jumps.remember()
    steady.now += steady_seconds
    jumps.begin()
    steady.now += reading
    return jumps.seconds(NOON + timedelta(seconds=database_seconds))


@pytest.mark.parametrize(
    ("steady", "database", "seconds"),
    [(1, 1, 0), (60, 65, 0), (60, 55, 0), (60, 65.1, 5), (1, 41, 40), (1, -40, -41), (3600, 3600, 0)],
)
def test_a_jump_is_more_than_five_seconds_apart(steady: float, database: float, seconds: int) -> None:
    assert after(steady, database) == seconds


def test_a_reading_that_was_held_up_says_nothing() -> None:
    assert after(1, 41, reading=2) == 0


def test_a_jump_that_could_not_be_told_is_found_again() -> None:
    steady = Steady()
    jumps = Jumps(steady)
    jumps.seconds(NOON)
    jumps.remember()
    assert jumps.seconds(NOON + timedelta(seconds=40)) == 40  # and its transaction came to nothing
    assert jumps.seconds(NOON + timedelta(seconds=40)) == 40


def test_after_a_reading_that_was_held_up_a_jump_is_still_found() -> None:
    steady = Steady()
    jumps = Jumps(steady)
    jumps.begin()
    jumps.seconds(NOON)
    jumps.remember()
    jumps.begin()
    steady.now += 9
    assert jumps.seconds(NOON + timedelta(seconds=9)) == 0
    jumps.remember()
    jumps.begin()
    assert jumps.seconds(NOON + timedelta(seconds=100)) == 91


def told() -> list[Any]:
    return list(found(select(AuditEntry.detail).where(AuditEntry.act == "clock.jump")))


def test_the_elected_clock_puts_it_on_the_record_once(database: Engine) -> None:
    steady = Steady()
    clock = Clock("a", LOG, steady)
    clock.turn()
    assert told() == []
    steady.now -= 100
    for _ in range(3):
        clock.turn()
    [row] = told()
    assert 95 <= row.detail["seconds"] <= 105


def test_another_clock_leaves_it_to_the_elected_one(database: Engine) -> None:
    steady = Steady()
    other = Clock("b", LOG, steady)
    Clock("a", LOG).turn()
    other.turn()
    steady.now -= 100
    assert not other.turn()
    Clock("a", LOG).turn()
    assert told() == []
