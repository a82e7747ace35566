"""Migrations: forward only, run from the command line, compared with the models in the checks.

Every migration must be safe while old and new code run side by side: add first, remove a release later.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Engine

from deploy.tables import metadata
from marketplace.foundation.db import engine_for

FOLDER = Path(__file__).parent / "migrations"


def upgrade(engine: Engine) -> None:
    """Bring the database to the newest revision."""
    with engine.connect() as connection:
        command.upgrade(_config(connection), "head")
        connection.commit()


def revision(engine: Engine, message: str) -> None:
    """Write a new migration from the difference between models and database."""
    with engine.connect() as connection:
        command.revision(_config(connection), message, autogenerate=True)


def differences(engine: Engine) -> list[Any]:
    """What the models have and the migrated database has not, or the other way round; empty when they match."""
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "include_object": included}
        )
        return list(compare_metadata(context, metadata))


def check() -> list[str]:
    """Migrate an empty database and compare it with the models: a line per difference."""
    with tempfile.TemporaryDirectory() as folder:
        engine = engine_for(f"sqlite:///{folder}/check.db")
        try:
            upgrade(engine)
            return [str(difference) for difference in differences(engine)]
        finally:
            engine.dispose()


def included(item: Any, name: str | None, kind: str, reflected: bool, compare_to: Any) -> bool:
    """SQLite reflects partial and unique indexes with less detail than they have; names still have to match."""
    return not (kind == "table" and name == "alembic_version")


def _config(connection: Any) -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
