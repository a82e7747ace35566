"""Engines that the tests of a process share: what SQLAlchemy compiled for one test need not be compiled for the next.

Compiling statements anew was a third of a test's time. Connections and listeners are each test's own.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from sqlalchemy import Engine, event

from marketplace.foundation import db


@contextmanager
def engine_of(url: str, *, pool_size: int = 4) -> Iterator[Engine]:
    """An engine with no connection yet; all of its connections are closed afterwards."""
    shared = _engine(url, pool_size)
    try:
        # A view of it: listeners that a test adds hear this test only.
        yield shared.execution_options()
    finally:
        # PostgreSQL starts a process per connection, which costs more than many a test: those that are idle serve the
        # next one. SQLite's file is another one then, and what a failed test left open is of no use to anybody.
        if shared.dialect.name == "sqlite" or shared.pool.checkedout():
            shared.dispose()


@cache
def _engine(url: str, pool_size: int) -> Engine:
    made = db.engine_for(url, pool_size=pool_size)
    if made.dialect.name == "sqlite":
        event.listen(made, "connect", _without_waiting_for_the_disk)
    return made


def _without_waiting_for_the_disk(connection: sqlite3.Connection, _record: object) -> None:
    # No test pulls the plug. PostgreSQL writes without fsync here as well (deploy/setup/postgres.py).
    connection.execute("PRAGMA synchronous=OFF")
