"""Time is the database's.

On PostgreSQL `at()` is the server's `now()`, the start of the transaction, without a round trip; on SQLite, which
runs in our process, both are this host's clock. Hosts whose clocks differ therefore agree on when a claim is over
as long as they share a PostgreSQL server.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, overload

from sqlalchemy import ColumnElement, Interval, bindparam, func, literal, select, type_coerce

from marketplace.foundation.db import Moment, Tx


def now(tx: Tx) -> datetime:
    """The moment of this transaction, read once and then kept."""
    if tx._now is None:
        if tx.dialect == "postgresql":
            tx._now = tx.scalar(select(func.now(type_=Moment)))
        else:
            tx._now = datetime.now(UTC)
    assert tx._now is not None
    return tx._now


def at(tx: Tx, offset: timedelta = timedelta()) -> ColumnElement[Any]:
    """SQL for the moment of this transaction plus `offset`."""
    if tx.dialect == "postgresql":
        moment = func.now() + literal(offset, Interval()) if offset else func.now()
        return type_coerce(moment, Moment)
    return literal(now(tx) + offset, Moment)


def kept(dialect: str) -> ColumnElement[Any]:
    """SQL for the moment of a transaction in a statement that is built once and kept; `given` goes with it."""
    return type_coerce(func.now(), Moment) if dialect == "postgresql" else bindparam("moment", type_=Moment)


def given(tx: Tx) -> dict[str, datetime]:
    """The parameters that a statement with `kept` needs in this transaction."""
    return {} if tx.dialect == "postgresql" else {"moment": now(tx)}


@overload
def begin_of(day: date) -> datetime: ...
@overload
def begin_of(day: date | None) -> datetime | None: ...
def begin_of(day: date | None) -> datetime | None:
    """The moment at which a first day begins, in UTC."""
    return None if day is None else datetime.combine(day, time(), UTC)


@overload
def end_of(day: date) -> datetime: ...
@overload
def end_of(day: date | None) -> datetime | None: ...
def end_of(day: date | None) -> datetime | None:
    """The moment at which a last day is over, in UTC: what is agreed to a day holds through it."""
    if day is None:
        return None
    # The calendar's last day has no next one; it lies further ahead than any rule allows.
    return begin_of(min(day, date.max - timedelta(days=1))) + timedelta(days=1)


@overload
def last_day(over_at: datetime) -> date: ...
@overload
def last_day(over_at: datetime | None) -> date | None: ...
def last_day(over_at: datetime | None) -> date | None:
    """The last day of something that is over at a moment: the other way round than `end_of`."""
    return None if over_at is None else (over_at.astimezone(UTC) - timedelta(microseconds=1)).date()
