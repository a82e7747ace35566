"""`marketplace skills`: lists of skills for operators; one's own skills, and confirming others', through the API."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from agencies.skills import lists, reading
from agencies.skills.errors import BadSkillList
from agencies.skills.levels import KEYS
from marketplace.cli.client import Client, for_a_person
from marketplace.cli.opening import opened
from marketplace.cli.speech import JSON, as_json, listed
from marketplace.foundation.db import transaction
from security.principal import Context

FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)
SKILL = click.argument("skill", metavar="SKILL")
PERSON = click.argument("person_id", type=click.UUID, metavar="PERSON")
HEAD = ("SKILL", "LABEL", "LEVEL", "CONFIRMED BY")


@click.group()
def skills() -> None:
    """What people can do, and want to learn.

    import needs the marketplace's settings (MARKET_DATABASE_URL), no token. The others are done with your own token;
    SKILL is a skill's code; see: marketplace skills find
    """


@skills.command("import")
@click.argument("files", type=FILE, nargs=-1, required=True, metavar="FILE...")
@click.option("--list", "name", help="The list's short name. Default: the name of the file.")
@JSON
def import_(files: tuple[Path, ...], name: str | None, json_wanted: bool) -> None:
    """Bring in lists of skills from CSV files, each a whole list: all of them, or none.

    Columns: skill_id, label_en, label_de, label_nl, label_fr; uri and parent if there are any. What a list has no more
    than before is retired: it is offered no more, and stays with whoever has it. Nothing is ever deleted.

    Example: marketplace skills import esco_public_service_skills.csv --list esco
    """
    if name is not None and len(files) > 1:
        raise click.UsageError("--list names one list: import its file alone.")
    read = [_read(path, name or path.stem) for path in files]
    if len({each.source for each in read}) < len(read):
        raise click.UsageError("Two of these files have the same name, and a list is named by its file.")
    opened()
    with transaction() as tx:
        try:
            done = lists.put(tx, read, actor=None, context=Context("cli"))
        except BadSkillList as problem:
            raise _refused("Nothing was imported", problem) from None
    rows = [(each.source, *each.counts.values()) for each in done]
    found = [{"list": each.source, **each.counts} for each in done]
    listed(found, json_wanted, ("LIST", "SKILLS", "ADDED", "CHANGED", "RETIRED", "OFFERED AGAIN"), rows)


@skills.command()
@click.argument("words", nargs=-1, required=True)
@JSON
@for_a_person
def find(client: Client, words: tuple[str, ...], json_wanted: bool) -> None:
    """Find skills by WORDS of their label, in your language.

    Example: marketplace skills find plain language
    """
    found = client.get("/skills", q=" ".join(words)).json()["skills"]
    rows = [(row["code"], row["label"]) for row in found]
    listed(found, json_wanted, ("SKILL", "LABEL"), rows, none="No skill has these words.")


@skills.command("list")
@JSON
@for_a_person
def list_(client: Client, json_wanted: bool) -> None:
    """List the skills you have, and those you want to learn.

    Example: marketplace skills list
    """
    _own(client.get("/me/skills").json(), json_wanted)


@skills.command()
@SKILL
@click.option("--level", type=click.Choice(KEYS), help="How well; may be left out.")
@JSON
@for_a_person
def add(client: Client, skill: str, level: str | None, json_wanted: bool) -> None:
    """Say that you have SKILL, and how well if you like.

    Example: marketplace skills add plain-language --level independent
    """
    _own(_sent(client, "/me/skills", skill=skill, level=level), json_wanted)


@skills.command()
@SKILL
@JSON
@for_a_person
def remove(client: Client, skill: str, json_wanted: bool) -> None:
    """Take SKILL off the list of those you have, and what was confirmed of it with it.

    Example: marketplace skills remove plain-language
    """
    _own(_sent(client, "/me/skills/remove", skill=skill), json_wanted)


@skills.command()
@SKILL
@click.option("--no-more", is_flag=True, help="Take it off the list again.")
@JSON
@for_a_person
def want(client: Client, skill: str, no_more: bool, json_wanted: bool) -> None:
    """Say that you want to learn SKILL.

    Example: marketplace skills want plain-language
    """
    path = "/me/wanted-skills/remove" if no_more else "/me/wanted-skills"
    _own(_sent(client, path, skill=skill), json_wanted)


@skills.command("of")
@PERSON
@JSON
@for_a_person
def of_person(client: Client, person_id: object, json_wanted: bool) -> None:
    """List the skills of somebody of your agency, as an administrator or line manager.

    PERSON is the id of their membership; see: marketplace person list

    Example: marketplace skills of 7d8f2c9e-3b5a-4c1d-9e8f-0a1b2c3d4e5f
    """
    _of_person(client.get(f"/people/{person_id}/skills").json(), json_wanted)


@skills.command()
@PERSON
@SKILL
@click.option("--take-back", is_flag=True, help="Take back what your agency confirmed.")
@JSON
@for_a_person
def confirm(client: Client, person_id: object, skill: str, take_back: bool, json_wanted: bool) -> None:
    """Confirm a skill of somebody of your agency, with your name and today's date.

    Example: marketplace skills confirm 7d8f2c9e-3b5a-4c1d-9e8f-0a1b2c3d4e5f plain-language
    """
    act = "withdraw" if take_back else "confirm"
    _of_person(_sent(client, f"/people/{person_id}/skills/{act}", skill=skill), json_wanted)


def _read(path: Path, name: str) -> reading.SkillList:
    """A list from a file, which is not read where it is too large for one."""
    size = path.stat().st_size
    try:
        data = path.read_bytes() if size <= reading.LARGEST_FILE else bytes(reading.LARGEST_FILE + 1)
        return reading.read(data, name)
    except BadSkillList as problem:
        raise _refused(path.name, problem) from None


def _refused(where: str, problem: BadSkillList) -> click.ClickException:
    """Every bad row in a line of its own, then what became of it."""
    lines = [f"{where}, line {each['row']}: {each['reason']}" for each in problem.facts["errors"]]
    more = problem.facts["count"] - len(lines)
    said = [f"and {more:,} more"] if more > 0 else []
    return click.ClickException("\n".join([*lines, *said, problem.message]))


def _sent(client: Client, path: str, **body: Any) -> dict[str, Any]:
    shown: dict[str, Any] = client.post(path, json.dumps(body).encode()).json()
    return shown


def _own(found: dict[str, Any], json_wanted: bool) -> None:
    if json_wanted:
        as_json(found)
        return
    rows = [_row(skill) for skill in found["has"]]
    listed(found["has"], False, HEAD, rows, none="You have said of no skill that you have it.")
    wants = ", ".join(f"{skill['label']} ({skill['code']})" for skill in found["wants"])
    click.echo(f"You want to learn: {wants}" if wants else "You want to learn nothing that you have said.")


def _of_person(found: dict[str, Any], json_wanted: bool) -> None:
    rows = [_row(skill) for skill in found["skills"]]
    listed(found, json_wanted, HEAD, rows, none=f"{found['name']} has said of no skill to have it.")


def _row(skill: dict[str, Any]) -> tuple[str, ...]:
    said = [f"{each['by']} ({each['agency']}), {each['day']}" for each in skill["confirmed"]]
    return skill["code"], skill["label"], skill["level"] or "", "; ".join(said)
