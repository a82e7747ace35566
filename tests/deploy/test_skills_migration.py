"""The migration of skills: what there was is kept and found, and a release that does not know it goes on writing."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from alembic import command
from sqlalchemy import Engine, make_url, text

from agencies.skills import lists
from deploy import migrating
from marketplace.foundation import db
from marketplace.foundation.db import reading


@pytest.fixture(params=["sqlite", "postgresql"])
def before(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database as it was before, with one skill."""
    if request.param == "sqlite":
        engine = db.engine_for(f"sqlite:///{tmp_path}/old.db")
        yield _with_a_skill(engine)
        engine.dispose()
        return
    server, name = request.getfixturevalue("postgres_server"), f"test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(_address(server), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    engine = db.engine_for(make_url(server).set(database=name).render_as_string(hide_password=False))
    yield _with_a_skill(engine)
    engine.dispose()
    with psycopg.connect(_address(server), autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def test_skills_from_before_are_found_and_offered(before: Engine) -> None:
    migrating.upgrade(before)
    db.bind(before)
    with reading() as connection:
        assert lists.find(connection, "securite", "fr") == [{"code": "safety", "label": "Sécurité"}]
        assert lists.find(connection, "safety", "de") == [{"code": "safety", "label": "Safety"}]
        assert lists.offered(connection, ["safety"]) == {"safety"}
    db.bind(None)


def test_a_release_that_does_not_know_it_goes_on_writing(before: Engine) -> None:
    migrating.upgrade(before)
    with before.begin() as connection:
        connection.execute(text("INSERT INTO skill (code, labels) VALUES ('law', '{\"en\": \"Law\"}')"))
    db.bind(before)
    with reading() as connection:
        assert lists.offered(connection, ["law"]) == {"law"}
        assert lists.labels_of(connection, "nl", ["law"]) == {"law": "Law"}
    db.bind(None)


def _with_a_skill(engine: Engine) -> Engine:
    with engine.connect() as connection:
        command.upgrade(migrating._config(connection), "0016")
        connection.commit()
        labels = '{"en": "Safety", "fr": "Sécurité"}'
        connection.execute(text("INSERT INTO skill VALUES ('safety', :labels)"), {"labels": labels})
        connection.commit()
    return engine


def _address(server: str) -> str:
    return make_url(server).set(drivername="postgresql").render_as_string(hide_password=False)
