"""`marketplace agency handling` and `agency key`: how work is handled, and the keys that an agency keeps itself."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import click

from agencies import agency_keys
from marketplace.cli.client import Client, for_a_person
from marketplace.cli.key_names import KeyNamed
from marketplace.cli.speech import JSON, listed
from security.principal import Zone
from security.sealing import AlgorithmRefused, base64url, keys, recovery, thumbprints

LEVELS = click.Choice(["public", "internal", "sensitive", "restricted"])
HEAD = ("LEVEL", "PROTECTION", "DAYS", "NETWORKS", "ONE", "VIEWS", "MINUTES", "MARK", "EXPORT")


class Limit(click.ParamType):
    """A whole number, or `none` for no limit."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "none" or isinstance(value, int):
            return value
        if not (value.isascii() and value.isdigit()):
            self.fail(f"{value} is neither a whole number nor the word none.", param, ctx)
        return int(value)


@click.group()
def handling() -> None:
    """How your agency has its work of each level protected, kept, and shown."""


@handling.command()
@JSON
@for_a_person
def show(client: Client, json_wanted: bool) -> None:
    """Show how work of each level is handled.

    Example: marketplace agency handling show
    """
    _told(client.get("/agency/handling").json(), json_wanted)


@handling.command("set")
@click.argument("level", type=LEVELS)
@click.option("--protection", type=click.Choice(["server", "end_to_end"]), help="Who can open it.")
@click.option("--keep-days", type=int, help="Days after a campaign's last one.")
@click.option(
    "--zones", help="Networks in which the rules at the screen hold, with commas; none for nowhere."
)
@click.option("--one-at-a-time/--several-at-once", default=None, help="Sealed items in one person's hands.")
@click.option("--views", type=Limit(), help="Times an item may be opened; none for no limit.")
@click.option("--idle-minutes", type=Limit(), help="Minutes until an item closes; none for never.")
@click.option("--watermark/--no-watermark", default=None, help="A code of the session over the item.")
@click.option("--export/--no-export", "may_export", default=None, help="Exports from these networks.")
@JSON
@for_a_person
def set_(client: Client, level: str, json_wanted: bool, **given: Any) -> None:
    """Change how work of LEVEL is handled; what is left out stays.

    Example: marketplace agency handling set restricted --protection end_to_end --zones home,public --views 5
    """
    wanted = {name: None if value == "none" else value for name, value in given.items() if value is not None}
    if "zones" in wanted:
        wanted["zones"] = _zones(str(wanted["zones"] or ""))
    _told(client.post(f"/agency/handling/{level}", json.dumps(wanted).encode()).json(), json_wanted)


@click.group()
def key() -> None:
    """The keys that your agency keeps itself; the marketplace gets the public halves."""


@key.command()
@click.option("--kind", type=click.Choice(agency_keys.KINDS), required=True, help="What the key is for.")
@click.option(
    "--suite",
    type=click.Choice(list(agency_keys.SUITES)),
    default="p256",
    show_default=True,
    help="The kind of key pair.",
)
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="A new file for the private half."
)
def new(kind: str, suite: str, out: Path) -> None:
    """Make a pair of keys here: the private half goes into a file, the public half is printed.

    Nothing is sent. Browsers cannot seal to mlkem768_x25519, which is for recovery only and holds against quantum
    computers too.

    Example: marketplace agency key new --kind recovery --suite mlkem768_x25519 --out recovery.key
    """
    if kind == agency_keys.PROCESSING and suite != agency_keys.P256:
        raise click.UsageError("A processing key is of the suite p256: browsers seal to it.")
    try:
        private, public, key_id = _pair(kind, suite)
    except AlgorithmRefused:
        raise click.ClickException("This computer cannot make keys of that suite. Choose p256.") from None
    _keep(out, json.dumps(private).encode() + b"\n")
    click.echo(json.dumps(public))
    click.echo(f"Name of the key: {key_id}", err=True)
    click.echo(f"The private half is in {out}. Keep it where only you can reach it.", err=True)


