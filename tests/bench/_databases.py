"""Databases that benchmarks measure on: a new one each, with every table, bound for as long as it is used."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from sqlalchemy import make_url, text

from agencies.keys import KeyringFile, bound
from deploy import migrating
from marketplace.foundation import db


@contextmanager
def on_sqlite(folder: Path) -> Iterator[str]:
    """A file in `folder`; gives its address."""
    with _bound(f"sqlite:///{folder / 'market.db'}", folder) as address:
        yield address


@contextmanager
def on_postgresql(folder: Path) -> Iterator[str]:
    """A database of its own on the benchmarks' server; gives its address."""
    server = make_url(os.environ["MARKET_TEST_POSTGRES_URL"])
    name = f"bench_{uuid4().hex[:12]}"
    engine = db.engine_for(server.render_as_string(hide_password=False))
    alone = engine.execution_options(isolation_level="AUTOCOMMIT")
    with alone.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    try:
        with _bound(server.set(database=name).render_as_string(hide_password=False), folder) as address:
            yield address
    finally:
        with alone.connect() as connection:
            connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
        engine.dispose()


@contextmanager
def _bound(address: str, folder: Path) -> Iterator[str]:
    engine = db.engine_for(address)
    migrating.upgrade(engine)
    bound.bind(KeyringFile(folder / "keys" / "keyring.json"))
    db.bind(engine)
    try:
        yield address
    finally:
        db.bind(None)
        engine.dispose()
