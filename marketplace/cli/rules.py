"""`marketplace rules`: an agency's access rules as files: look, check, propose, export."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import click

from agencies.rules import examples
from marketplace.cli.client import Client, Refusal, for_a_person, places
from marketplace.cli.files import text_of
from marketplace.cli.speech import JSON, as_json, columns
from marketplace.foundation.input import BadJson, load_json
from security.access import cedar
from security.access.errors import InvalidRules
from security.access.rules import RuleSet

FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)
LARGEST = 1024 * 1024


@click.group()
def rules() -> None:
    """Your agency's access rules, with your own token.

    A rule can only ask for more than the marketplace does. It holds once an administrator has signed it in a browser,
    with a second factor. `check` needs no marketplace. docs/rules.md says what a rule may say.
    """


@rules.command()
@click.option("--version", "number", type=int, help="An older version.")
@click.option("--draft", is_flag=True, help="Your draft instead of what holds.")
@JSON
@for_a_person
def show(client: Client, number: int | None, draft: bool, json_wanted: bool) -> None:
    """Show the rules that hold, or an older version, or your draft.

    Example: marketplace rules show
    """
    if draft:
        found = client.get("/agency/rules/draft").json()
    else:
        found = client.get("/agency/rules", **({"number": number} if number is not None else {})).json()
    if json_wanted:
        as_json(found)
        return
    _say(found)


@rules.command()
@click.argument("file", type=FILE, metavar="FILE.json")
@JSON
def check(file: Path, json_wanted: bool) -> None:
    """Check a file of rules and run their examples. Needs no marketplace and no token.

    Exit status 1 where a rule makes no sense or an example disagrees.

    Example: marketplace rules check rules.json
    """
    faults = _faults(_document(file))
    if json_wanted:
        as_json({"ok": not faults, "faults": dict(faults)})
    elif faults:
        columns(("PLACE", "REASON"), faults, err=True)
    else:
        click.echo(f"{file.name} can be signed: every rule says what its examples say.")
    sys.exit(1 if faults else 0)


@rules.command()
@click.argument("file", type=FILE, metavar="FILE.json")
@JSON
@for_a_person
def propose(client: Client, file: Path, json_wanted: bool) -> None:
    """Make the rules in FILE.json your draft, and say what it would change. It holds for nobody yet.

    Example: marketplace rules propose rules.json
    """
    try:
        made = client.post("/agency/rules/draft", json.dumps(_document(file)).encode()).json()
    except Refusal as refusal:
        _explain(refusal)
    if json_wanted:
        as_json(made)
        return
    _say(made)
    click.echo(f"Try it out and sign it in a browser: {client.url}/agency/rules/preview")


@rules.command()
@click.option("--note", help="Why these rules.")
@for_a_person
def sign(client: Client, note: str | None) -> None:
    """Sign your draft, so that it holds.

    A signature needs your second factor, which no token has: where that is missing, the page to sign on is named.

    Example: marketplace rules sign --note "Restricted work stays in the office"
    """
    revision = client.get("/agency/rules/draft").json()["revision"]
    body = {"revision": revision} | ({"note": note} if note else {})
    try:
        made = client.post("/agency/rules/sign", json.dumps(body).encode()).json()
    except Refusal as refusal:
        if any(reason["remedy"] == "step_up" for reason in refusal.problem.get("reasons", ())):
            raise click.ClickException(
                "A signature needs a sign-in with your second factor. Your draft waits for you in a browser: "
                f"{client.url}/agency/rules/preview"
            ) from None
        _explain(refusal)
    click.echo(f"Signed. Version {made['number']} holds.")


@rules.command()
@click.option("--cedar", "as_cedar", is_flag=True, help="As Cedar policies instead of JSON.")
@click.option(
    "--out", type=click.Path(dir_okay=False, writable=True, path_type=Path), help="Write to this file."
)
@for_a_person
def export(client: Client, as_cedar: bool, out: Path | None) -> None:
    """Export the rules that hold: as the JSON that `propose` takes, or as Cedar.

    Example: marketplace rules export --cedar --out rules.cedar
    """
    body = client.get("/agency/rules").json()["rules"]
    text = (
        cedar.policies(RuleSet.parse(body))
        if as_cedar
        else json.dumps(body, ensure_ascii=False, indent=2) + "\n"
    )
    if out is None:
        click.echo(text, nl=False)
        return
    with open(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644), "w", encoding="utf-8") as written:
        written.write(text)
    click.echo(f"Written to {out}", err=True)


def _document(file: Path) -> dict[str, Any]:
    """The JSON object in a file. Raises ClickException with a sentence."""
    if file.stat().st_size > LARGEST:
        raise click.ClickException(f"{file.name} is larger than 1 MB. Rules are shorter.")
    try:
        read = load_json(text_of(file).encode())
    except BadJson as error:
        raise click.ClickException(f"{file.name}: {error.message}") from None
    if not isinstance(read, dict):
        raise click.ClickException(
            f"{file.name} must hold one JSON object with “format”, “agency” and “rules”."
        )
    return read


def _faults(body: dict[str, Any]) -> list[tuple[str, str]]:
    """What keeps rules from being signed: place and sentence."""
    try:
        found = examples.faults(RuleSet.parse(body))
    except InvalidRules as error:
        found = error.facts["errors"]
    return list(places(found))


def _say(found: dict[str, Any]) -> None:
    """Rules for people: one line each, then what a draft lacks and changes."""
    written = found["rules"]["rules"]
    if "revision" in found:
        click.echo(f"Your draft, on top of version {found['based_on']}")
    elif found["number"]:
        click.echo(f"Version {found['number']}, signed by {found['signed_by']} on {found['signed_at'][:10]}")
    if not written:
        click.echo("No rules of your own: those of the marketplace hold.")
    else:
        columns(
            ("RULE", "ABOUT", "EXAMPLES", "REASON"),
            [
                (each["id"], ",".join(each["does"]), len(each.get("examples", ())), each["reason"]["en"])
                for each in written
            ],
        )
    for place, sentence in places(found.get("faults", {})):
        click.echo(f"To put right: {place}: {sentence}")
    for change in found.get("changes", ()):
        click.echo(_change(change))


def _change(change: dict[str, Any]) -> str:
    if change["case"] is None:
        return f"Changes “{change['action']}”; there are too many cases to name the smallest one."
    case = ", ".join(
        f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in change["case"].items()
    )
    way = "No longer possible" if change["way"] == "lost" else "Possible from now on"
    return f"{way}: “{change['action']}” where {case or 'anything is so'}."


def _explain(refusal: Refusal) -> None:
    """Say what to put right, place by place, and end with status 1."""
    errors = refusal.problem.get("errors")
    if not errors:
        raise refusal
    click.echo(refusal.problem["detail"], err=True)
    columns(("PLACE", "REASON"), list(places(errors)), err=True)
    sys.exit(1)
