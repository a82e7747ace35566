"""People on their way between two agencies: for good or for a time; both administrators agree."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response
from marshmallow import Schema, fields, validate

from agencies import moves, secondments, transfers
from agencies.errors import UnknownAgency
from agencies.people_errors import (
    AlreadyAMember,
    BadPeriod,
    CannotMove,
    LastAdministrator,
    MoveAsked,
    MoveOver,
    NoSuchMove,
    NoSuchPerson,
    OwnAffair,
    RoleClash,
)
from marketplace.api.door import api, done_once, existing, refuses, takes_body, who
from marketplace.api.replies import reply, reply_done
from marketplace.api.schemas import Done, told
from marketplace.edge.acting import current_principal
from marketplace.edge.reading_people import reading_people
from marketplace.foundation.clock import end_of, last_day
from marketplace.foundation.input import Input, Text


class TransferInput(Input):
    """Where to."""

    agency = Text(60, required=True, metadata=told("The agency's short name."))


class SecondmentInput(TransferInput):
    """Where to, and the last day there."""

    until = fields.Date(required=True)


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


@api.post("/people/<id:membership_id>/transfer")
@refuses(NoSuchPerson, OwnAffair, UnknownAgency, CannotMove, MoveAsked)
@takes_body
@done_once
@api.arguments(TransferInput)
@api.response(201, Done)
def transfer_person(body: dict[str, Any], membership_id: UUID | None) -> Response:
    """Let somebody go to another agency for good; its administrator has to agree."""
    wanted = existing(membership_id, NoSuchPerson)
    return reply_done(lambda tx: transfers.propose(tx, wanted, body["agency"], **who()), 201)


@api.post("/people/<id:membership_id>/secondment")
@refuses(NoSuchPerson, OwnAffair, UnknownAgency, CannotMove, MoveAsked, BadPeriod)
@takes_body
@done_once
@api.arguments(SecondmentInput)
@api.response(201, Done)
def second_person(body: dict[str, Any], membership_id: UUID | None) -> Response:
    """Lend somebody to another agency until a day; its administrator has to agree."""
    wanted, until = existing(membership_id, NoSuchPerson), end_of(body["until"])
    return reply_done(lambda tx: secondments.propose(tx, wanted, body["agency"], until=until, **who()), 201)


@api.get("/moves")
@refuses()
@api.response(200, Moves)
def list_moves() -> Response:
    """List the moves to and from your agency that wait for an answer."""
    with reading_people() as db:
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
    return reply_done(lambda tx: moves.approve(tx, wanted, **who()))


@api.post("/moves/<id:move_id>/decline")
@refuses(NoSuchMove, MoveOver)
@done_once
@api.response(200, Done)
def decline_move(move_id: UUID | None) -> Response:
    """Decline a move for your agency. No body is needed."""
    wanted = existing(move_id, NoSuchMove)
    return reply_done(lambda tx: moves.decline(tx, wanted, **who()))
