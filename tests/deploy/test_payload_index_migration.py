"""Indexes that are built beside running writers: a run that was broken off is gone on with."""

from __future__ import annotations

from alembic import command
from sqlalchemy import Engine, text

from deploy import migrating
from marketplace.foundation import db

NAME = "ix_microtask_payload_id"


def test_an_index_whose_building_was_broken_off_is_built_anew(postgres_database: str) -> None:
    engine = db.engine_for(postgres_database)
    try:
        with engine.begin() as connection:
            # What PostgreSQL leaves of CREATE INDEX CONCURRENTLY when it is cancelled.
            connection.execute(
                text("UPDATE pg_index SET indisvalid = false WHERE indexrelid = CAST(:name AS regclass)"),
                {"name": NAME},
            )
        with engine.connect() as connection:
            command.stamp(migrating._config(connection), "0015", purge=True)
            connection.commit()
            command.upgrade(migrating._config(connection), "0016")
            connection.commit()
        assert valid(engine)
    finally:
        engine.dispose()


def valid(engine: Engine) -> bool:
    with engine.connect() as connection:
        asked = text("SELECT indisvalid FROM pg_index WHERE indexrelid = CAST(:name AS regclass)")
        return bool(connection.scalar(asked, {"name": NAME}))
