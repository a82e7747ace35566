"""`marketplace db`: the tables."""

from __future__ import annotations

import sys

import click

from deploy import granting, migrating
from marketplace.cli.opening import opened
from marketplace.foundation.db import engine


@click.group()
def db() -> None:
    """Create and update the database's tables."""


@db.command()
def upgrade() -> None:
    """Bring the database to the newest version. Safe to repeat; run it before starting a new release.

    Example: MARKET_DATABASE_URL=postgresql+psycopg://market@db/market marketplace db upgrade
    """
    opened()
    migrating.upgrade(engine())


@db.command()
@click.argument("role")
def grant(role: str) -> None:
    """Let ROLE serve pages: everything but the raw counts of people.

    Of those it sees only what may be shown.

    For PostgreSQL, where web processes sign in as another role than workers and migrations. Run it after each upgrade.

    Example: marketplace db grant market_web
    """
    opened()
    granting.grant(engine(), role)


@db.command()
def check() -> None:
    """Say whether the migrations make exactly the tables that the code expects. Needs no database."""
    differences = migrating.check()
    for difference in differences:
        click.echo(difference)
    sys.exit(1 if differences else 0)
