"""Links by which people come into an agency, or sign in the first time after a move."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Response
from marshmallow import Schema, fields, validate

from agencies import invitations, partners
from agencies.invitations import Made
from agencies.people_errors import (
    AlreadyAMember,
    BadPeriod,
    ClearanceNotGiven,
    InvitationOver,
    NoSuchInvitation,
    NoSuchPerson,
    OwnAffair,
    RoleClash,
)
from marketplace.api.door import api, done_once, existing, refuses, takes_body, who
from marketplace.api.replies import reply, reply_done, reply_once
from marketplace.api.schemas import LEVELS, ROLES, Done, told
from marketplace.edge.acting import current_principal, settings
from marketplace.edge.reading_people import reading_people
from marketplace.foundation.clock import end_of, last_day
from marketplace.foundation.db import Tx
from marketplace.foundation.input import Input, Text, entries
from security.labels import Level
from security.principal import Role


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


@api.get("/invitations")
@refuses()
@api.response(200, Invitations)
def list_invitations() -> Response:
    """List the open invitations of your agency."""
    with reading_people() as db:
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
    return reply_done(lambda tx: invitations.withdraw(tx, wanted, **who()))


@api.post("/people/<id:membership_id>/link")
@refuses(NoSuchPerson, OwnAffair, AlreadyAMember)
@done_once
@api.response(201, MadeInvitation)
def link_person(membership_id: UUID | None) -> Response:
    """Make a link by which somebody who was moved here signs in the first time. No body is needed."""
    wanted = existing(membership_id, NoSuchPerson)
    return _invited(lambda tx: invitations.for_member(tx, wanted, **who()))


def _invited(make: Callable[[Tx], Made]) -> Response:
    told_once: dict[str, str] = {}

    def act(tx: Tx) -> UUID:
        made = make(tx)
        told_once["link"] = f"{settings().public_url}/invitation/{made.token}"
        return made.id

    return reply_once(act, lambda _, made: {"id": made, "link": told_once.get("link")}, 201)
