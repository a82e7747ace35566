"""One way to the database for web, workers and command line.

Whoever starts a process makes an engine with `engine_for`, calls `bind` once, and from then on everything goes
through `reading()` (autocommit, for reads) or `transaction()` (the one write transaction of a request or job).
Domain code runs Core statements on the `Tx` it is given and never commits.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Connection,
    CursorResult,
    DateTime,
    Dialect,
    Engine,
    Executable,
    Row,
    Select,
    create_engine,
    event,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.schema import MetaData
from sqlalchemy.types import TypeDecorator

from marketplace.foundation.errors import OutcomeUnknown, Unavailable

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Tables are declared as typed classes; rows are read and written with Core statements only."""

    metadata = MetaData(naming_convention=NAMES)


class Moment(TypeDecorator[datetime]):
    """A moment in UTC. Always aware in Python; a naive value is a mistake and is refused.

    SQLite keeps it as text of one fixed width, so that comparing text compares time.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone")
        value = value.astimezone(UTC)
        return value if dialect.name == "postgresql" else value.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Json = JSON(none_as_null=True)
"""A JSON column whose Python None is SQL NULL, so that CHECK constraints can speak about absence."""


Query = Select[*tuple[Any, ...]]
"""A SELECT of any columns."""


class Tx:
    """A connection with the few verbs the domain uses, and the doorbells to ring after COMMIT."""

    __slots__ = ("_now", "bells", "connection", "dialect")

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.dialect = connection.dialect.name
        self.bells: dict[int, str] = {}
        self._now: datetime | None = None

    def execute(
        self, statement: Executable, parameters: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None
    ) -> CursorResult[Any]:
        return self.connection.execute(statement, parameters)

    def scalar(self, statement: Executable, parameters: Mapping[str, Any] | None = None) -> Any:
        return self.connection.scalar(statement, parameters)

    def one_or_none(
        self, statement: Executable, parameters: Mapping[str, Any] | None = None
    ) -> Row[Any] | None:
        return self.connection.execute(statement, parameters).one_or_none()

    def all(self, statement: Executable, parameters: Mapping[str, Any] | None = None) -> Sequence[Row[Any]]:
        return self.connection.execute(statement, parameters).all()


_engine: Engine | None = None


def bind(engine: Engine | None) -> None:
    """Name the process's engine; called once by whoever starts (tests: once per database)."""
    global _engine
    _engine = engine


def engine() -> Engine:
    if _engine is None:
        raise RuntimeError("foundation.db.bind(engine) has not been called in this process")
    return _engine


def engine_options(url: str, *, pool_size: int = 4) -> dict[str, Any]:
    """The engine options for `url`: the same for Flask-SQLAlchemy, workers and command line.

    Parameters never appear in logs or exceptions (`hide_parameters`): they may be payload.
    """
    common: dict[str, Any] = {
        "hide_parameters": True,
        "pool_size": pool_size,
        "max_overflow": 0,
        "pool_timeout": 5,
    }
    if url.startswith("sqlite"):
        return common | {"connect_args": {"timeout": 10, "check_same_thread": False, "isolation_level": None}}
    options = "-c timezone=UTC -c lock_timeout=10s -c idle_in_transaction_session_timeout=60s"
    return common | {
        "pool_pre_ping": False,
        "pool_recycle": 1800,
        "connect_args": {"connect_timeout": 5, "options": options, "application_name": "marketplace"},
    }


def engine_for(url: str, *, pool_size: int = 4) -> Engine:
    """An engine with our options and our SQLite settings."""
    made = create_engine(url, **engine_options(url, pool_size=pool_size))
    prepare(made)
    return made


def prepare(made: Engine) -> None:
    """Give an engine, whoever created it, the transaction habits that the domain relies on."""
    if made.dialect.name != "sqlite" or event.contains(made, "connect", _set_up_sqlite):
        return
    event.listen(made, "connect", _set_up_sqlite)
    event.listen(made, "begin", _begin_immediate)


def _set_up_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself; `_begin_immediate` does
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "busy_timeout=10000",
        "temp_store=MEMORY",  # sorting a payload must not spill it into a temporary file
        "secure_delete=ON",  # what is erased is overwritten, not only unlinked
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_immediate(connection: Connection) -> None:
    # A read that is upgraded to a write fails at once in SQLite; so a write transaction says so at the start.
    if not connection.get_execution_options().get("market_reading"):
        connection.exec_driver_sql("BEGIN IMMEDIATE")


@contextmanager
def reading() -> Iterator[Tx]:
    """An autocommit connection for reads; each statement sees what is committed when it starts."""
    with _translated(), engine().connect() as plain:
        options: dict[str, Any] = {"market_reading": True}
        if plain.dialect.name != "sqlite":
            options["isolation_level"] = "AUTOCOMMIT"
        yield Tx(plain.execution_options(**options))


@contextmanager
def transaction() -> Iterator[Tx]:
    """The one write transaction: returning commits, raising rolls back; then the doorbells ring."""
    with _translated(), engine().connect() as connection:
        begun = connection.begin()
        tx = Tx(connection)
        try:
            yield tx
        except BaseException:
            begun.rollback()
            raise
        try:
            begun.commit()
        except OperationalError as error:
            raise OutcomeUnknown() from error
    if tx.bells:
        from marketplace.foundation import doorbell

        doorbell.ring(tx.bells)


@contextmanager
def _translated() -> Iterator[None]:
    """A database that does not answer is `Unavailable`; everything else passes as it is."""
    try:
        yield
    except IntegrityError:
        raise
    except (OperationalError, PoolTimeout) as error:
        # SQLite says OperationalError to a mistake in a statement too; that is no moment's trouble.
        cause = getattr(error, "orig", None)
        if getattr(cause, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR:
            raise
        raise Unavailable() from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise Unavailable() from error
        raise


def where(condition: str) -> dict[str, Any]:
    """The keyword arguments that make an Index partial on both databases."""
    return {"postgresql_where": text(condition), "sqlite_where": text(condition)}


def insert(tx: Tx, table: type[Base]) -> Any:
    """An INSERT that knows ON CONFLICT in the dialect of this database."""
    return (postgresql.insert if tx.dialect == "postgresql" else sqlite.insert)(table)


def insert_many(tx: Tx, table: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert many rows of the same columns in the fastest way that the database has: COPY on PostgreSQL.

    A violated constraint refuses them all, as with INSERT; defaults that Python would fill in are not.
    """
    if not rows:
        return
    if tx.dialect != "postgresql":
        tx.execute(sqlite.insert(table), rows)
        return
    dialect = tx.connection.dialect
    columns = [
        (name, table.__table__.c[name].type.dialect_impl(dialect).bind_processor(dialect)) for name in rows[0]
    ]
    names = ", ".join(dialect.identifier_preparer.quote(name) for name, _ in columns)
    command = f"COPY {table.__tablename__} ({names}) FROM STDIN"
    driver: Any = dialect.dbapi
    cursor: Any = tx.connection.connection.cursor()
    try:
        with cursor, cursor.copy(command) as copy:
            for row in rows:
                copy.write_row([process(row[name]) if process else row[name] for name, process in columns])
    except driver.Error as error:
        # As if SQLAlchemy had sent it: callers know one kind of errors.
        raise DBAPIError.instance(
            command, None, error, driver.Error, hide_parameters=True, dialect=dialect
        ) from None
