"""The people of an agency: roles, clearances, invitations, moves. Nothing about anybody's work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Response
from marshmallow import Schema, fields, validate

from agencies import (
    clearances,
    invitations,
    leaving,
    moves,
    partners,
    people_list,
    roles,
    secondments,
    transfers,
)
from agencies.errors import UnknownAgency
from agencies.invitations import Made
from agencies.people_errors import (
    AlreadyAMember,
    BadChoice,
    BadPeriod,
    CannotMove,
    ClearanceNotGiven,
    InvitationOver,
    LastAdministrator,
    MoveAsked,
    MoveOver,
    NoSuchGrant,
    NoSuchInvitation,
    NoSuchMove,
    NoSuchPerson,
    OwnAffair,
    RoleClash,
    RoleHeld,
    RoleNotGiven,
)
from marketplace.api import cursors
from marketplace.api.door import api, done_once, existing, refuses, takes_body, who
from marketplace.api.replies import reply, reply_once
from marketplace.api.schemas import PageQuery, told
from marketplace.edge.acting import current_principal, settings
from marketplace.foundation.clock import begin_of, end_of, last_day
from marketplace.foundation.db import Tx, reading
from marketplace.foundation.input import Input, Text, entries
from security.labels import Level
from security.principal import Role

ROLES = [role.value for role in Role]
LEVELS = [level.label_key for level in Level]


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


class TransferInput(Input):
    """Where to."""

    agency = Text(60, required=True, metadata=told("The agency's short name."))


class SecondmentInput(TransferInput):
    """Where to, and the last day there."""

    until = fields.Date(required=True)


class InvitationInput(Input):
    """What whoever uses the link gets."""

    roles = fields.List(
        fields.String(validate=validate.OneOf(ROLES)),
        load_default=lambda: ["contributor"],
        validate=entries(1, 10),
    )
    clearance = fields.String(load_default="public", validate=validate.OneOf(LEVELS))
    until = fields.Date(load_default=None, allow_none=True, metadata=told("The last day of the membership."))
    note = Text(120, may_be_empty=True, load_default="", metadata=told("So that you can tell it apart."))


class PartnerInput(Input):
    """A partner: who answers for them, and their last day."""

    sponsor = fields.UUID(required=True, metadata=told("The id of a person of your agency."))
    until = fields.Date(required=True)
    roles = fields.List(
        fields.String(validate=validate.OneOf(ROLES)),
        load_default=lambda: ["contributor"],
        validate=entries(1, 10),
    )
    note = Text(120, may_be_empty=True, load_default="")


class MadeInvitation(Schema):
    """A new invitation. The link is told once; a repeat of the call has none."""

    id = fields.UUID()
    link = fields.URL(allow_none=True)


class Invitation(Schema):
    """An invitation that nobody has used yet."""

    id = fields.UUID()
    note = fields.String()
    roles = fields.List(fields.String())
    partner = fields.Boolean()
    until = fields.Date(allow_none=True)
    made_at = fields.DateTime()
    over_at = fields.DateTime()
    made_by = fields.String(allow_none=True)


class Invitations(Schema):
    """Open invitations, newest first."""

    invitations = fields.List(fields.Nested(Invitation))


class Move(Schema):
    """Somebody on their way between two agencies."""

    id = fields.UUID()
    kind = fields.String(validate=validate.OneOf(["transfer", "secondment"]))
    name = fields.String()
    from_agency = fields.String()
    to_agency = fields.String()
    until = fields.Date(allow_none=True)
    over_at = fields.DateTime()
    agreed = fields.Boolean(metadata=told("Whether your agency has agreed."))


class Moves(Schema):
    """Moves that wait, to and from your agency."""

    moves = fields.List(fields.Nested(Move))


class Done(Schema):
    """It is done. `id` names what came of it, where something did."""

    id = fields.UUID(allow_none=True)
    done = fields.Boolean()


@api.get("/people")
@refuses(cursors.BadCursor)
@api.arguments(PeopleQuery, location="query")
@api.response(200, People)
def list_people(query: dict[str, Any]) -> Response:
    """List the people of your agency."""
    skip = cursors.place("people", query["after"])
    with reading() as db:
        rows, more = people_list.listing(
            db, current_principal().agency_id, like=query["q"], skip=skip, limit=query["limit"]
        )
    return reply({"people": rows, "next": cursors.cursor("people", more)})


@api.get("/people/<id:membership_id>")
@refuses(NoSuchPerson)
@api.response(200, PersonInFull)
def get_person(membership_id: UUID | None) -> Response:
    """Read one person of your agency."""
    with reading() as db:
        return reply(_person(db, existing(membership_id, NoSuchPerson)))


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
    return _done(lambda tx: roles.end(tx, wanted, **who()))


@api.post("/roles/<id:grant_id>/review")
@refuses(NoSuchGrant, OwnAffair)
@done_once
@api.response(200, Done)
def review_role(grant_id: UUID | None) -> Response:
    """Say that a role is still needed; it is looked at again in a year. No body is needed."""
    wanted = existing(grant_id, NoSuchGrant)
    return _done(lambda tx: roles.review(tx, wanted, **who()))


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
    return _done(lambda tx: leaving.end_membership(tx, wanted, reason="agency", **who()))


@api.post("/people/<id:membership_id>/sessions/end")
@refuses(NoSuchPerson, OwnAffair)
@done_once
@api.response(200, Done)
def end_sessions_of(membership_id: UUID | None) -> Response:
    """Sign somebody out everywhere; they stay a member. No body is needed."""
    wanted = existing(membership_id, NoSuchPerson)

    def act(tx: Tx) -> None:
        leaving.end_sessions(tx, wanted, **who())

    return _done(act)


@api.post("/people/<id:membership_id>/transfer")
@refuses(NoSuchPerson, OwnAffair, UnknownAgency, CannotMove, MoveAsked)
@takes_body
@done_once
@api.arguments(TransferInput)
@api.response(201, Done)
def transfer_person(body: dict[str, Any], membership_id: UUID | None) -> Response:
    """Let somebody go to another agency for good; its administrator has to agree."""
    wanted = existing(membership_id, NoSuchPerson)
    return _done(lambda tx: transfers.propose(tx, wanted, body["agency"], **who()), 201)


@api.post("/people/<id:membership_id>/secondment")
@refuses(NoSuchPerson, OwnAffair, UnknownAgency, CannotMove, MoveAsked, BadPeriod)
@takes_body
@done_once
@api.arguments(SecondmentInput)
@api.response(201, Done)
def second_person(body: dict[str, Any], membership_id: UUID | None) -> Response:
    """Lend somebody to another agency until a day; its administrator has to agree."""
    wanted, until = existing(membership_id, NoSuchPerson), end_of(body["until"])
    return _done(lambda tx: secondments.propose(tx, wanted, body["agency"], until=until, **who()), 201)


@api.post("/people/<id:membership_id>/link")
@refuses(NoSuchPerson, OwnAffair, AlreadyAMember)
@done_once
@api.response(201, MadeInvitation)
def link_person(membership_id: UUID | None) -> Response:
    """Make a link by which somebody who was moved here signs in the first time. No body is needed."""
    wanted = existing(membership_id, NoSuchPerson)
    return _invited(lambda tx: invitations.for_member(tx, wanted, **who()))


@api.get("/invitations")
@refuses()
@api.response(200, Invitations)
def list_invitations() -> Response:
    """List the open invitations of your agency."""
    with reading() as db:
        rows = [dict(row._mapping) for row in invitations.listing(db, current_principal().agency_id)]
    return reply({"invitations": [row | {"until": last_day(row["until"])} for row in rows]})


@api.post("/invitations")
@refuses(RoleClash, ClearanceNotGiven, BadPeriod)
@takes_body
@done_once
@api.arguments(InvitationInput)
@api.response(201, MadeInvitation)
def invite(body: dict[str, Any]) -> Response:
    """Invite somebody into your agency: a link that works once, for two weeks.

    Clearances are the security officer's to give, once the person is here.
    """
    given: dict[str, Any] = {
        "roles": [Role(role) for role in body["roles"]],
        "clearance": Level.parse(body["clearance"]),
    }
    more: dict[str, Any] = {"until": end_of(body["until"]), "note": body["note"].strip()}
    agency_id = current_principal().agency_id
    return _invited(lambda tx: invitations.make(tx, agency_id, **given, **more, **who()))


@api.post("/partners")
@refuses(NoSuchPerson, BadPeriod, RoleClash)
@takes_body
@done_once
@api.arguments(PartnerInput)
@api.response(201, MadeInvitation)
def invite_partner(body: dict[str, Any]) -> Response:
    """Invite a partner, for whom a person of your agency answers, for a year at most."""
    given: dict[str, Any] = {"roles": [Role(role) for role in body["roles"]], "note": body["note"].strip()}
    until = end_of(body["until"])
    return _invited(lambda tx: partners.invite(tx, body["sponsor"], until=until, **given, **who()))


@api.post("/invitations/<id:invitation_id>/withdraw")
@refuses(NoSuchInvitation, InvitationOver)
@done_once
@api.response(200, Done)
def withdraw_invitation(invitation_id: UUID | None) -> Response:
    """Make a link useless. No body is needed."""
    wanted = existing(invitation_id, NoSuchInvitation)
    return _done(lambda tx: invitations.withdraw(tx, wanted, **who()))


@api.get("/moves")
@refuses()
@api.response(200, Moves)
def list_moves() -> Response:
    """List the moves to and from your agency that wait for an answer."""
    with reading() as db:
        rows = [dict(row._mapping) for row in moves.of_agency(db, current_principal().agency_id)]
    shown = Move._declared_fields
    return reply(
        {"moves": [{name: row[name] for name in shown} | {"until": last_day(row["until"])} for row in rows]}
    )


@api.post("/moves/<id:move_id>/approve")
@refuses(NoSuchMove, MoveOver, OwnAffair, LastAdministrator, RoleClash, AlreadyAMember, BadPeriod)
@done_once
@api.response(200, Done)
def approve_move(move_id: UUID | None) -> Response:
    """Agree to a move for your agency; once both agree it is done, and `id` is the new membership."""
    wanted = existing(move_id, NoSuchMove)
    return _done(lambda tx: moves.approve(tx, wanted, **who()))


@api.post("/moves/<id:move_id>/decline")
@refuses(NoSuchMove, MoveOver)
@done_once
@api.response(200, Done)
def decline_move(move_id: UUID | None) -> Response:
    """Decline a move for your agency. No body is needed."""
    wanted = existing(move_id, NoSuchMove)
    return _done(lambda tx: moves.decline(tx, wanted, **who()))


def _done(act: Callable[[Tx], UUID | None], status: int = 200) -> Response:
    return reply_once(act, lambda _, made: {"id": made, "done": True}, status)


def _invited(make: Callable[[Tx], Made]) -> Response:
    told_once: dict[str, str] = {}

    def act(tx: Tx) -> UUID:
        made = make(tx)
        told_once["link"] = f"{settings().public_url}/invitation/{made.token}"
        return made.id

    return reply_once(act, lambda _, made: {"id": made, "link": told_once.get("link")}, 201)


def _person(db: Tx, membership_id: UUID) -> dict[str, Any]:
    shown = people_list.one(db, membership_id, current_principal().agency_id)
    return shown | {"grants": [_grant(row) for row in shown["grants"]]}


def _grant(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"until": last_day(row["until"])}
