"""The migration that lets somebody come back keeps every row that there is, and what points to it."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from deploy import migrating
from marketplace.foundation import db

PERSON, AGENCY, HOME, GRANT, SUBJECT = (uuid.UUID(int=number) for number in range(1, 6))


@pytest.fixture
def before(tmp_path: Path) -> Engine:
    """SQLite as it was before: the database that cannot drop a constraint."""
    engine = db.engine_for(f"sqlite:///{tmp_path}/old.db")
    with engine.connect() as connection:
        command.upgrade(migrating._config(connection), "0003")
        connection.commit()
    rows = (
        f"INSERT INTO log_subject (id, salt, pseudonym) VALUES ('{SUBJECT.hex}', x'00', 'wren-01')",
        f"INSERT INTO person (id, subject_id, name, locale) VALUES ('{PERSON.hex}', '{SUBJECT.hex}', 'Maja', 'en')",
        "INSERT INTO agency (id, slug, name, initials, tint, domain, office_networks) "
        f"VALUES ('{AGENCY.hex}', 'north', 'North', 'NO', 'blue', 'north.example', '[]')",
        "INSERT INTO membership (id, person_id, agency_id, clearance, compartments) "
        f"VALUES ('{HOME.hex}', '{PERSON.hex}', '{AGENCY.hex}', 2, '[\"audit\"]')",
        "INSERT INTO role_grant (id, membership_id, role, since) "
        f"VALUES ('{GRANT.hex}', '{HOME.hex}', 'contributor', '2026-01-01 00:00:00.000000')",
    )
    with engine.begin() as connection:
        for row in rows:
            connection.execute(text(row))
    return engine


def add_another(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO membership (id, person_id, agency_id, clearance, compartments) "
                f"VALUES ('{uuid.uuid4().hex}', '{PERSON.hex}', '{AGENCY.hex}', 0, '[]')"
            )
        )


def test_rows_and_what_points_to_them_stay(before: Engine) -> None:
    migrating.upgrade(before)
    with before.connect() as connection:
        kept = connection.execute(text("SELECT id, clearance, compartments, partner FROM membership")).one()
        assert (uuid.UUID(kept.id), kept.clearance, kept.compartments, kept.partner) == (
            HOME,
            2,
            '["audit"]',
            0,
        )
        assert connection.execute(text("PRAGMA foreign_key_check")).all() == []
        assert connection.execute(text("PRAGMA integrity_check")).scalar_one() == "ok"


def test_one_membership_holds_and_ended_ones_stand_beside_it(before: Engine) -> None:
    migrating.upgrade(before)
    with pytest.raises(IntegrityError):
        add_another(before)
    with before.begin() as connection:
        connection.execute(text("UPDATE membership SET ended_at = '2026-01-02 00:00:00.000000'"))
    add_another(before)


def test_what_was_checked_before_is_checked_still(before: Engine) -> None:
    migrating.upgrade(before)
    for wrong in ("clearance = 9", "partner = 1", "home_id = 'nobody'"):
        with pytest.raises(IntegrityError), before.begin() as connection:
            connection.execute(text(f"UPDATE membership SET {wrong}"))
