"""`marketplace device`: the keys that sealed work is opened with, and how an agency watches those of its people."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import click

from marketplace.cli import device_file
from marketplace.cli.client import Client, for_a_person
from marketplace.cli.key_names import KeyNamed, is_thumbprint
from marketplace.cli.speech import as_json, columns

JSON = click.option("--json", "json_wanted", is_flag=True, help="Print JSON for programs.")


@click.group()
def device() -> None:
    """Devices that sealed work is opened on."""


@device.command()
@click.option(
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The key file. It is made, for you alone, and never written over.",
)
def new(out: Path) -> None:
    """Make the key file of a program, and print its public part as one line of JSON.

    Paste that line on the page "My devices" of the marketplace, under "Set up a program"; you sign in at your agency
    once more, which confirms that the keys are yours. The file itself goes nowhere, not into a backup either: a program
    that lost its keys is set up anew.

    Example: marketplace device new --out device.json
    """
    click.echo(device_file.make(out).line)


@device.command("list")
@JSON
@for_a_person
def listing(client: Client, json_wanted: bool) -> None:
    """List your devices."""
    rows = client.get("/device-keys").json()["device_keys"]
    if json_wanted:
        as_json(rows)
    elif not rows:
        click.echo("You have set up no device.")
    else:
        columns(
            ("DEVICE", "KIND", "STATE", "SINCE", "THUMBPRINT", "ID"),
            [
                (row["name"], row["kind"], _state(row), row["enrolled_at"][:10], row["thumbprint"], row["id"])
                for row in rows
            ],
        )


@device.command(cls=KeyNamed)
@click.argument("device_id", metavar="DEVICE")
@for_a_person
def remove(client: Client, device_id: str) -> None:
    """Take your DEVICE out of use, for good: nothing is sealed to it any more.

    DEVICE is its id or its thumbprint; see: marketplace device list
    """
    if is_thumbprint(device_id):
        rows = client.get("/device-keys").json()["device_keys"]
        device_id = next((row["id"] for row in rows if row["thumbprint"] == device_id), device_id)
    client.post(f"/device-keys/{device_id}/remove")
    click.echo("Removed.")


@device.command()
@click.option(
    "--cursor", type=click.Path(dir_okay=False, path_type=Path), help="Where to remember how far it went."
)
@click.option("--after", type=click.IntRange(0), help="Begin at this number of the record instead.")
@click.option("--follow", is_flag=True, help="Go on watching, until it is stopped.")
@click.option(
    "--interval",
    default=60.0,
    show_default=True,
    type=click.FloatRange(0.1, 86_400),
    help="With --follow: seconds between two looks.",
)
@for_a_person
def watch(client: Client, cursor: Path | None, after: int | None, follow: bool, interval: float) -> None:
    """Print what happened to devices of your agency's people, a line of JSON for each event.

    For security officers. Each line has the nonce of the sign-in that vouched: a device whose nonce the log of your
    sign-in service does not have was not set up by one of your people. With --cursor a later call goes on where this
    one ended; an event that was printed when it was stopped is printed again.

    Example: marketplace device watch --cursor devices.cursor --follow >> devices.jsonl
    """
    begin = after if after is not None else _kept(cursor)
    while True:
        page = client.get("/agency/device-keys", after=begin).json()
        for event in page["events"]:
            click.echo(json.dumps(event, sort_keys=True))
        _keep(cursor, page["next"])
        more, begin = bool(page["events"]), page["next"]
        if more:
            continue
        if not follow:
            return
        time.sleep(interval)


def _state(row: dict[str, Any]) -> str:
    return "removed" if row["revoked_at"] else "set up" if row["live"] else "rests"


def _kept(cursor: Path | None) -> int:
    if cursor is None or not cursor.exists():
        return 0
    try:
        return int(json.loads(cursor.read_text())["next"])
    except (ValueError, KeyError, TypeError):
        raise click.ClickException(f"{cursor} is not a cursor. Remove it to begin anew.") from None


def _keep(cursor: Path | None, number: int) -> None:
    if cursor is None:
        return
    whole = cursor.with_name(f".{cursor.name}.new")
    with open(whole, "w") as file:
        json.dump({"next": int(number)}, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(whole, cursor)
