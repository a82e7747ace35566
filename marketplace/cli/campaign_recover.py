"""`marketplace campaign recover` and `key recover`: a campaign's key for a new device, by the agency's offline key.

In one step where the offline key may be read beside the network; else in three: fetched here, opened on the machine
that has the key and no network, sent here.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import click

from marketplace.cli import recovery
from marketplace.cli.client import Client, for_a_person
from marketplace.cli.ids import id_of
from marketplace.cli.key_release import read_trusted
from security.key_transparency import EvidenceRefused
from security.sealing import SealingError, thumbprints
from security.sealing.strict_json import members_of

FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)
NEW_FILE = click.Path(dir_okay=False, path_type=Path)


class Thumbprint(click.ParamType):
    """What a device is called wherever content is sealed to it."""

    name = "thumbprint"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not thumbprints.is_thumbprint(value):
            self.fail(f"{value} is not the thumbprint of a device: 43 characters, as its owner sees them.")
        return str(value)


FOR = click.option(
    "--for",
    "device",
    type=Thumbprint(),
    help="The new device's thumbprint, as its owner reads it out to you.",
)
KEY = click.option("--key", "key_file", type=FILE, help="Your agency's offline key, the private half.")
TRUST = click.option(
    "--trust",
    "trust_file",
    type=FILE,
    help="Whom your agency trusts: the record's key, witnesses, sign-in services.",
)


@click.command("recover")
@click.argument("campaign_id", metavar="CAMPAIGN")
@FOR
@KEY
@TRUST
@click.option(
    "--save", type=NEW_FILE, help="Only fetch, into a new file for the machine with the offline key."
)
@click.option("--send", type=FILE, help="Only send what `marketplace key recover` wrote there.")
@for_a_person
def of_campaign(
    client: Client,
    campaign_id: str,
    device: str | None,
    key_file: Path | None,
    trust_file: Path | None,
    save: Path | None,
    send: Path | None,
) -> None:
    """Give the key of CAMPAIGN to a new device, when every device that held it is lost.

    Your agency's offline key opens it. Whose the new device is, is verified on the witnessed record before anything is
    wrapped. The campaign's owner and everybody who holds its key are told, and it is on the record.

    Where the offline key stays on a machine without a network: --save, then `marketplace key recover` there, then
    --send.

    Example: marketplace campaign recover 7d8f2c9e-3b5a-4c1d-9e8f-0a1b2c3d4e5f --for … --key recovery.key --trust …
    """
    campaign = id_of(campaign_id)
    if [save, send, key_file].count(None) != 2:
        raise click.UsageError("Say one of these: --key with --trust, or --save, or --send.")
    if send is not None:
        _send(client, campaign, _members(send))
        return
    if device is None:
        raise click.UsageError("Name the new device with --for.")
    path = f"/campaigns/{campaign}/key/recovery"
    if save is not None:
        found = client.get(path, device=device).json()
        _keep(save, found)
        click.echo(f"Written to {save}. Sealed for the offline key {recovery.sealed_for(found)}", err=True)
        return
    if key_file is None or trust_file is None:
        raise click.UsageError("With --key say also whom your agency trusts: --trust")
    held, trusted = recovery.read_key(key_file), read_trusted(trust_file)  # before anything is asked for
    found = client.get(path, device=device).json()
    with _explaining(found, held.public.key_id):
        made = recovery.answer(found, campaign, device, held, trusted, datetime.now(UTC))
    _send(client, campaign, made)


@click.command("recover")
@click.argument("request", type=FILE, metavar="FILE")
@click.option("--campaign", required=True, metavar="CAMPAIGN", help="The campaign that it has to be.")
@FOR
@KEY
@TRUST
@click.option("--out", type=NEW_FILE, required=True, help="A new file, to be sent.")
def offline(
    request: Path,
    campaign: str,
    device: str | None,
    key_file: Path | None,
    trust_file: Path | None,
    out: Path,
) -> None:
    """Open a campaign's key with your agency's offline key, for the new device. Needs no network and no token.

    FILE is what `marketplace campaign recover --save` wrote. Campaign and device are typed again here, because that
    file comes from a machine that you need not trust.

    Example: marketplace key recover request.json --campaign … --for … --key recovery.key --trust … --out answer.json
    """
    if device is None or key_file is None or trust_file is None:
        raise click.UsageError("--for, --key and --trust are all needed.")
    held, trusted = recovery.read_key(key_file), read_trusted(trust_file)
    found = _members(request)
    with _explaining(found, held.public.key_id):
        made = recovery.answer(found, id_of(campaign), device, held, trusted, datetime.now(UTC))
    _keep(out, made)
    click.echo(f"Written to {out}. Send it: marketplace campaign recover {campaign} --send {out}", err=True)


@contextmanager
def _explaining(found: Mapping[str, Any], held: str) -> Iterator[None]:
    """What does not hold becomes a sentence, with the name of what it is."""
    try:
        yield
    except EvidenceRefused as error:
        raise click.ClickException(
            f"Whose device this is, is not shown ({type(error).__name__}). {error.message} Nothing was given."
        ) from None
    except SealingError as error:
        sealed_for = recovery.sealed_for(found)
        if sealed_for != held:
            why = f"was sealed for the offline key {sealed_for}. This file holds {held}."
        else:
            why = f"does not open ({type(error).__name__}). Nothing was given."
        raise click.ClickException(f"The campaign's key {why}") from None


def _send(client: Client, campaign: UUID, made: Mapping[str, Any]) -> None:
    if made.get("campaign") != str(campaign) or made.keys() != {"campaign", "device", "slot"}:
        raise click.ClickException("This is not what `marketplace key recover` wrote for this campaign.")
    body = {"device": made["device"], "slot": made["slot"]}
    done = client.post(f"/campaigns/{campaign}/key/recovery", json.dumps(body).encode()).json()
    click.echo(f"Device {done['device']} holds the key of campaign {campaign}.")


def _members(path: Path) -> dict[str, Any]:
    try:
        return members_of(path.read_bytes())
    except OSError as error:
        raise click.ClickException(f"{path} cannot be read ({error.strerror}).") from None
    except ValueError:
        raise click.ClickException(f"{path} is not a file of this command.") from None


def _keep(path: Path, content: Mapping[str, Any]) -> None:
    """Write a new file for its owner alone; one that is there already is left as it is."""
    try:
        place = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise click.ClickException(f"{path} is there already, and nothing is written over.") from None
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written ({error.strerror}).") from None
    with os.fdopen(place, "wb") as file:
        file.write(json.dumps(content, sort_keys=True).encode() + b"\n")
