"""`marketplace campaign submit`, `approve`, `pause` …: the acts that move a campaign from stage to stage."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import click

from marketplace.cli.client import Client, for_a_person
from marketplace.cli.ids import id_of
from marketplace.cli.speech import JSON, as_json, listed
from tasks.stages import ACTS

SAID = {
    "draft": "It is a draft that only your agency knows of.",
    "submitted": "It waits for an approver of your agency.",
    "discarded": "It is discarded.",
    "open": "It is open.",
    "paused": "It is paused: nobody takes new items.",
    "closed": "It has ended: nobody takes new items any more.",
    "cancelled": "It is cancelled; whoever had an item in hand is told and thanked.",
}
_HELP = {
    "submit": "Send your draft CAMPAIGN for approval.",
    "withdraw": "Take CAMPAIGN back from approval, as a draft.",
    "approve": "Open CAMPAIGN, which a colleague of your agency has submitted.",
    "send_back": "Send CAMPAIGN back to its owner, with what should change.",
    "discard": "Discard CAMPAIGN before it was ever opened.",
    "pause": "Let nobody take new items of CAMPAIGN until it goes on.",
    "resume": "Go on with a paused CAMPAIGN.",
    "close": "End CAMPAIGN: items in hand can still be finished, results stay.",
    "cancel": "Give CAMPAIGN up: items in hand go back at once, and people are told and thanked.",
}


def _command(act: str) -> click.Command:
    def run(client: Client, campaign_id: str, json_wanted: bool, remark: str = "") -> None:
        body = json.dumps({"act": act, "remark": remark}).encode()
        moved = client.post(f"/campaigns/{id_of(campaign_id)}/move", body).json()
        if json_wanted:
            as_json(moved)
        else:
            click.echo(SAID[moved["stage"]])

    name = act.replace("_", "-")
    more = [_REMARK] if ACTS[act].remark else []
    asks: list[Callable[[Any], Any]] = [click.argument("campaign_id", metavar="CAMPAIGN"), *more, JSON]
    function: Any = for_a_person(run)
    for ask in reversed(asks):
        function = ask(function)
    example = f"{name} 7d8f2c9e-3b5a-4c1d-9e8f-0a1b2c3d4e5f"
    said = ' --remark "Say what the results are for."' if more else ""
    return click.command(name, help=f"{_HELP[act]}\n\nExample: marketplace campaign {example}{said}")(
        function
    )


_REMARK = click.option("--remark", required=True, help="What should change; the owner reads it.")


@click.command()
@JSON
@for_a_person
def waiting(client: Client, json_wanted: bool) -> None:
    """List the campaigns of your agency that wait for an approver, oldest first.

    Example: marketplace campaign waiting
    """
    found = client.get("/approvals").json()
    head = ("CAMPAIGN", "SINCE", "ITEMS", "LEVEL", "POSTED BY", "NAME")
    rows = [
        (row["id"], row["submitted_on"], row["items"], row["level"], row["owner"], row["name"])
        for row in found["campaigns"]
    ]
    listed(found, json_wanted, head, rows, none="Nothing waits for you.")


COMMANDS = [*(_command(act) for act in ACTS), waiting]
"""What `marketplace campaign` is given."""
