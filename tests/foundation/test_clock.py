"""Time is the database's, read once per transaction."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from sqlalchemy import Engine, literal, select
from sqlalchemy.exc import StatementError

from marketplace.foundation import clock
from marketplace.foundation.db import Moment, reading, transaction


def test_now_is_the_same_all_through_a_transaction(database: Engine) -> None:
    with transaction() as tx:
        assert clock.now(tx) == clock.now(tx)


def test_now_is_aware_and_in_utc(database: Engine) -> None:
    with transaction() as tx:
        assert clock.now(tx).tzinfo is UTC


def test_a_later_transaction_is_not_earlier(database: Engine) -> None:
    with transaction() as tx:
        first = clock.now(tx)
    with transaction() as tx:
        assert clock.now(tx) >= first


def test_sql_and_python_speak_of_the_same_moment(database: Engine) -> None:
    with transaction() as tx:
        ahead = tx.scalar(select(clock.at(tx, timedelta(minutes=5))))
        assert ahead - clock.now(tx) == timedelta(minutes=5)


def test_a_moment_comes_back_as_it_went_in_whatever_its_zone(database: Engine) -> None:
    moment = datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    with reading() as db:
        assert db.scalar(select(literal(moment, Moment))) == moment


def test_a_moment_without_a_zone_is_refused(database: Engine) -> None:
    naive = datetime(2026, 1, 1)  # noqa: DTZ001 - the mistake this test is about
    with reading() as db, pytest.raises(StatementError, match="without a time zone"):
        db.scalar(select(literal(naive, Moment)))


@pytest.mark.parametrize("day", [date(2026, 3, 28), date(2026, 12, 31), date(2028, 2, 29)])
def test_what_is_agreed_to_a_day_holds_through_it(day: date) -> None:
    begun = clock.begin_of(day)
    assert begun is not None
    assert clock.end_of(day) == begun + timedelta(days=1)
    assert clock.last_day(clock.end_of(day)) == day


def test_the_calendar_s_last_day_has_an_end(database: Engine) -> None:
    over = clock.end_of(date.max)
    with reading() as db:
        assert db.scalar(select(literal(over, Moment))) == over


def test_what_has_no_last_day_has_no_end() -> None:
    assert (clock.begin_of(None), clock.end_of(None), clock.last_day(None)) == (None, None, None)
