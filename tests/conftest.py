"""What tests stand on: a fresh migrated database each (SQLite and PostgreSQL), keys, no doorbell.

Each worker process migrates one database per kind: SQLite's file is copied per test, PostgreSQL's is emptied. Their
addresses stay the same, so that engines can be shared (`tests/engines.py`).
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, make_url

from agencies.keys import KeyringFile, bound
from deploy import migrating, tables
from marketplace.foundation import db, doorbell
from tests import running
from tests.engines import engine_of

DATABASES = ("sqlite", "postgresql")

pytest_plugins = ["tests.web.fixtures"]
"""Once for all folders: a second session fixture of the same name would start a second Playwright in one process."""


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "market.db"
    engine = db.engine_for(f"sqlite:///{path}")
    migrating.upgrade(engine)
    engine.dispose()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return path


@pytest.fixture(scope="session")
def sqlite_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where this worker process's SQLite database lies; each test has a file of its own there."""
    return tmp_path_factory.mktemp("database") / "market.db"


@pytest.fixture(scope="session")
def postgres_server() -> str:
    url = os.environ.get("MARKET_TEST_POSTGRES_URL")
    if not url:
        pytest.fail("MARKET_TEST_POSTGRES_URL is not set: run the tests by `./run test`.")
    return url


@pytest.fixture(scope="session")
def postgres_database(postgres_server: str) -> Iterator[str]:
    """The address of this worker process's own migrated database; `database_url` empties it after each test."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    with _on(postgres_server) as server:
        server.execute(f'CREATE DATABASE "{name}"')
    address = make_url(postgres_server).set(database=name).render_as_string(hide_password=False)
    engine = db.engine_for(address)
    migrating.upgrade(engine)
    engine.dispose()
    yield address
    with _on(postgres_server) as server:
        server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a migrated database with no rows; every test that asks runs once per database."""
    if request.param == "sqlite":
        file: Path = request.getfixturevalue("sqlite_file")
        shutil.copy(request.getfixturevalue("sqlite_template"), file)
        yield f"sqlite:///{file}"
        for part in file.parent.iterdir():
            part.unlink()
        return
    address = request.getfixturevalue("postgres_database")
    yield address
    _empty(address)


@pytest.fixture
def keys(tmp_path: Path) -> KeyringFile:
    """A keyring of this test's own, bound as the process's key provider."""
    provider = KeyringFile(tmp_path / "keys" / "keyring.json")
    bound.bind(provider)
    return provider


@pytest.fixture
def database(database_url: str, keys: KeyringFile) -> Iterator[Engine]:
    """A fresh database bound as the process's own, with keys and without a doorbell."""
    doorbell.bind(None)
    with engine_of(database_url, pool_size=50) as engine:
        db.bind(engine)
        yield engine
        db.bind(None)


def _on(address: str) -> psycopg.Connection[Any]:
    plain = make_url(address).set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(plain, autocommit=True)


def _empty(address: str) -> None:
    """Put a database back as the migrations left it: much faster than making another one."""
    emptied = [table for table in tables.metadata.tables if table not in ("audit_head", "alert_head")]
    with _on(address) as connection:
        # What a failed test left open must not hold the next one up.
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'"
        )
        with connection.transaction():
            connection.execute("SET LOCAL session_replication_role = replica")
            connection.execute("; ".join(f'DELETE FROM "{table}"' for table in emptied))
            connection.execute("UPDATE audit_head SET size = 0, key = NULL")
            connection.execute("UPDATE alert_head SET number = 0")


@pytest.fixture(scope="session")
def marketplace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[running.Running]:
    """The whole marketplace, started once per worker by `./run`. Tests that use it share the group `marketplace`."""
    started = running.start(tmp_path_factory.mktemp("marketplace"))
    yield started
    started.stop()
