"""Skills for programs: finding them, one's own two lists, and what an agency confirms of its people's."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response
from marshmallow import Schema, fields, validate

from agencies.people_errors import NoSuchPerson, OwnAffair
from agencies.skills import confirming, lists, own
from agencies.skills.errors import NoSuchSkill, TooManySkills
from agencies.skills.levels import KEYS, parse
from marketplace.api.door import api, done_once, existing, refuses, takes_body, who
from marketplace.api.replies import reply, reply_once
from marketplace.api.schemas import Skill, told
from marketplace.edge.acting import current_principal
from marketplace.foundation.db import Tx, reading, transaction
from marketplace.foundation.errors import InvalidInput
from marketplace.foundation.input import Input, Text, whole_from


class FoundSkills(Schema):
    """Skills whose label has every word that was asked for."""

    skills = fields.List(fields.Nested(Skill))


class Confirmation(Schema):
    """An agency's word that somebody has a skill."""

    by = fields.String(metadata=told("Who confirmed it, by name."))
    agency = fields.String()
    level = fields.String(allow_none=True, metadata=told("The level that was confirmed."))
    day = fields.Date()


class WantedSkill(Skill):
    """A skill that you want to learn."""

    retired = fields.Boolean(metadata=told("Whether its list has it no more: it is offered to nobody anew."))


class OwnSkill(WantedSkill):
    """A skill that somebody says they have."""

    level = fields.String(allow_none=True, metadata=told(f"One of {', '.join(KEYS)}; null: not said."))
    confirmed = fields.List(fields.Nested(Confirmation))


class OwnSkills(Schema):
    """Your two lists."""

    has = fields.List(fields.Nested(OwnSkill))
    wants = fields.List(fields.Nested(WantedSkill))


class SkillsOfPerson(Schema):
    """What somebody of your agency says they can do, and what of it is confirmed."""

    id = fields.UUID()
    name = fields.String()
    skills = fields.List(fields.Nested(OwnSkill))


class SkillQuery(Input):
    """What is looked for."""

    q = Text(100, required=True, metadata=told("Words of the label, in your language."))
    limit = fields.Integer(load_default=lists.MOST_FOUND, validate=whole_from(1, 100))


class SkillInput(Input):
    """A skill by its code."""

    skill = Text(60, required=True)


class DeclaredInput(SkillInput):
    """A skill that you have."""

    level = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.OneOf(KEYS, error=f"Must be one of {', '.join(KEYS)}."),
    )


@api.get("/skills")
@refuses(InvalidInput)
@api.arguments(SkillQuery, location="query")
@api.response(200, FoundSkills)
def find_skills(query: dict[str, Any]) -> Response:
    """Find skills by words of their label, in your language."""
    with reading() as db:
        found = lists.find(db, query["q"], current_principal().locale, query["limit"])
    return reply({"skills": found})


@api.get("/me/skills")
@refuses()
@api.response(200, OwnSkills)
def list_my_skills() -> Response:
    """List the skills you have and those you want to learn. Only you see the second list."""
    with reading() as db:
        return reply(_own(db))


@api.post("/me/skills")
@refuses(NoSuchSkill, TooManySkills)
@takes_body
@done_once
@api.arguments(DeclaredInput)
@api.response(200, OwnSkills)
def declare_skill(body: dict[str, Any]) -> Response:
    """Say that you have a skill, and how well if you like. Saying it again changes the level."""
    level = parse(body["level"])
    return reply_once(lambda tx: own.declare(tx, body["skill"], level, **who()), lambda tx, _: _own(tx))


@api.post("/me/skills/remove")
@refuses(NoSuchSkill)
@takes_body
@done_once
@api.arguments(SkillInput)
@api.response(200, OwnSkills)
def drop_skill(body: dict[str, Any]) -> Response:
    """Take a skill off your list, and what was confirmed of it with it."""
    return reply_once(lambda tx: own.drop(tx, body["skill"], **who()), lambda tx, _: _own(tx))


@api.post("/me/wanted-skills")
@refuses(NoSuchSkill, TooManySkills)
@takes_body
@done_once
@api.arguments(SkillInput)
@api.response(200, OwnSkills)
def want_skill(body: dict[str, Any]) -> Response:
    """Say that you want to learn a skill. It opens nothing; the board shows sooner what asks for it."""
    return reply_once(lambda tx: own.want(tx, body["skill"], **who()), lambda tx, _: _own(tx))


@api.post("/me/wanted-skills/remove")
@refuses(NoSuchSkill)
@takes_body
@done_once
@api.arguments(SkillInput)
@api.response(200, OwnSkills)
def want_skill_no_more(body: dict[str, Any]) -> Response:
    """Take a skill off the list of those you want to learn."""
    return reply_once(lambda tx: own.want_no_more(tx, body["skill"], **who()), lambda tx, _: _own(tx))


@api.get("/people/<id:membership_id>/skills")
@refuses(NoSuchPerson)
@api.response(200, SkillsOfPerson)
def list_skills_of_person(membership_id: UUID | None) -> Response:
    """List the skills that somebody of your agency says they have. Reading it is on the record."""
    wanted = existing(membership_id, NoSuchPerson)
    with transaction() as tx:
        return reply(_of_person(tx, wanted))


@api.post("/people/<id:membership_id>/skills/confirm")
@refuses(NoSuchPerson, OwnAffair, NoSuchSkill)
@takes_body
@done_once
@api.arguments(SkillInput)
@api.response(200, SkillsOfPerson)
def confirm_skill(body: dict[str, Any], membership_id: UUID | None) -> Response:
    """Confirm a skill that somebody of your agency declared, at the level they declare now."""
    wanted = existing(membership_id, NoSuchPerson)
    return reply_once(
        lambda tx: confirming.confirm(tx, wanted, body["skill"], **who()),
        lambda tx, _: _of_person(tx, wanted),
    )


@api.post("/people/<id:membership_id>/skills/withdraw")
@refuses(NoSuchPerson, OwnAffair, NoSuchSkill)
@takes_body
@done_once
@api.arguments(SkillInput)
@api.response(200, SkillsOfPerson)
def withdraw_skill(body: dict[str, Any], membership_id: UUID | None) -> Response:
    """Take back what your agency confirmed. The skill stays on the person's list."""
    wanted = existing(membership_id, NoSuchPerson)
    return reply_once(
        lambda tx: confirming.withdraw(tx, wanted, body["skill"], **who()),
        lambda tx, _: _of_person(tx, wanted),
    )


def _own(db: Tx) -> dict[str, Any]:
    principal = current_principal()
    found = own.listing(db, principal.person_id, principal.locale)
    return {"has": [_shown(skill) for skill in found["has"]], "wants": found["wants"]}


def _of_person(tx: Tx, membership_id: UUID) -> dict[str, Any]:
    shown = confirming.view(tx, membership_id, current_principal().locale, **who())
    skills = [_shown(skill) for skill in shown["skills"]]
    return {"id": shown["id"], "name": shown["name"], "skills": skills}


def _shown(skill: dict[str, Any]) -> dict[str, Any]:
    kept = ("by", "agency", "level", "day")
    confirmed = [{name: each[name] for name in kept} for each in skill["confirmed"]]
    return {name: skill[name] for name in ("code", "label", "retired", "level")} | {"confirmed": confirmed}
