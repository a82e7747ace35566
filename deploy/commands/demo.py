"""`marketplace demo`: the people and content of the demonstration. None of it exists outside the demo."""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from typing import Any

import click

from agencies import tokens
from deploy.identity import demo as cast
from deploy.samples import seed as samples
from marketplace.cli.opening import opened
from marketplace.foundation.db import transaction
from marketplace.foundation.settings import Settings

VALID_FOR = timedelta(days=30)


@click.group()
def demo() -> None:
    """People, tokens and content of the demonstration that ./run starts."""


@demo.command()
def seed() -> None:
    """Fill an empty database with the demo's agencies, people and campaigns. ./run does this by itself."""
    settings = _demo()
    click.echo(
        "The demo is ready." if samples.seed(settings.home) else "There is content already; nothing was done."
    )


@demo.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def people(as_json: bool) -> None:
    """List who can sign in: names, agencies, roles.

    Example: marketplace demo people --json
    """
    _demo()
    rows: list[dict[str, Any]] = [
        {
            "login": person.login,
            "name": person.name,
            "agency": agency.slug,
            "agency_name": agency.name,
            "roles": list(person.roles),
            "clearance": person.clearance,
            "registered": person.registered,
        }
        for agency in cast.agencies()
        for person in agency.people
    ]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    for row in rows:
        click.echo(f"{row['login']:<8} {row['name']:<18} {row['agency_name']:<22} {', '.join(row['roles'])}")


@demo.command()
@click.argument("name")
def token(name: str) -> None:
    """Print an API token of a demo person, valid for 30 days. NAME is the login or the full name.

    Example: export MARKET_TOKEN=$(marketplace demo token ines)
    """
    settings = _demo()
    login = _login(name)
    with transaction() as tx:
        actor = samples.principal(tx, settings.home, login)
        made = tokens.make(tx, name="demo", valid_for=VALID_FOR, actor=actor, context=samples.CONTEXT)
    click.echo(made)


def _demo() -> Settings:
    settings = opened()
    if not settings.demo:
        click.echo("These commands exist only in the demo that ./run starts.", err=True)
        sys.exit(1)
    return settings


def _login(name: str) -> str:
    wanted = name.casefold()
    for agency in cast.agencies():
        for person in agency.people:
            if person.registered and wanted in (person.login.casefold(), person.name.casefold()):
                return person.login
    click.echo(f"Nobody in the demo is called {name}. See: marketplace demo people", err=True)
    sys.exit(1)
