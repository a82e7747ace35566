"""`marketplace agency`: who takes part, and what agencies agree on, through the API as an administrator."""

from __future__ import annotations

import click

from marketplace.cli.client import Client, for_a_person
from marketplace.cli.scim import directory_group, scim_credential
from marketplace.cli.speech import as_json, columns


@click.group()
def agency() -> None:
    """Agencies, their sign-in services, and what they agree on.

    Except where a command says otherwise, these speak to a running marketplace with your own token; what they do is
    on the record as done by you.
    """


@agency.command("list")
@click.option("--json", "json_wanted", is_flag=True, help="Print JSON for programs.")
@for_a_person
def list_(client: Client, json_wanted: bool) -> None:
    """List the agencies that take part.

    Example: marketplace agency list
    """
    found = client.get("/agencies").json()["agencies"]
    if json_wanted:
        as_json(found)
        return
    columns(("AGENCY", "NAME", "DOMAIN"), [(row["slug"], row["name"], row["domain"]) for row in found])


agency.add_command(scim_credential)
agency.add_command(directory_group)
