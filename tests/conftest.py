"""What tests stand on: a fresh migrated database each (SQLite and PostgreSQL), keys, no doorbell.

A migrated template is made once per worker process and copied per test, so that a fresh database costs little.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, make_url, text

from agencies.keys import KeyringFile, bound
from deploy import migrating
from marketplace.foundation import db, doorbell

DATABASES = ("sqlite", "postgresql")


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
def postgres_server() -> str:
    url = os.environ.get("MARKET_TEST_POSTGRES_URL")
    if not url:
        pytest.fail("MARKET_TEST_POSTGRES_URL is not set: run the tests by `./run test`.")
    return url


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> Iterator[str]:
    name = f"template_{uuid.uuid4().hex[:12]}"
    _on_server(postgres_server, f'CREATE DATABASE "{name}"')
    engine = db.engine_for(_named(postgres_server, name))
    migrating.upgrade(engine)
    engine.dispose()
    yield name
    _on_server(postgres_server, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a fresh migrated database; every test that asks runs once per database."""
    if request.param == "sqlite":
        copy = tmp_path / "market.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), copy)
        yield f"sqlite:///{copy}"
        return
    server = request.getfixturevalue("postgres_server")
    name = f"test_{uuid.uuid4().hex[:12]}"
    _on_server(server, f'CREATE DATABASE "{name}" TEMPLATE "{request.getfixturevalue("postgres_template")}"')
    yield _named(server, name)
    _on_server(server, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def keys(tmp_path: Path) -> KeyringFile:
    """A keyring of this test's own, bound as the process's key provider."""
    provider = KeyringFile(tmp_path / "keys" / "keyring.json")
    bound.bind(provider)
    return provider


@pytest.fixture
def database(database_url: str, keys: KeyringFile) -> Iterator[Engine]:
    """A fresh database bound as the process's own, with keys and without a doorbell."""
    engine = db.engine_for(database_url, pool_size=50)
    db.bind(engine)
    doorbell.bind(None)
    yield engine
    db.bind(None)
    engine.dispose()


def _named(server: str, name: str) -> str:
    return make_url(server).set(database=name).render_as_string(hide_password=False)


def _on_server(server: str, statement: str) -> None:
    engine = db.engine_for(server)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(statement))
    engine.dispose()
