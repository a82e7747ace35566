"""`marketplace keys`: the keys that sealed content hangs on. Operators list and rotate; two administrators destroy."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from agencies import kept_secrets
from agencies.keys import LASTING, KeyProvider, bound
from marketplace.cli.client import Client, for_a_person
from marketplace.cli.opening import opened
from marketplace.cli.speech import JSON, as_json, listed, progress_of
from marketplace.foundation.db import reading, transaction
from security.principal import Context
from tasks import rewrapping, rotation

CONTEXT = Context("cli")
FEW = 20
"""So many payloads that did not open are named; programs get all of them."""


class Year(click.ParamType):
    """A retention year, or `lasting` for the keys that belong to none."""

    name = "year"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        if value == "lasting":
            return LASTING
        if not (value.isascii() and value.isdigit() and 2000 <= int(value) < LASTING):
            self.fail(f"{value} is neither a year nor the word lasting.", param, ctx)
        return int(value)


@click.group()
def keys() -> None:
    """The keys that sealed content hangs on; docs/keys.md tells how a week with them looks.

    list and rotate need the marketplace's settings (MARKET_HOME, MARKET_KEYS), no token, and open no content. destroy
    proposes in your own name what a second administrator has to sign.
    """


@keys.command("list")
@JSON
def list_(json_wanted: bool) -> None:
    """List every key: whose, for which year, since when, and how much hangs on it.

    A key that content hangs on and that is not there is listed as gone: it was destroyed, or these are not the keys
    that belong to this database.

    Example: marketplace keys list
    """
    opened()
    found = _found(bound.provider())
    rows = [
        (
            row["id"],
            row["agency"] or "",
            _year(row["year"]),
            f"{row['created']:%Y-%m-%d %H:%M:%S}Z" if row["created"] else "gone",
            "yes" if row["current"] else "",
            row["payloads"],
            row["secrets"],
        )
        for row in found
    ]
    head = ("KEY", "AGENCY", "YEAR", "CREATED", "CURRENT", "PAYLOADS", "SECRETS")
    listed(found, json_wanted, head, rows, none="There are no keys yet: they are made on first need.")


@keys.command()
@click.option("--agency", help="Only the keys of this agency (its short name).")
@click.option("--year", type=Year(), help="Only the keys of this retention year, or: lasting")
@JSON
def rotate(agency: str | None, year: int | None, json_wanted: bool) -> None:
    """Make new keys, and move everything that hangs on older ones to them. Content itself is not touched.

    Safe beside a running marketplace, and safe to stop: the next run goes on. What does not open is left as it is and
    named, and the status is 1. The older keys stay; see: marketplace keys destroy

    Example: marketplace keys rotate --agency harbour --year 2031
    """
    opened()
    provider = bound.provider()
    parts = rotation.chosen(provider, agency, year)
    if not parts:
        raise click.ClickException("There is no such key. See: marketplace keys list")
    done = [_rotated(provider, *part, quiet=json_wanted) for part in parts]
    if json_wanted:
        as_json(done)
    if any(each["refused"] or each["secrets_refused"] for each in done):
        sys.exit(1)


@keys.command()
@click.argument("key_id", metavar="KEY")
@JSON
@for_a_person
def destroy(client: Client, key_id: str, json_wanted: bool) -> None:
    """Propose to destroy KEY for ever: what hangs on it can never be read again.

    Nor can it be read in any backup of the database.

    Another administrator of your agency signs it: marketplace agency sign PROPOSAL

    Example: marketplace keys destroy harbour.2024.0a1b2c3d
    """
    made = client.post("/proposals/key-destructions", json.dumps({"key": key_id}).encode()).json()
    if json_wanted:
        as_json(made)
        return
    count = made["content"]["payloads"]
    click.echo(f"Proposal {made['id']}")
    click.echo(f"When it is in force, {count:,} payloads become unreadable for ever.")
    click.echo("It waits for the signature of a second administrator of your agency.")


def _found(provider: KeyProvider) -> list[dict[str, Any]]:
    """Every key there is, and those that something hangs on although they are gone."""
    with reading() as db:
        payloads, secrets = rewrapping.hanging(db), kept_secrets.hanging(db)
    there = provider.listing()
    gone = sorted((payloads.keys() | secrets.keys()) - {each.id for each in there})
    rows: list[tuple[str, str | None, int | None, Any, bool]] = [
        (each.id, each.agency, each.year, each.created, each.current) for each in there
    ]
    rows += [(key_id, None, None, None, False) for key_id in gone]
    return [
        {
            "id": key_id,
            "agency": agency,
            "year": None if year == LASTING else year,
            "lasting": year == LASTING,
            "created": created,
            "current": current,
            "payloads": payloads.get(key_id, 0),
            "secrets": secrets.get(key_id, 0),
        }
        for key_id, agency, year, created, current in rows
    ]


def _rotated(provider: KeyProvider, agency: str, year: int, *, quiet: bool) -> dict[str, Any]:
    """Rotate one agency's keys of one year, with a bar while it takes; tell how it went."""
    part = rotation.begin(provider, agency, year, CONTEXT)
    moved, refused = 0, []
    with progress_of(f"{agency} {_year(_shown(year))}", part.waiting) as advance:
        for step in rotation.move(provider, part):
            moved += step.moved
            refused += [str(payload_id) for payload_id in step.refused]
            advance(step.moved + len(step.refused))
    with transaction() as tx:
        secrets, secrets_refused = rotation.move_secrets(tx, provider, part)
        rotation.end(tx, part, moved + secrets, len(refused) + secrets_refused, CONTEXT)
    if not quiet:
        _tell(part, moved, secrets, refused, secrets_refused)
    return {
        "agency": agency,
        "year": _shown(year),
        "lasting": year == LASTING,
        "key": part.to,
        "new": part.made,
        "payloads": moved,
        "secrets": secrets,
        "refused": refused,
        "secrets_refused": secrets_refused,
    }


def _tell(part: rotation.Part, moved: int, secrets: int, refused: list[str], secrets_refused: int) -> None:
    begun = "new key" if part.made else "went on with key"
    what = f"{moved:,} payloads" + (f" and {secrets:,} secrets" if secrets else "")
    click.echo(f"{part.agency} {_year(_shown(part.year))}: {begun} {part.to}; {what} moved to it.")
    if refused:
        click.echo(f"{len(refused):,} payloads did not open and were left as they are:", err=True)
        for payload_id in refused[:FEW]:
            click.echo(f"  {payload_id}", err=True)
        if len(refused) > FEW:
            click.echo(f"  and {len(refused) - FEW:,} more; --json names them all.", err=True)
    if secrets_refused:
        click.echo(f"{secrets_refused:,} secrets of {part.agency} did not open.", err=True)


def _shown(year: int) -> int | None:
    return None if year == LASTING else year


def _year(year: int | None) -> str:
    return "lasting" if year is None else str(year)