@key.command()
@click.argument("public", type=click.File("rb"))
@click.option("--kind", type=click.Choice(agency_keys.KINDS), required=True, help="What the key is for.")
@JSON
@for_a_person
def register(client: Client, public: Any, kind: str, json_wanted: bool) -> None:
    """Register the public half in the file PUBLIC (- for standard input), replacing the last.

    Example: marketplace agency key register recovery.pub --kind recovery
    """
    try:
        given = json.loads(public.read())
    except ValueError:
        raise click.ClickException("This is no public half as `agency key new` prints it.") from None
    if isinstance(given, dict) and agency_keys.PRIVATE & given.keys():
        raise click.ClickException("This is the private half. It was not sent; register the public half.")
    body = json.dumps({"kind": kind, "public_key": given}).encode()
    _listed(client.post("/agency/keys", body).json(), json_wanted)


@key.command("list")
@JSON
@for_a_person
def list_(client: Client, json_wanted: bool) -> None:
    """List your agency's keys, those that hold first.

    Example: marketplace agency key list
    """
    _listed(client.get("/agency/keys").json(), json_wanted)


@key.command(cls=KeyNamed)
@click.argument("key_id")
@JSON
@for_a_person
def end(client: Client, key_id: str, json_wanted: bool) -> None:
    """End the key KEY_ID: nothing is sealed to it from now on; see: marketplace agency key list

    Example: marketplace agency key end NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs
    """
    _listed(client.post(f"/agency/keys/{key_id}/end").json(), json_wanted)


def _zones(typed: str) -> list[str]:
    zones = [zone.strip() for zone in typed.split(",") if zone.strip()]
    known = [zone.value for zone in Zone]
    for zone in zones:
        if zone not in known:
            raise click.UsageError(f"There is no network {zone!r}. Known are {', '.join(known)}.")
    return zones


def _told(found: dict[str, Any], json_wanted: bool) -> None:
    rows = [
        (
            row["level"], row["protection"], row["keep_days"], ",".join(row["zones"]) or "-",
            _plain(row["one_at_a_time"]), _plain(row["views"]), _plain(row["idle_minutes"]),
            _plain(row["watermark"]), _plain(row["may_export"]),
        )
        for row in found["levels"]
    ]  # fmt: skip
    listed(found, json_wanted, HEAD, rows)


def _plain(value: int | bool | None) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)


def _listed(found: dict[str, Any], json_wanted: bool) -> None:
    rows = [
        (
            each["kind"],
            each["suite"],
            each["key_id"],
            each["added_at"][:10],
            (each["ended_at"] or "")[:10] or "-",
        )
        for each in found["keys"]
    ]
    listed(found, json_wanted, ("KIND", "SUITE", "NAME OF THE KEY", "SINCE", "ENDED"), rows, none="None yet.")


def _pair(kind: str, suite: str) -> tuple[dict[str, str], dict[str, str], str]:
    """A private half, its public half and its name. Raises AlgorithmRefused."""
    if suite == agency_keys.HYBRID:
        hybrid = recovery.new_private(agency_keys.SUITES[suite])
        public = {"raw": base64url.encoded(hybrid.public.data)}
        return {"seed": base64url.encoded(hybrid.secret)}, public, hybrid.public.key_id
    pair = keys.new_private()
    jwk = keys.public_jwk(pair)
    if kind == agency_keys.PROCESSING:
        return keys.private_jwk(pair), jwk, thumbprints.of(jwk)
    public_half = recovery.PublicKey(agency_keys.SUITES[suite], keys.point_bytes(pair.public_key()))
    return keys.private_jwk(pair), jwk, public_half.key_id


def _keep(path: Path, secret: bytes) -> None:
    """Write a file that only its owner can read; one that is there already is left alone."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise click.ClickException(f"{path} is there already. A key is not written over another.") from None
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written: {error.strerror}.") from None
    with os.fdopen(handle, "wb") as file:
        file.write(secret)
        file.flush()
        os.fsync(file.fileno())


EVERY = (handling, key)
