"""`marketplace agency scim-credential` and `directory-group`: SCIM, as an administrator sets it up from a terminal."""

from __future__ import annotations

import json

import click

from marketplace.cli.client import Client, for_a_person
from marketplace.cli.speech import JSON, as_json, listed


@click.group("scim-credential")
def scim_credential() -> None:
    """Let your agency's directory keep its people here (SCIM 2.0)."""


@scim_credential.command()
@click.argument("name")
@click.option(
    "--days", type=click.IntRange(1, 365), default=180, show_default=True, help="How long it is good."
)
@JSON
@for_a_person
def make(client: Client, name: str, days: int, json_wanted: bool) -> None:
    """Make a credential called NAME. Its token is printed once.

    Example: marketplace agency scim-credential make "Entra" --days 90
    """
    body = json.dumps({"name": name, "days": days}).encode()
    made = client.post("/agency/scim-credentials", body).json()
    if json_wanted:
        as_json(made)
        return
    click.echo(f"Address: {made['address']}")
    click.echo(f"Token:   {made['token']}")
    click.echo("Keep the token now: it cannot be shown again.", err=True)


@scim_credential.command("list")
@JSON
@for_a_person
def list_credentials(client: Client, json_wanted: bool) -> None:
    """List your agency's credentials.

    Example: marketplace agency scim-credential list
    """
    found = client.get("/agency/scim-credentials").json()
    rows = [
        (row["id"], row["name"], row["made_by"], row["used_on"] or "never", row["over_at"][:10])
        for row in found["credentials"]
    ]
    listed(found, json_wanted, ("CREDENTIAL", "NAME", "MADE BY", "LAST USED", "ENDS"), rows)


@scim_credential.command()
@click.argument("credential", type=click.UUID)
@for_a_person
def end(client: Client, credential: object) -> None:
    """End a credential at once; see: marketplace agency scim-credential list

    Example: marketplace agency scim-credential end 7d8f2c9e-3b5a-4c1d-9e8f-0a1b2c3d4e5f
    """
    client.post(f"/agency/scim-credentials/{credential}/end")
    click.echo("Ended.")


@click.group("directory-group")
def directory_group() -> None:
    """Say what the groups of your agency's directory give their members."""


@directory_group.command("list")
@JSON
@for_a_person
def list_groups(client: Client, json_wanted: bool) -> None:
    """List the groups that your directory sent.

    Example: marketplace agency directory-group list
    """
    found = client.get("/agency/directory-groups").json()
    rows = [(row["id"], row["role"] or row["unit"] or "nothing", row["name"]) for row in found["groups"]]
    listed(found, json_wanted, ("GROUP", "GIVES", "NAME"), rows)


@directory_group.command()
@click.argument("group", type=click.UUID)
@click.option("--role", help="task_owner, appraiser or line_manager.")
@click.option("--unit", type=click.UUID, help="A unit of your agency, by its id.")
@for_a_person
def give(client: Client, group: object, role: str | None, unit: object) -> None:
    """Let GROUP give its members a role or a unit; with neither it gives nothing any more.

    Example: marketplace agency directory-group give 7d8f2c9e-3b5a-4c1d-9e8f-0a1b2c3d4e5f --role appraiser
    """
    wanted = {"role": role, "unit_id": str(unit) if unit else None}
    client.post(f"/agency/directory-groups/{group}/gives", json.dumps(wanted).encode())
    click.echo("Saved.")
