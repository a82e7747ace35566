"""`marketplace person`: an agency's people, their roles, clearances and moves, through the API with one's own token."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import click

from marketplace.cli.client import Client, for_a_person
from marketplace.cli.speech import JSON, as_json, columns, listed

UNTIL = click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="The last day. Without it: open.")
LAST_DAY = click.option("--until", type=click.DateTime(["%Y-%m-%d"]), required=True, help="The last day.")
PERSON = click.argument("person_id", type=click.UUID, metavar="PERSON")
LEVELS = ("public", "internal", "sensitive", "restricted")
ROLES = (
    "contributor", "task_owner", "appraiser", "line_manager", "agency_admin", "security_officer",
    "data_protection", "works_council",
)  # fmt: skip


@click.group()
def person() -> None:
    """People of your agency: roles, clearances, invitations, moves.

    PERSON is the id of somebody's membership; see: marketplace person list. What these commands do is on the record
    as done by you.
    """


@person.command("list")
@click.option("--like", default="", help="Part of the name.")
@JSON
@for_a_person
def list_(client: Client, like: str, json_wanted: bool) -> None:
    """List the people of your agency.

    Example: marketplace person list --like maja
    """
    found, after = [], None
    while True:
        page = client.get("/people", **{"q": like, "limit": 200} | ({"after": after} if after else {})).json()
        found += page["people"]
        after = page["next"]
        if after is None:
            break
    rows = [(row["id"], row["name"], ", ".join(row["roles"]), row["clearance"], _kind(row)) for row in found]
    head = ("PERSON", "NAME", "ROLES", "CLEARANCE", "")
    listed(found, json_wanted, head, rows, none="There is nobody of that name.")


@person.command()
@PERSON
@JSON
@for_a_person
def show(client: Client, person_id: object, json_wanted: bool) -> None:
    """Show one person with their roles.

    Example: marketplace person show 7d8f2c9e-3b5a-4c1d-9e8f-0a1b2c3d4e5f
    """
    shown = client.get(f"/people/{person_id}").json()
    if json_wanted:
        as_json(shown)
        return
    click.echo(f"{shown['name']}  {_kind(shown)}".rstrip())
    inside = ", ".join(shown["compartments"])
    click.echo(
        f"Clearance: {shown['clearance']}{f' in {inside}' if inside else ''}, at most {shown['ceiling']}"
    )
    click.echo(f"Signed in: in {shown['sessions']} browsers")
    if not shown["signs_in"]:
        click.echo(f"Cannot sign in yet. Make a link: marketplace person link {shown['id']}")
    rows = [
        (row["id"], row["role"], row["since"][:10], row["until"] or "", (row["review_due"] or "")[:10])
        for row in shown["grants"]
    ]
    columns(("ROLE GRANT", "ROLE", "SINCE", "UNTIL", "REVIEW BY"), rows)


@person.command()
@click.option("--role", "roles", multiple=True, type=click.Choice(ROLES), help="Several are possible.")
@click.option("--note", default="", help="So that you can tell invitations apart.")
@click.option("--partner-of", type=click.UUID, help="For a partner: the person of your agency who answers.")
@UNTIL
@JSON
@for_a_person
def invite(
    client: Client, roles: tuple[str, ...], note: str, partner_of: object, until: Any, json_wanted: bool
) -> None:
    """Invite somebody: prints a link that works once, for two weeks.

    Example: marketplace person invite --role contributor --role task_owner --note "for the new colleague"
    """
    body = {"roles": list(roles) or ["contributor"], "note": note, "until": _day(until)}
    if partner_of is not None:
        if until is None:
            raise click.UsageError("A partner has a last day: give one with --until, within a year.")
        body["sponsor"] = str(partner_of)
    made = _sent(client, "/partners" if partner_of else "/invitations", body)
    _link(made, json_wanted)


@person.command()
@JSON
@for_a_person
def invitations(client: Client, json_wanted: bool) -> None:
    """List invitations that nobody has used yet.

    Example: marketplace person invitations
    """
    found = client.get("/invitations").json()["invitations"]
    rows = [(row["id"], row["note"], ", ".join(row["roles"]), row["over_at"][:10]) for row in found]
    listed(found, json_wanted, ("INVITATION", "NOTE", "ROLES", "GOOD UNTIL"), rows)


@person.command()
@click.argument("invitation", type=click.UUID)
@for_a_person
def uninvite(client: Client, invitation: object) -> None:
    """Make an invitation's link useless.

    Example: marketplace person uninvite 7d8f2c9e-3b5a-4c1d-9e8f-0a1b2c3d4e5f
    """
    client.post(f"/invitations/{invitation}/withdraw")
    click.echo("The link opens nothing any more.")


@person.command()
@PERSON
@click.argument("role", type=click.Choice(ROLES))
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="The first day. Without it: now.")
@UNTIL
@for_a_person
def grant(client: Client, person_id: object, role: str, since: Any, until: Any) -> None:
    """Give somebody a role.

    Example: marketplace person grant 7d8f2c9e-3b5a-4c1d-9e8f-0a1b2c3d4e5f task_owner --until 2030-12-31
    """
    body = {"role": role, "since": _day(since), "until": _day(until)}
    shown = _sent(client, f"/people/{person_id}/roles", body)
    click.echo(f"{shown['name']} is given the role {role}.")


@person.command("end-role")
@click.argument("grant_id", type=click.UUID, metavar="GRANT")
@for_a_person
def end_role(client: Client, grant_id: object) -> None:
    """End a role. GRANT is its id; see: marketplace person show PERSON

    Example: marketplace person end-role 7d8f2c9e-3b5a-4c1d-9e8f-0a1b2c3d4e5f
    """
    client.post(f"/roles/{grant_id}/end")
    click.echo("The role has ended.")


@person.command()
@click.argument("grant_id", type=click.UUID, metavar="GRANT")
@for_a_person
def review(client: Client, grant_id: object) -> None:
    """Say that a role is still needed. It is looked at again in a year.

    Example: marketplace person review 7d8f2c9e-3b5a-4c1d-9e8f-0a1b2c3d4e5f
    """
    client.post(f"/roles/{grant_id}/review")
    click.echo("Reviewed. It is looked at again in a year.")


@person.command()
@PERSON
@click.argument("level", type=click.Choice(LEVELS))
@click.option("--compartment", "compartments", multiple=True, help="Several are possible.")
@for_a_person
def clear(client: Client, person_id: object, level: str, compartments: tuple[str, ...]) -> None:
    """Give somebody a clearance in place of the one they have, as a security officer.

    Example: marketplace person clear 7d8f2c9e-3b5a-4c1d-9e8f-0a1b2c3d4e5f sensitive --compartment audit
    """
    body = {"level": level, "compartments": list(compartments)}
    shown = _sent(client, f"/people/{person_id}/clearance", body)
    inside = f" in {', '.join(shown['compartments'])}" if shown["compartments"] else ""
    click.echo(f"{shown['name']} is cleared for {shown['clearance']}{inside}.")


@person.command()
@PERSON
@click.argument("agency")
@for_a_person
def transfer(client: Client, person_id: object, agency: str) -> None:
    """Let somebody go to AGENCY for good. An administrator there has to agree.

    Example: marketplace person transfer 7d8f2c9e-3b5a-4c1d-9e8f-0a1b2c3d4e5f national-archive
    """
    made = _sent(client, f"/people/{person_id}/transfer", {"agency": agency})
    click.echo(f"Move {made['id']} waits for an administrator of {agency}.")


@person.command()
@PERSON
@click.argument("agency")
@LAST_DAY
@for_a_person
def second(client: Client, person_id: object, agency: str, until: datetime) -> None:
    """Lend somebody to AGENCY until a day. An administrator there has to agree.

    Example: marketplace person second 7d8f2c9e-3b5a-4c1d-9e8f-0a1b2c3d4e5f national-archive --until 2030-12-31
    """
    made = _sent(client, f"/people/{person_id}/secondment", {"agency": agency, "until": _day(until)})
    click.echo(f"Move {made['id']} waits for an administrator of {agency}.")


@person.command()
@JSON
@for_a_person
def moves(client: Client, json_wanted: bool) -> None:
    """List moves to and from your agency that wait for an answer.

    Example: marketplace person moves
    """
    found = client.get("/moves").json()["moves"]
    rows = [
        (
            row["id"],
            row["kind"],
            row["name"],
            row["from_agency"],
            row["to_agency"],
            "no" if row["agreed"] else "yes",
        )
        for row in found
    ]
    head = ("MOVE", "KIND", "NAME", "FROM", "TO", "WAITS FOR YOU")
    listed(found, json_wanted, head, rows, none="No move is waiting.")


@person.command()
@click.argument("move", type=click.UUID)
@for_a_person
def approve(client: Client, move: object) -> None:
    """Agree to a move for your agency. It is done once both sides agree.

    Example: marketplace person approve 7d8f2c9e-3b5a-4c1d-9e8f-0a1b2c3d4e5f
    """
    made = client.post(f"/moves/{move}/approve").json()["id"]
    click.echo(
        f"Done. The person is now {made}." if made else "Agreed. The other agency has not answered yet."
    )


@person.command()
@click.argument("move", type=click.UUID)
@for_a_person
def decline(client: Client, move: object) -> None:
    """Decline a move for your agency.

    Example: marketplace person decline 7d8f2c9e-3b5a-4c1d-9e8f-0a1b2c3d4e5f
    """
    client.post(f"/moves/{move}/decline")
    click.echo("Declined.")


@person.command()
@PERSON
@JSON
@for_a_person
def link(client: Client, person_id: object, json_wanted: bool) -> None:
    """Print a link by which somebody who was moved to your agency signs in the first time.

    Example: marketplace person link 7d8f2c9e-3b5a-4c1d-9e8f-0a1b2c3d4e5f
    """
    _link(client.post(f"/people/{person_id}/link").json(), json_wanted)


@person.command("end-sessions")
@PERSON
@for_a_person
def end_sessions(client: Client, person_id: object) -> None:
    """Sign somebody out everywhere. They stay a member.

    Example: marketplace person end-sessions 7d8f2c9e-3b5a-4c1d-9e8f-0a1b2c3d4e5f
    """
    client.post(f"/people/{person_id}/sessions/end")
    click.echo("Signed out everywhere.")


@person.command()
@PERSON
@click.confirmation_option(prompt="End the membership with its roles, sessions and tokens now?")
@for_a_person
def leave(client: Client, person_id: object) -> None:
    """End somebody's membership, at once, with its roles, sessions and tokens. What they hold goes back to others.

    Example: marketplace person leave 7d8f2c9e-3b5a-4c1d-9e8f-0a1b2c3d4e5f --yes
    """
    client.post(f"/people/{person_id}/end")
    click.echo("The membership has ended.")


def _sent(client: Client, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = client.post(path, json.dumps(body).encode()).json()
    return answer


def _link(made: dict[str, Any], json_wanted: bool) -> None:
    if json_wanted:
        as_json(made)
        return
    click.echo(made["link"])
    click.echo("It works once, for two weeks, and cannot be shown again.", err=True)


def _day(moment: datetime | None) -> str | None:
    return None if moment is None else f"{moment:%Y-%m-%d}"


def _kind(row: dict[str, Any]) -> str:
    """What is particular about a membership."""
    until = f" until {row['until']}" if row["until"] else ""
    if row["partner"]:
        return f"partner{until}"
    return f"from {row['home']}{until}" if row["home"] else until.strip()
