"""Units: the tree of your agency, and who stands where."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response
from marshmallow import Schema, fields, validate

from agencies import unit_members, unit_tree, units
from agencies.agreement_specs import Slug
from agencies.errors import BadUnit, NoSuchUnit, UnitLoop, UnitNameTaken, UnitNotEmpty
from marketplace.api.door import api, done_once, existing, refuses, takes_body, who
from marketplace.api.replies import reply, reply_once
from marketplace.api.schemas import told
from marketplace.edge.acting import current_principal
from marketplace.foundation import clock
from marketplace.foundation.db import Tx, reading
from marketplace.foundation.input import Input, Text, entries


class Unit(Schema):
    """A unit."""

    id = fields.UUID()
    name = fields.String()
    parent_id = fields.UUID(allow_none=True)
    depth = fields.Integer(metadata=told("0 at the top."))
    temporary = fields.Boolean()
    until = fields.DateTime(allow_none=True)
    guests = fields.List(fields.String(), metadata=told("Agencies whose people it may take."))


class Change(Schema):
    """What happened to a unit."""

    unit_id = fields.UUID()
    name = fields.String(metadata=told("As it is now."))
    what = fields.String(validate=validate.OneOf(["made", "renamed", "moved", "merged", "ended"]))
    was = fields.Dict()
    became = fields.Dict()
    at = fields.DateTime()


class Units(Schema):
    """The units of your agency from the top, those that take your people as guests, and what changed."""

    units = fields.List(fields.Nested(Unit))
    as_guest = fields.List(fields.Dict())
    history = fields.List(fields.Nested(Change))


class NewUnit(Input):
    """A unit to make; with `until` a temporary one, which may take people of the agencies `guests`."""

    name = Text(units.LONGEST_NAME, required=True)
    parent_id = fields.UUID(load_default=None, allow_none=True)
    until = fields.Date(load_default=None, allow_none=True)
    guests = fields.List(Slug(60), load_default=list, validate=entries(0, 50))


class NewName(Input):
    """Another name."""

    name = Text(units.LONGEST_NAME, required=True)


class NewPlace(Input):
    """Where a unit is put: under another one, or null for the top."""

    parent_id = fields.UUID(required=True, allow_none=True)


class Into(Input):
    """The unit to merge into."""

    into_id = fields.UUID(required=True)


class Placing(Input):
    """A member of your agency."""

    membership_id = fields.UUID(required=True)


@api.get("/units")
@refuses()
@api.response(200, Units)
def list_units() -> Response:
    """List your agency's units and their history."""
    with reading() as db:
        return reply(_units(db))


@api.post("/units")
@refuses(BadUnit, NoSuchUnit, UnitNameTaken)
@takes_body
@done_once
@api.arguments(NewUnit)
@api.response(201, Units)
def make_unit(body: dict[str, Any]) -> Response:
    """Make a unit."""
    until = clock.end_of(body["until"])

    def act(tx: Tx) -> UUID:
        return units.make(
            tx,
            body["name"],
            body["parent_id"],
            until=until,
            guests=body["guests"],
            **who(),
        )

    return reply_once(act, lambda tx, _: _units(tx), 201)


@api.post("/units/<id:unit_id>/name")
@refuses(BadUnit, NoSuchUnit, UnitNameTaken)
@takes_body
@done_once
@api.arguments(NewName)
@api.response(200, Units)
def rename_unit(body: dict[str, Any], unit_id: UUID | None) -> Response:
    """Give a unit another name."""
    wanted = existing(unit_id, NoSuchUnit)
    return _done(lambda tx: units.rename(tx, wanted, body["name"], **who()))


@api.post("/units/<id:unit_id>/place")
@refuses(BadUnit, NoSuchUnit, UnitLoop, UnitNameTaken)
@takes_body
@done_once
@api.arguments(NewPlace)
@api.response(200, Units)
def move_unit(body: dict[str, Any], unit_id: UUID | None) -> Response:
    """Put a unit with all below it somewhere else."""
    wanted = existing(unit_id, NoSuchUnit)
    return _done(lambda tx: units.move(tx, wanted, body["parent_id"], **who()))


@api.post("/units/<id:unit_id>/merge")
@refuses(BadUnit, NoSuchUnit, UnitLoop, UnitNameTaken)
@takes_body
@done_once
@api.arguments(Into)
@api.response(200, Units)
def merge_unit(body: dict[str, Any], unit_id: UUID | None) -> Response:
    """Put a unit's people and the units below it into another one, and end it."""
    wanted = existing(unit_id, NoSuchUnit)
    return _done(lambda tx: units.merge(tx, wanted, body["into_id"], **who()))


@api.post("/units/<id:unit_id>/end")
@refuses(NoSuchUnit, UnitNotEmpty)
@done_once
@api.response(200, Units)
def end_unit(unit_id: UUID | None) -> Response:
    """End a unit that nothing stands in."""
    wanted = existing(unit_id, NoSuchUnit)
    return _done(lambda tx: units.end(tx, wanted, **who()))


@api.post("/units/<id:unit_id>/members")
@refuses(BadUnit, NoSuchUnit)
@takes_body
@done_once
@api.arguments(Placing)
@api.response(200, Units)
def place_in_unit(body: dict[str, Any], unit_id: UUID | None) -> Response:
    """Put one of your own people into a unit; a lasting one becomes their only home unit."""
    wanted, member = existing(unit_id, NoSuchUnit), body["membership_id"]
    return _done(lambda tx: unit_members.place(tx, member, wanted, **who()))


@api.post("/units/<id:unit_id>/members/out")
@refuses(BadUnit, NoSuchUnit)
@takes_body
@done_once
@api.arguments(Placing)
@api.response(200, Units)
def take_out_of_unit(body: dict[str, Any], unit_id: UUID | None) -> Response:
    """Take one of your own people out of a unit."""
    wanted, member = existing(unit_id, NoSuchUnit), body["membership_id"]
    return _done(lambda tx: unit_members.take_out(tx, member, wanted, **who()))


def _done(act: Any) -> Response:
    def done(tx: Tx) -> None:
        act(tx)

    return reply_once(done, lambda tx, _: _units(tx))


def _units(db: Tx) -> dict[str, Any]:
    agency_id = current_principal().agency_id
    return {
        "units": unit_tree.tree(db, agency_id),
        "as_guest": unit_tree.open_to_guest(db, agency_id),
        "history": unit_tree.history(db, agency_id),
    }
