"""`marketplace campaign`: post campaigns and fetch results, as a person, through the API."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn
from uuid import UUID

import click

from marketplace.cli import (
    campaign_recover,
    campaign_stages,
    device_file,
    sealed_export,
    sealed_import,
    settling,
)
from marketplace.cli.client import Client, Refusal, for_a_person, places
from marketplace.cli.files import spec_of, text_of
from marketplace.cli.ids import id_of, text_of_id
from marketplace.cli.key_release import Trusted, read_trusted
from marketplace.cli.speech import JSON, as_json, columns, listed, working
from security.sealing import SealingError
from tasks import table
from tasks.errors import BadRows

LARGEST_IMPORT = 32 * 1024 * 1024
FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)
DEVICE = click.option(
    "--device", "device_path", type=FILE, help="Your key file, for sealed work; see: marketplace device new"
)


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
@DEVICE
@click.option(
    "--trust", "trust_path", type=FILE, help="Whom to trust when other devices of yours get the key, too."
)
@click.option("--into", metavar="CAMPAIGN", help="Go on with sealed items behind those that are in.")
@click.option(
    "--batch",
    type=click.IntRange(4_096, sealed_import.LARGEST_BATCH),
    default=sealed_import.LARGEST_BATCH,
    show_default=True,
    help="Bytes of sealed items in one request, at most.",
)
@click.option("--draft", is_flag=True, help="Keep it to yourself; `campaign submit` sends it for approval.")
@JSON
@for_a_person
def import_(
    client: Client,
    file: Path,
    spec_file: Path,
    device_path: Path | None,
    trust_path: Path | None,
    into: str | None,
    batch: int,
    draft: bool,
    json_wanted: bool,
) -> None:
    """Post a campaign with one item per row of FILE.csv.

    Every row is checked first. If one cannot be used, each bad row is listed with its line and the reason, and nothing
    is imported. The file is UTF-8 with a header row; comma or semicolon. docs/campaign-toml.md explains SPEC.toml.

    Where your agency has work of this level sealed end to end, FILE.csv never leaves this machine: its rows are sealed
    here, with the key file that --device names, and only then sent, in as many requests as it takes. If one fails, what
    is in stays in: the same command with --into goes on behind it. With --device nothing is ever sent unsealed,
    whatever the marketplace says of the level. docs/end-to-end.md explains it.

    The campaign's key is sealed for this device and for your agency's own keys, whose names are said: compare them.
    Other devices of yours get it where --trust names whom your agency trusts and they are shown to be yours.

    Example: marketplace campaign import reports.csv --spec reports.toml
    """
    text, spec = text_of(file), spec_of(spec_file)
    try:
        found = client.post("/campaigns/sealed/check", json.dumps({"spec": spec}).encode()).json()
        if found["sealed_before"] and draft:
            raise click.UsageError("--draft is for work that the marketplace may read.")
        if found["sealed_before"]:
            trusted = None if trust_path is None else read_trusted(trust_path)
            made = _posted(client, found, text, device_path, trusted, batch, into)
        elif device_path is not None:
            raise click.ClickException(
                "Your agency does not have work of this level sealed before it leaves this machine. Nothing was sent. "
                "If the marketplace may read these rows, say the same without --device."
            )
        elif into is not None:
            raise click.UsageError("--into is for work that is sealed end to end.")
        else:
            body = _body(spec, text, draft)
            with working(f"Importing {file.name} …"):
                made = client.post("/campaigns", body).json()
    except Refusal as refusal:
        _explain(refusal.problem, refusal, json_wanted)
    except BadRows as bad:
        problem = {"detail": bad.message, **bad.facts}
        _explain(problem, click.ClickException(bad.message), json_wanted)
    except SealingError as error:
        raise click.ClickException(f"The rows could not be sealed ({type(error).__name__}).") from None
    room = f"{made['page']}/room"
    if json_wanted:
        told = {"id": made["id"], "page": made["page"], "room": room, "items": made["total"]}
        as_json(told | {"stage": made["stage"]})
        return
    items = "1 item" if made["total"] == 1 else f"{made['total']} items"
    click.echo(f"Imported {items} as campaign {made['id']}")
    click.echo(room)
    click.echo(campaign_stages.SAID[made["stage"]])


@campaign.command()
@click.argument("campaign_id", metavar="CAMPAIGN")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Write to this file, only for you to read.",
)
@DEVICE
@click.option(
    "--trust",
    "trust_path",
    type=FILE,
    help="Whom to trust when another device than this one sealed or decided.",
)
@click.option(
    "--unproved",
    is_flag=True,
    help="Also what nobody is shown to have sealed, of people who were erased, say.",
)
@for_a_person
def export(
    client: Client,
    campaign_id: str,
    out: Path | None,
    device_path: Path | None,
    trust_path: Path | None,
    unproved: bool,
) -> None:
    """Fetch the results of a campaign as CSV. CAMPAIGN is its id; see: marketplace campaign list

    With --device the results of a sealed campaign are opened here; those of one that is sealed end to end can be opened
    nowhere else, and by no device that does not hold the campaign's key. Who sealed each item and decided each result
    is checked before anything is written: by this device's own key, and by --trust for all others. With --trust nothing
    that the marketplace itself sealed is taken for a result.

    Example: marketplace campaign export 7d8f2c9e-3b5a-4c1d-9e8f-0a1b2c3d4e5f --out results.csv
    """
    with working("Exporting …"):
        if device_path is None:
            content = client.get(f"/campaigns/{text_of_id(campaign_id)}/results.csv").content
        else:
            content = _opened(client, id_of(campaign_id), device_path, trust_path, unproved).encode()
    if out is None:
        click.echo(content, nl=False)
        return
    with open(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as written:
        written.write(content)
    click.echo(f"Written to {out}", err=True)


@campaign.command()
@click.argument("campaign_id", metavar="CAMPAIGN")
@click.option("--device", "device_path", type=FILE, required=True, help="Your key file, which holds the key.")
@JSON
@for_a_person
def settle(client: Client, campaign_id: str, device_path: Path, json_wanted: bool) -> None:
    """Decide the items of CAMPAIGN that have all their answers, where it is sealed end to end.

    The marketplace cannot read its answers. They are opened on this machine, decided by the same rule as everywhere,
    sealed and handed back. Again does no harm. An item with an answer that does not open or fit stays undecided, and
    the status is 1.

    Example: marketplace campaign settle 7d8f2c9e-3b5a-4c1d-9e8f-0a1b2c3d4e5f --device device.json
    """
    device = device_file.read(device_path)
    try:
        with working("Settling …"):
            outcome = settling.settle(client, id_of(campaign_id), device, device)
    except SealingError as error:
        raise click.ClickException(f"The campaign's key does not open ({type(error).__name__}).") from None
    if json_wanted:
        left = [{"number": number, "reason": why} for number, why in outcome.left]
        as_json({"settled": outcome.settled, "left": left})
    else:
        click.echo("1 item settled" if outcome.settled == 1 else f"{outcome.settled} items settled")
        if outcome.left:
            click.echo("Left undecided, because an answer does not open or fit:", err=True)
            columns(("ITEM", "REASON"), outcome.left, err=True)
    if outcome.left:
        sys.exit(1)


@campaign.command("list")
@JSON
@for_a_person
def list_(client: Client, json_wanted: bool) -> None:
    """List your agency's campaigns, and those to work on.

    Example: marketplace campaign list
    """
    found = client.get("/campaigns").json()
    rows = [_row(row, "results") for row in found["own"]] + [_row(row, "work") for row in found["can"]]
    head = ("CAMPAIGN", "FOR YOU", "SETTLED", "LEVEL", "DUE", "NAME", "TITLE")
    listed(found, json_wanted, head, rows, none="There is no campaign for you at the moment.")


@campaign.command()
@click.argument("campaign_id", metavar="CAMPAIGN")
@click.option("--yes", is_flag=True, help="Do not ask; for programs.")
@JSON
@for_a_person
def shred(client: Client, campaign_id: str, yes: bool, json_wanted: bool) -> None:
    """Shred everything sealed of a campaign, before its last day. CAMPAIGN is its id; see: marketplace campaign list

    The keys and the content of its items, answers and results are destroyed. Nobody can bring them back. The campaign
    ends; the numbers of settled items, agreement and days stay.

    Example: marketplace campaign shred 7d8f2c9e-3b5a-4c1d-9e8f-0a1b2c3d4e5f
    """
    path = f"/campaigns/{text_of_id(campaign_id)}"
    found = client.get(path).json()
    if not yes:
        click.echo(f"{found['title']}: {found['total']} items, {found['settled']} settled.", err=True)
        click.echo("Their content, all answers and results are lost for ever. Export them first.", err=True)
        click.confirm("Shred it?", abort=True, err=True)
    done = client.post(f"{path}/shred").json()
    if json_wanted:
        as_json({"id": done["id"], "kept_until": done["kept_until"], "shredded_on": done["shredded_on"]})
        return
    click.echo("It is being shredded; the campaign takes no more answers.")


def _row(row: dict[str, Any], what: str) -> Sequence[Any]:
    settled = f"{row['settled']} of {row['total']}"
    return (row["id"], what, settled, row["level"], row["due"] or "", row["name"], row["title"])


def _body(spec: dict[str, Any], csv: str, draft: bool) -> bytes:
    body = json.dumps(
        {"spec": spec, "csv": csv, "draft": draft}, ensure_ascii=False, allow_nan=False
    ).encode()
    if len(body) > LARGEST_IMPORT:
        raise click.ClickException("The file is larger than 32 MB. Split it into several campaigns.")
    return body


def _posted(
    client: Client,
    found: dict[str, Any],
    text: str,
    device_path: Path | None,
    trusted: Trusted | None,
    largest: int,
    into: str | None,
) -> dict[str, Any]:
    """The campaign, with what is posted in place of the file."""
    if device_path is None:
        raise click.ClickException(
            "Your agency has work of this level sealed before it leaves this machine. Nothing was sent. Name the key "
            "file of your device with --device; see: marketplace device new"
        )
    device = device_file.read(device_path)
    if device.thumbprint not in [each["thumbprint"] for each in found["devices"]]:
        raise click.ClickException(f"{device_path} is no device of yours that is set up. Nothing was sent.")
    rows = table.items(text, found["settings"]["form"])
    if into is None:
        return sealed_import.post(client, found, rows, device, largest, trusted)
    return sealed_import.go_on(client, found, rows, device, largest, id_of(into), trusted)


def _opened(
    client: Client, campaign_id: UUID, device_path: Path, trust_path: Path | None, unproved: bool
) -> str:
    device = device_file.read(device_path)
    trusted = None if trust_path is None else read_trusted(trust_path)
    found: set[str] | None = set() if unproved else None
    try:
        content = sealed_export.results_csv(client, campaign_id, device, trusted, found)
    except SealingError as error:
        raise click.ClickException(f"A result does not open ({type(error).__name__}).") from None
    for what in sorted(found or ()):
        click.echo(f"Not shown to be sealed by a device of your agency: {what}", err=True)
    return content


def _explain(problem: dict[str, Any], refusal: click.ClickException, json_wanted: bool) -> NoReturn:
    """Say what to mend, row by row or place by place, and end with status 1."""
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


campaign.add_command(campaign_recover.of_campaign)


for command in campaign_stages.COMMANDS:
    campaign.add_command(command)
