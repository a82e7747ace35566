"""`marketplace campaign`: post campaigns and fetch results, as a person, through the API."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from marketplace.cli.client import Client, Refusal, for_a_person, places
from marketplace.cli.files import spec_of, text_of
from marketplace.cli.speech import JSON, as_json, columns, listed, working

LARGEST_IMPORT = 32 * 1024 * 1024
FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)


@click.group()
def campaign() -> None:
    """Post campaigns and fetch their results, with your own token.

    These commands speak to a running marketplace through its API; they see what you may see, and what they do is on
    the record as done by you.
    """


@campaign.command("import")
@click.argument("file", type=FILE, metavar="FILE.csv")
@click.option(
    "--spec", "spec_file", type=FILE, required=True, metavar="SPEC.toml", help="The campaign's settings."
)
@JSON
@for_a_person
def import_(client: Client, file: Path, spec_file: Path, json_wanted: bool) -> None:
    """Post a campaign with one item per row of FILE.csv.

    Every row is checked first. If one cannot be used, each bad row is listed with its line and the reason, and nothing
    is imported. The file is UTF-8 with a header row; comma or semicolon. docs/campaign-toml.md explains SPEC.toml.

    Example: marketplace campaign import reports.csv --spec reports.toml
    """
    body = _body(spec_of(spec_file), text_of(file))
    try:
        with working(f"Importing {file.name} …"):
            made = client.post("/campaigns", body).json()
    except Refusal as refusal:
        _explain(refusal, json_wanted)
    room = f"{made['page']}/room"
    if json_wanted:
        as_json({"id": made["id"], "page": made["page"], "room": room, "items": made["total"]})
        return
    items = "1 item" if made["total"] == 1 else f"{made['total']} items"
    click.echo(f"Imported {items} as campaign {made['id']}")
    click.echo(room)


@campaign.command()
@click.argument("campaign_id", metavar="CAMPAIGN")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Write to this file, only for you to read.",
)
@for_a_person
def export(client: Client, campaign_id: str, out: Path | None) -> None:
    """Fetch the results of a campaign as CSV. CAMPAIGN is its id; see: marketplace campaign list

    Example: marketplace campaign export 7d8f2c9e-3b5a-4c1d-9e8f-0a1b2c3d4e5f --out results.csv
    """
    with working("Exporting …"):
        answer = client.get(f"/campaigns/{_id(campaign_id)}/results.csv")
    if out is None:
        click.echo(answer.content, nl=False)
        return
    with open(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as written:
        written.write(answer.content)
    click.echo(f"Written to {out}", err=True)


@campaign.command("list")
@JSON
@for_a_person
def list_(client: Client, json_wanted: bool) -> None:
    """List your agency's campaigns, and those to work on.

    Example: marketplace campaign list
    """
    found = client.get("/campaigns").json()
    rows = [_row(row, "results") for row in found["own"]] + [_row(row, "work") for row in found["can"]]
    head = ("CAMPAIGN", "FOR YOU", "SETTLED", "LEVEL", "DUE", "TITLE")
    listed(found, json_wanted, head, rows, none="There is no campaign for you at the moment.")


def _row(row: dict[str, Any], what: str) -> Sequence[Any]:
    settled = f"{row['settled']} of {row['total']}"
    return (row["id"], what, settled, row["level"], row["due"] or "", row["title"])


def _id(text: str) -> str:
    """An id as it may stand in an address: nothing that would lead to another one."""
    if not text or not all(letter.isascii() and (letter.isalnum() or letter == "-") for letter in text):
        raise click.UsageError("CAMPAIGN is an id such as 7d8f2c9e-3b5a-4c1d-9e8f-0a1b2c3d4e5f")
    return text.lower()


def _body(spec: dict[str, Any], csv: str) -> bytes:
    body = json.dumps({"spec": spec, "csv": csv}, ensure_ascii=False, allow_nan=False).encode()
    if len(body) > LARGEST_IMPORT:
        raise click.ClickException("The file is larger than 32 MB. Split it into several campaigns.")
    return body


def _explain(refusal: Refusal, json_wanted: bool) -> None:
    """Say what to mend, row by row or place by place, and end with status 1."""
    problem = refusal.problem
    if json_wanted:
        as_json(problem)
        sys.exit(1)
    errors = problem.get("errors")
    if not errors:
        raise refusal
    click.echo(problem["detail"], err=True)
    if isinstance(errors, list):
        columns(("LINE", "REASON"), [(error["row"], error["reason"]) for error in errors], err=True)
        more = problem.get("count", len(errors)) - len(errors)
        if more > 0:
            click.echo(f"… and {more} more.", err=True)
    else:
        columns(("SETTING", "REASON"), list(places(errors)), err=True)
    sys.exit(1)
