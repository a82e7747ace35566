"""One way to the database: transactions, reads, what exceptions may say."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from marketplace.foundation import db, doorbell, jobs
from marketplace.foundation.db import reading, transaction
from marketplace.foundation.errors import Unavailable
from marketplace.foundation.jobs import Job
from security.log.models import AuditEntry
from tests.builders import an_agency, found, rolled_back
from tests.together import PATIENCE

CANARY = "canary-7d1f"


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[int, str]]]:
    """What the doorbell was rung for; each entry is one ring."""
    heard: list[dict[int, str]] = []

    def ring(bells: Mapping[int, str]) -> int:
        heard.append(dict(bells))
        return len(bells)

    monkeypatch.setattr(doorbell, "ring", ring)
    return heard


class TestTransaction:
    def test_returning_commits(self, database: Engine) -> None:
        an_agency("north")
        assert [row.slug for row in found(text("SELECT slug FROM agency"))] == ["north"]

    def test_raising_rolls_back(self, database: Engine) -> None:
        rolled_back(lambda tx: jobs.record(tx, "jobs.forget_done"))
        assert found(select(Job.id)) == []

    def test_the_bell_rings_after_commit(
        self, database: Engine, rung: list[dict[int, str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with transaction() as tx:
            job = jobs.record(tx, "jobs.forget_done")
            assert rung == []
        assert rung == [{job: "short"}]

    def test_who_answers_the_bell_finds_the_row(
        self, database: Engine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen: list[int] = []

        def look(bells: Mapping[int, str]) -> int:
            seen.extend(row.id for row in found(select(Job.id)))
            return 0

        monkeypatch.setattr(doorbell, "ring", look)
        with transaction() as tx:
            job = jobs.record(tx, "jobs.forget_done")
        assert seen == [job]

    def test_a_rolled_back_change_rings_for_nothing(
        self, database: Engine, rung: list[dict[int, str]]
    ) -> None:
        rolled_back(lambda tx: jobs.record(tx, "jobs.forget_done"))
        assert rung == []

    def test_without_jobs_nothing_rings(self, database: Engine, rung: list[dict[int, str]]) -> None:
        with transaction() as tx:
            tx.execute(text("SELECT 1"))
        assert rung == []

    @pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # PostgreSQL locks rows
    def test_on_sqlite_the_second_writer_waits_from_the_start(self, database: Engine) -> None:
        entered = Event()

        def write() -> None:
            with transaction():
                entered.set()

        with transaction():
            second = Thread(target=write)
            second.start()
            # It reads and writes nothing, and yet cannot begin: BEGIN IMMEDIATE takes the lock at the start.
            assert not entered.wait(0.3)
        second.join(PATIENCE)
        assert entered.is_set()


class TestReading:
    def test_sees_what_was_committed_since_it_began(self, database: Engine) -> None:
        with reading() as db_:
            assert db_.all(text("SELECT slug FROM agency")) == []
            an_agency("north")
            assert [row.slug for row in db_.all(text("SELECT slug FROM agency"))] == ["north"]

    def test_waits_for_no_writer(self, database: Engine) -> None:
        with transaction() as tx:
            jobs.record(tx, "jobs.forget_done")
            assert found(select(Job.id)) == []

    def test_does_not_leave_its_manner_on_the_connection(self, database: Engine) -> None:
        with reading() as db_:
            db_.scalar(text("SELECT 1"))
        rolled_back(lambda tx: jobs.record(tx, "jobs.forget_done"))
        assert found(select(Job.id)) == []


class TestExceptions:
    def test_show_no_parameters(self, database: Engine) -> None:
        with pytest.raises(DBAPIError) as raised, transaction() as tx:
            tx.execute(text("SELECT :secret FROM nowhere"), {"secret": CANARY})
        assert CANARY not in str(raised.value)

    def test_a_mistake_in_a_statement_is_not_called_a_moments_trouble(self, database: Engine) -> None:
        with pytest.raises(DBAPIError), transaction() as tx:
            tx.execute(text("SELECT nothing FROM nowhere"))

    def test_a_database_that_does_not_answer_is_unavailable(self, tmp_path: Path) -> None:
        engine = db.engine_for("postgresql+psycopg://nobody@127.0.0.1:1/nothing")
        db.bind(engine)
        try:
            with pytest.raises(Unavailable), reading() as db_:
                db_.scalar(text("SELECT 1"))
        finally:
            db.bind(None)
            engine.dispose()

    def test_an_exhausted_pool_is_unavailable(
        self, database_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        options = db.engine_options
        monkeypatch.setattr(
            db, "engine_options", lambda url, **given: options(url, **given) | {"pool_timeout": 0.05}
        )
        engine = db.engine_for(database_url, pool_size=1)
        db.bind(engine)
        try:
            with reading() as held:
                held.scalar(text("SELECT 1"))
                with pytest.raises(Unavailable), reading() as second:
                    second.scalar(text("SELECT 1"))
        finally:
            db.bind(None)
            engine.dispose()


class TestInsertMany:
    """Rows with every kind of value that there is: ids, moments, bytes, JSON, nothing, and text that COPY escapes."""

    def rows(self) -> list[dict[str, Any]]:
        now = datetime(2027, 1, 2, 3, 4, 5, 678_000, UTC)
        plain = {
            "at": now, "act": "log.read", "outcome": "done", "subject_id": UUID(int=7), "channel": "web",
            "session": "a\tb\\N\nc", "level": 2, "body": b"\x00\\x", "leaf": bytes(32),
        }  # fmt: skip
        return [
            plain | {"number": number, "detail": detail}
            for number, detail in enumerate(({"codes": ["ä", '"']}, None))
        ]

    def test_writes_what_an_insert_writes(self, database: Engine) -> None:
        with transaction() as tx:
            db.insert_many(tx, AuditEntry, self.rows())
        wanted = [AuditEntry.__table__.c[name] for name in self.rows()[0]]
        kept = found(select(*wanted).order_by(AuditEntry.number))
        assert [dict(row._mapping) for row in kept] == self.rows()

    def test_one_bad_row_refuses_them_all(self, database: Engine) -> None:
        with pytest.raises(IntegrityError), transaction() as tx:
            db.insert_many(tx, AuditEntry, [*self.rows(), self.rows()[0]])
        assert found(select(AuditEntry.number)) == []

    def test_of_nothing_is_nothing(self, database: Engine) -> None:
        with transaction() as tx:
            db.insert_many(tx, AuditEntry, [])


class TestSqlite:
    @pytest.mark.parametrize(
        ("pragma", "value"),
        [
            ("journal_mode", "wal"),
            ("synchronous", 2),
            ("foreign_keys", 1),
            ("secure_delete", 1),
            ("temp_store", 2),
        ],
    )
    def test_connections_have_our_habits(self, tmp_path: Path, pragma: str, value: object) -> None:
        engine = db.engine_for(f"sqlite:///{tmp_path}/market.db")
        with engine.connect() as connection:
            assert connection.exec_driver_sql(f"PRAGMA {pragma}").scalar() == value
        engine.dispose()


def test_a_process_that_bound_no_engine_is_told_so() -> None:
    db.bind(None)
    with pytest.raises(RuntimeError, match="bind"), reading():
        pass
