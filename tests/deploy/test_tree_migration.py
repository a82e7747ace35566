"""The migration that plants the tree: entries from before are in it, and roles lose what they must not do."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic import command
from sqlalchemy import Engine, make_url, text

from deploy import migrating
from marketplace.foundation import db
from marketplace.foundation.db import reading
from security import merkle, merkle_proofs
from security.log import tree
from tests.principles.schema import tables_of

LEAVES = [hashlib.sha256(str(number).encode()).digest() for number in range(600)]
ROLE = f"web_{uuid.uuid4().hex[:8]}"


@pytest.fixture(params=["sqlite", "postgresql"])
def before(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database as it was before, with 600 numbered entries."""
    if request.param == "sqlite":
        engine = db.engine_for(f"sqlite:///{tmp_path}/old.db")
        yield _played(engine)
        engine.dispose()
        return
    server, name = request.getfixturevalue("postgres_server"), f"test_{uuid.uuid4().hex[:12]}"
    with _on(server) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        connection.execute(f'CREATE ROLE "{ROLE}"')
    engine = db.engine_for(make_url(server).set(database=name).render_as_string(hide_password=False))
    yield _played(engine)
    engine.dispose()
    with _on(server) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        connection.execute(f'DROP ROLE "{ROLE}"')


def test_entries_from_before_are_in_the_tree(before: Engine) -> None:
    migrating.upgrade(before)
    db.bind(before)
    with reading() as connection:
        subtree = tree.subtrees(connection)
        assert merkle_proofs.root_of(600, subtree) == merkle.root(LEAVES)
    db.bind(None)


@pytest.mark.parametrize("before", ["postgresql"], indirect=True)
def test_a_role_that_could_change_the_record_can_no_longer(before: Engine) -> None:
    with before.begin() as connection:
        connection.execute(
            text(f'GRANT SELECT, INSERT, UPDATE, DELETE ON audit_pending, audit_entry TO "{ROLE}"')
        )
    migrating.upgrade(before)
    with before.connect() as connection:
        rows: Any = connection.execute(
            text(
                "SELECT table_name, privilege_type FROM information_schema.role_table_grants WHERE grantee = :role"
            ),
            {"role": ROLE},
        ).all()
    kept = {(row.table_name, row.privilege_type) for row in rows}
    assert ("audit_pending", "INSERT") in kept
    assert not [
        each
        for each in kept
        if each[0] in ("audit_pending", "audit_entry") and each[1] in ("UPDATE", "DELETE")
    ]


@pytest.mark.parametrize("before", ["postgresql"], indirect=True)
def test_a_role_that_serves_pages_serves_those_of_the_officer_as_well(before: Engine) -> None:
    with before.begin() as connection:
        connection.execute(text(f'GRANT SELECT, INSERT ON audit_pending TO "{ROLE}"'))
    migrating.upgrade(before)
    with before.connect() as connection:
        rows: Any = connection.execute(
            text(
                "SELECT table_name FROM information_schema.role_table_grants WHERE grantee = :role "
                "AND privilege_type = 'SELECT'"
            ),
            {"role": ROLE},
        ).all()
    assert {table.name for table in tables_of("agencies.oversight")} <= {row.table_name for row in rows}


def _on(address: str) -> psycopg.Connection[Any]:
    plain = make_url(address).set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(plain, autocommit=True)


def _played(engine: Engine) -> Engine:
    with engine.connect() as connection:
        command.upgrade(migrating._config(connection), "0010")
        connection.commit()
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO audit_entry (number, at, act, outcome, channel, body, leaf) "
                "VALUES (:number, '2026-01-01 00:00:00.000000', 'claim.take', 'done', 'web', :body, :leaf)"
            ),
            [{"number": number, "body": b"{}", "leaf": leaf} for number, leaf in enumerate(LEAVES)],
        )
        connection.execute(text("UPDATE audit_head SET size = 600"))
    return engine
