"""The people of an agency: roles, clearances, how they leave. Nothing about anybody's work."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response
from marshmallow import Schema, fields, validate

from agencies import clearances, leaving, people_list, roles
from agencies.people_errors import (
    BadChoice,
    BadPeriod,
    ClearanceNotGiven,
    LastAdministrator,
    NoSuchGrant,
    NoSuchPerson,
    OwnAffair,
    RoleClash,
    RoleHeld,
    RoleNotGiven,
)
from marketplace.api import cursors
from marketplace.api.door import api, done_once, existing, refuses, takes_body, who
from marketplace.api.replies import reply, reply_done, reply_once
from marketplace.api.schemas import LEVELS, ROLES, Done, PageQuery, told
from marketplace.edge.acting import current_principal
from marketplace.foundation.clock import begin_of, end_of, last_day
from marketplace.foundation.db import Tx, reading, transaction
from marketplace.foundation.input import Input, Text, entries
from security.labels import Level
from security.principal import Role


class Person(Schema):
    """Somebody of your agency; `id` names the membership."""

    id = fields.UUID()
    name = fields.String()
    roles = fields.List(fields.String())
    clearance = fields.String(validate=validate.OneOf(LEVELS))
    compartments = fields.List(fields.String())
    partner = fields.Boolean()
    home = fields.String(allow_none=True, metadata=told("Of a secondment: the agency that vouches."))
    until = fields.Date(allow_none=True, metadata=told("The last day."))


class Grant(Schema):
    """A role with its days."""

    id = fields.UUID()
    role = fields.String(validate=validate.OneOf(ROLES))
    since = fields.DateTime()
    until = fields.Date(allow_none=True, metadata=told("The last day."))
    review_due = fields.DateTime(allow_none=True)
    granted_by = fields.String(allow_none=True)


class Grants(Schema):
    """Roles that run or will run."""

    roles = fields.List(fields.Nested(Grant))


class PersonInFull(Person):
    """Somebody of your agency with everything you may see."""

    ceiling = fields.String(metadata=told("The highest clearance that holds for them."))
    sponsor = fields.String(allow_none=True)
    sessions = fields.Integer(metadata=told("In how many browsers they are signed in."))
    signs_in = fields.Boolean(metadata=told("Whether a sign-in is known that vouches for them here."))
    grants = fields.List(fields.Nested(Grant))


class People(Schema):
    """A page of people, by name."""

    people = fields.List(fields.Nested(Person))
    next = fields.String(allow_none=True, metadata=told("Send it as `after` for the next page."))


class PeopleQuery(PageQuery):
    """Which people."""

    q = Text(100, may_be_empty=True, load_default="", metadata=told("Part of the name."))


class RoleInput(Input):
    """A role to give, from today or a later day until a last day."""

    role = fields.String(required=True, validate=validate.OneOf(ROLES))
    since = fields.Date(load_default=None, allow_none=True)
    until = fields.Date(load_default=None, allow_none=True)


class ClearanceInput(Input):
    """The clearance that takes the place of the one there is."""

    level = fields.String(required=True, validate=validate.OneOf(LEVELS))
    compartments = fields.List(Text(60), load_default=list, validate=entries(0, clearances.MOST_COMPARTMENTS))


@api.get("/people")
@refuses(cursors.BadCursor)
@api.arguments(PeopleQuery, location="query")
@api.response(200, People)
def list_people(query: dict[str, Any]) -> Response:
    """List the people of your agency."""
    skip = cursors.place("people", query["after"])
    with transaction() as tx:
        rows, more = people_list.browse(tx, like=query["q"], skip=skip, limit=query["limit"], **who())
    return reply({"people": rows, "next": cursors.cursor("people", more)})


@api.get("/people/<id:membership_id>")
@refuses(NoSuchPerson)
@api.response(200, PersonInFull)
def get_person(membership_id: UUID | None) -> Response:
    """Read one person of your agency."""
    wanted = existing(membership_id, NoSuchPerson)
    with transaction() as tx:
        return reply(_in_words(people_list.view(tx, wanted, **who())))


@api.get("/me/roles")
@refuses()
@api.response(200, Grants)
def list_roles() -> Response:
    """List your own roles under the hat of this token."""
    with reading() as db:
        rows = roles.listing(db, current_principal().membership_id)
    return reply({"roles": [_grant(dict(row._mapping)) for row in rows]})


@api.post("/people/<id:membership_id>/roles")
@refuses(NoSuchPerson, OwnAffair, RoleClash, RoleNotGiven, RoleHeld, BadPeriod)
@takes_body
@done_once
@api.arguments(RoleInput)
@api.response(201, PersonInFull)
def grant_role(body: dict[str, Any], membership_id: UUID | None) -> Response:
    """Give somebody a role."""
    wanted = existing(membership_id, NoSuchPerson)
    days: dict[str, Any] = {"since": begin_of(body["since"]), "until": end_of(body["until"])}

    def act(tx: Tx) -> UUID:
        return roles.grant(tx, wanted, Role(body["role"]), **days, **who())

    return reply_once(act, lambda tx, _: _person(tx, wanted), 201)


@api.post("/roles/<id:grant_id>/end")
@refuses(NoSuchGrant, LastAdministrator)
@done_once
@api.response(200, Done)
def end_role(grant_id: UUID | None) -> Response:
    """End a role: of a person of your agency, or one of your own. No body is needed."""
    wanted = existing(grant_id, NoSuchGrant)
    return reply_done(lambda tx: roles.end(tx, wanted, **who()))


@api.post("/roles/<id:grant_id>/review")
@refuses(NoSuchGrant, OwnAffair)
@done_once
@api.response(200, Done)
def review_role(grant_id: UUID | None) -> Response:
    """Say that a role is still needed; it is looked at again in a year. No body is needed."""
    wanted = existing(grant_id, NoSuchGrant)
    return reply_done(lambda tx: roles.review(tx, wanted, **who()))


@api.post("/people/<id:membership_id>/clearance")
@refuses(NoSuchPerson, OwnAffair, ClearanceNotGiven, BadChoice)
@takes_body
@done_once
@api.arguments(ClearanceInput)
@api.response(200, PersonInFull)
def give_clearance(body: dict[str, Any], membership_id: UUID | None) -> Response:
    """Give somebody a clearance in place of the one they have."""
    wanted, level = existing(membership_id, NoSuchPerson), Level.parse(body["level"])

    def act(tx: Tx) -> None:
        if level is Level.PUBLIC and not body["compartments"]:
            clearances.withdraw(tx, wanted, **who())
        else:
            clearances.give(tx, wanted, level, body["compartments"], **who())

    return reply_once(act, lambda tx, _: _person(tx, wanted))


@api.post("/people/<id:membership_id>/end")
@refuses(NoSuchPerson, OwnAffair, LastAdministrator)
@done_once
@api.response(200, Done)
def end_membership(membership_id: UUID | None) -> Response:
    """End a membership with its roles, sessions and tokens, at once. No body is needed."""
    wanted = existing(membership_id, NoSuchPerson)
    return reply_done(lambda tx: leaving.end_membership(tx, wanted, reason="agency", **who()))


@api.post("/people/<id:membership_id>/sessions/end")
@refuses(NoSuchPerson, OwnAffair)
@done_once
@api.response(200, Done)
def end_sessions_of(membership_id: UUID | None) -> Response:
    """Sign somebody out everywhere; they stay a member. No body is needed."""
    wanted = existing(membership_id, NoSuchPerson)

    def act(tx: Tx) -> None:
        leaving.end_sessions(tx, wanted, **who())

    return reply_done(act)


def _person(db: Tx, membership_id: UUID) -> dict[str, Any]:
    return _in_words(people_list.one(db, membership_id, current_principal().agency_id))


def _in_words(shown: dict[str, Any]) -> dict[str, Any]:
    return shown | {"grants": [_grant(row) for row in shown["grants"]]}


def _grant(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"until": last_day(row["until"])}
