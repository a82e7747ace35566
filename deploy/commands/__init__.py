"""The console script: every noun of `marketplace`, with those that need migrations and samples."""

from __future__ import annotations

import sys

import click
from sqlalchemy.exc import OperationalError

from deploy.commands.db import db
from deploy.commands.demo import demo
from marketplace.cli import group
from marketplace.foundation.errors import DomainError
from marketplace.foundation.settings import BadSettings

for noun in (db, demo):
    group.add_command(noun)


def main() -> None:
    """Run a command. What goes wrong with our own words is a sentence on standard error, never a traceback."""
    try:
        group()
    except (DomainError, BadSettings) as problem:
        click.echo(str(problem), err=True)
        sys.exit(1)
    except OperationalError:
        click.echo(
            "The database cannot be opened. Check MARKET_DATABASE_URL, and that its folder exists.", err=True
        )
        sys.exit(1)
