"""`marketplace agency`: who takes part, and what agencies agree on, through the API as an administrator."""

from __future__ import annotations

import click

from marketplace.cli import agency_handling, agency_proposals
from marketplace.cli.agency_check import check
from marketplace.cli.agency_found import found
from marketplace.cli.client import Client, for_a_person
from marketplace.cli.scim import directory_group, scim_credential
from marketplace.cli.speech import JSON, as_json, columns, listed


@click.group()
def agency() -> None:
    """Agencies, their sign-in services, and what they agree on.

    Except where a command says otherwise, these speak to a running marketplace with your own token; what they do is
    on the record as done by you.
    """


@agency.command("list")
@JSON
@for_a_person
def list_(client: Client, json_wanted: bool) -> None:
    """List the agencies that take part.

    Example: marketplace agency list
    """
    found = client.get("/agencies").json()["agencies"]
    rows = [(row["slug"], row["name"], row["domain"]) for row in found]
    listed(found, json_wanted, ("AGENCY", "NAME", "DOMAIN"), rows)


@agency.command()
@JSON
@for_a_person
def show(client: Client, json_wanted: bool) -> None:
    """Show your own agency: its settings, networks, provider.

    Example: marketplace agency show --json
    """
    shown = client.get("/agency").json()
    if json_wanted:
        as_json(shown)
        return
    provider = shown.pop("provider") or {}
    lists = {f"{zone} networks": ", ".join(found) for zone, found in shown.pop("networks").items()}
    labels = {f"word for {level}": words["en"] for level, words in shown.pop("labels").items()}
    plain = {name: _plain(value) for name, value in shown.items()}
    at = {f"provider {name}": _plain(value) for name, value in provider.items() if name != "keys"}
    columns(("SETTING", "VALUE"), list((plain | lists | labels | at).items()))


def _plain(value: object) -> str:
    """A setting in one line."""
    if isinstance(value, list):
        return ", ".join(str(each) for each in value)
    if isinstance(value, dict):
        return ", ".join(f"{name} = {each}" for name, each in value.items())
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


for command in (
    *agency_proposals.EVERY,
    *agency_handling.EVERY,
    check,
    found,
    scim_credential,
    directory_group,
):
    agency.add_command(command)
