"""`marketplace agency enrol`, `sign` and their like: what takes several signatures, as an administrator."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from marketplace.cli.client import Client, Refusal, for_a_person, places
from marketplace.cli.files import spec_of
from marketplace.cli.speech import JSON, as_json, columns, listed

FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)
LEVEL = click.Choice(["public", "internal", "sensitive", "restricted"])
SIDE = click.Choice(["owner", "guest"])


@click.command()
@click.argument("file", type=FILE, metavar="FILE.toml")
@click.option(
    "--unchecked",
    is_flag=True,
    help="Propose it although the provider cannot be looked at; signers are told.",
)
@JSON
@for_a_person
def enrol(client: Client, file: Path, unchecked: bool, json_wanted: bool) -> None:
    """Propose a new agency with its provider. FILE.toml has the tables [agency] and [provider].

    A second administrator signs it, of another agency as soon as two have one. docs/agency-toml.md explains the file.
    The marketplace looks at the provider first, as `marketplace agency check ISSUER` does.

    Example: marketplace agency enrol harbour.toml
    """
    body = spec_of(file) | {"unchecked": unchecked}
    _shown(_sent(client, "/proposals/enrolments", body, json_wanted), json_wanted)


@click.command()
@click.argument("agency")
@click.argument("file", type=FILE, metavar="FILE.toml")
@JSON
@for_a_person
def change(client: Client, agency: str, file: Path, json_wanted: bool) -> None:
    """Propose how the provider of AGENCY is used from now on. FILE.toml has what stands in [provider], without issuer.

    `new_key = true` makes a new key of ours. A suspended provider comes back in the same way.

    Example: marketplace agency change harbour-office provider.toml
    """
    body = spec_of(file) | {"agency": agency}
    _shown(_sent(client, "/proposals/providers", body, json_wanted), json_wanted)


@click.command()
@click.argument("owner")
@click.argument("guest")
@click.option(
    "--level", type=LEVEL, required=True, help="The highest label that people of GUEST may work on."
)
@click.option("--rules-of", type=SIDE, default="owner", show_default=True, help="Whose house rules hold.")
@click.option("--hours-of", type=SIDE, default="guest", show_default=True, help="Whose hours the work takes.")
@click.option(
    "--requests-to", type=SIDE, default="owner", show_default=True, help="Who answers a request for data."
)
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="The last day; without one they hold on.")
@click.option("--note", default="", help="Anything else that both sign.")
@JSON
@for_a_person
def share(client: Client, owner: str, guest: str, until: Any, json_wanted: bool, **said: str) -> None:
    """Propose terms under which people of GUEST do work that OWNER posts. Both sides sign; one of them is yours.

    Example: marketplace agency share aviation archives --level internal --until 2030-12-31
    """
    body = said | {"owner": owner, "guest": guest, "until": f"{until:%Y-%m-%d}" if until else None}
    _shown(_sent(client, "/proposals/terms", body, json_wanted), json_wanted)


@click.command()
@JSON
@for_a_person
def proposals(client: Client, json_wanted: bool) -> None:
    """List the proposals that concern your agency, open ones first.

    Example: marketplace agency proposals
    """
    found = client.get("/proposals").json()["proposals"]
    rows = [
        (row["id"], row["kind"], row["state"], "you" if row["can_sign"] else _missing(row), about(row))
        for row in found
    ]
    head = ("PROPOSAL", "KIND", "STATE", "WAITS FOR", "ABOUT")
    listed(found, json_wanted, head, rows, none="There are no proposals.")


@click.command()
@click.argument("proposal", type=click.UUID)
@JSON
@for_a_person
def sign(client: Client, proposal: object, json_wanted: bool) -> None:
    """Sign a proposal for your agency. Read it first: marketplace agency proposals --json

    Example: marketplace agency sign 7d8f2c9e-3b5a-4c1d-9e8f-0a1b2c3d4e5f
    """
    signed = client.post(f"/proposals/{proposal}/signatures").json()
    if json_wanted:
        as_json(signed)
        return
    click.echo("Signed and in force." if signed["state"] == "in_force" else f"Signed. {_waits(signed)}")
    if signed["kind"] == "provider.enrol" and signed["state"] == "in_force":
        click.echo(f"Invite its first administrator: marketplace agency first-administrator {proposal}")


@click.command()
@click.argument("proposal", type=click.UUID)
@for_a_person
def withdraw(client: Client, proposal: object) -> None:
    """Take a proposal back, or decline it.

    Example: marketplace agency withdraw 7d8f2c9e-3b5a-4c1d-9e8f-0a1b2c3d4e5f
    """
    client.post(f"/proposals/{proposal}/withdrawal")
    click.echo("Withdrawn.")


@click.command("first-administrator")
@click.argument("proposal", type=click.UUID)
@for_a_person
def first_administrator(client: Client, proposal: object) -> None:
    """Invite an administrator of the agency that PROPOSAL brought in, while it has none. The link is printed once.

    Example: marketplace agency first-administrator 7d8f2c9e-3b5a-4c1d-9e8f-0a1b2c3d4e5f
    """
    click.echo(client.post(f"/proposals/{proposal}/first-administrator").json()["address"])
    click.echo("Send it to one person only: whoever opens it first may join.", err=True)


@click.command()
@JSON
@for_a_person
def terms(client: Client, json_wanted: bool) -> None:
    """List the sharing terms that your agency is part of.

    Example: marketplace agency terms
    """
    found = client.get("/terms").json()["terms"]
    rows = [
        (
            row["id"],
            row["owner"]["slug"],
            row["guest"]["slug"],
            row["level"],
            "in force" if row["in_force"] else "ended",
            (row["until"] or "")[:10],
        )
        for row in found
    ]
    listed(found, json_wanted, ("TERMS", "OWNER", "GUEST", "UP TO", "STATE", "OVER ON"), rows)


@click.command("end-terms")
@click.argument("terms_id", type=click.UUID, metavar="TERMS")
@for_a_person
def end_terms(client: Client, terms_id: object) -> None:
    """End sharing terms at once; see: marketplace agency terms

    Example: marketplace agency end-terms 7d8f2c9e-3b5a-4c1d-9e8f-0a1b2c3d4e5f
    """
    client.post(f"/terms/{terms_id}/end")
    click.echo("Ended.")


@click.command()
@click.confirmation_option(
    prompt="Nobody of your agency can sign in until two have signed for it again. Suspend?"
)
@for_a_person
def suspend(client: Client) -> None:
    """Stop sign-in by your agency's provider at once, and end every session it vouched for.

    Example: marketplace agency suspend --yes
    """
    client.post("/agency/provider/suspension")
    click.echo("Suspended. The way back: marketplace agency change AGENCY FILE.toml, and a second signature.")


EVERY = (
    enrol, change, share, proposals, sign, withdraw, first_administrator, terms, end_terms, suspend,
)  # fmt: skip


def about(row: dict[str, Any]) -> str:
    """What a proposal is about, in a few words."""
    content = row["content"]
    if row["kind"] == "provider.enrol":
        return f"{content['agency']['name']} by {content['provider']['issuer']}"
    if row["kind"] == "provider.change":
        return f"the provider of {content['slug']}"
    if row["kind"] == "keys.destroy":
        return f"key {content['key']}: {content['payloads']:,} payloads become unreadable for ever"
    return f"{content['guest']} works for {content['owner']} up to {content['level']}"


def _sent(client: Client, path: str, body: dict[str, Any], json_wanted: bool) -> dict[str, Any]:
    try:
        made: dict[str, Any] = client.post(path, json.dumps(body, ensure_ascii=False).encode()).json()
    except Refusal as refusal:
        _explain(refusal, json_wanted)
        raise
    return made


def _shown(made: dict[str, Any], json_wanted: bool) -> None:
    if json_wanted:
        as_json(made)
        return
    click.echo(f"Proposal {made['id']}")
    for flag in made["content"].get("flags", ()):
        other = f" (agency {flag['other']})" if flag["other"] else ""
        click.echo(f"Look twice: the {flag['what']} {flag['value']} is {_HOW[flag['how']]}{other}.", err=True)
    for key in made["content"].get("keys", ()):
        click.echo("Register this public key of ours at the provider:")
        as_json({"keys": [key]})
    click.echo(_waits(made) if made["state"] == "open" else "It is in force.")


_HOW = {"near": "close to another", "mixed_script": "written in several alphabets"}


def _waits(row: dict[str, Any]) -> str:
    return f"It waits for the signature of {_missing(row)}."


def _missing(row: dict[str, Any]) -> str:
    return "; ".join(" or ".join(place) for place in row["missing"]) or "nobody"


def _explain(refusal: Refusal, json_wanted: bool) -> None:
    """Say what to mend, place by place, and end with status 1; other refusals pass."""
    errors = refusal.problem.get("errors")
    if json_wanted:
        as_json(refusal.problem)
        sys.exit(1)
    if errors:
        click.echo(refusal.problem["detail"], err=True)
        columns(("SETTING", "REASON"), list(places(errors)), err=True)
        sys.exit(1)
