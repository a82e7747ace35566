"""How an agency has its work handled, and the public halves of the keys that it keeps itself."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import Schema, fields, validate

from agencies import agency_keys, handling
from agencies.errors import BadAgencySettings, NoSuchAgencyKey, NoSuchLevel
from agencies.handling import END_TO_END, NONE, SERVER, Handling, SealedSpec
from marketplace.api.door import api, done_once, refuses, takes_body, who
from marketplace.api.replies import reply, reply_once
from marketplace.api.schemas import told
from marketplace.edge.acting import current_principal
from marketplace.foundation.db import Tx, reading
from marketplace.foundation.input import Input
from security.labels import Level
from security.principal import Zone

LEVELS = tuple(level.label_key for level in Level)


class LevelHandling(Schema):
    """How work of one level is handled. What holds at the screen holds in the network `zones`."""

    level = fields.String(validate=validate.OneOf(LEVELS))
    protection = fields.String(validate=validate.OneOf([NONE, SERVER, END_TO_END]))
    keep_days = fields.Integer(metadata=told("How long content is kept after a campaign's last day."))
    zones = fields.List(fields.String(validate=validate.OneOf([zone.value for zone in Zone])))
    one_at_a_time = fields.Boolean()
    views = fields.Integer(
        allow_none=True, metadata=told("How many times the item of one claim may be opened; null: no limit.")
    )
    idle_minutes = fields.Integer(
        allow_none=True, metadata=told("After how many minutes without a key an item closes; null: never.")
    )
    watermark = fields.Boolean()
    may_export = fields.Boolean()


class AllHandling(Schema):
    """How your agency has its work handled, from the lowest level on."""

    levels = fields.List(fields.Nested(LevelHandling))


class AgencyKey(Schema):
    """The public half of a key that your agency keeps itself."""

    kind = fields.String(validate=validate.OneOf(agency_keys.KINDS))
    suite = fields.String(validate=validate.OneOf(tuple(agency_keys.SUITES)))
    key_id = fields.String(metadata=told("Made of the key itself: compare it with what your program shows."))
    public_key = fields.Dict()
    added_at = fields.DateTime()
    ended_at = fields.DateTime(allow_none=True)


class AgencyKeys(Schema):
    """The keys of your agency, those that hold first."""

    keys = fields.List(fields.Nested(AgencyKey))


class NewAgencyKey(Input):
    """The public half: a JWK of a P-256 key, or {"raw": base64url} of a hybrid recovery key."""

    kind = fields.String(required=True, validate=validate.OneOf(agency_keys.KINDS))
    public_key = fields.Dict(required=True)


@api.get("/agency/handling")
@refuses()
@api.response(200, AllHandling)
def get_handling() -> Response:
    """Read how your agency has its work handled."""
    with reading() as db:
        return reply(_all(db))


@api.post("/agency/handling/<string:level>")
@refuses(BadAgencySettings, NoSuchLevel)
@takes_body
@done_once
@api.arguments(SealedSpec)
@api.response(200, AllHandling)
def set_handling(body: dict[str, Any], level: str) -> Response:
    """Change how work of one level is handled; what is left out stays."""
    wanted = handling.level_named(level)

    def act(tx: Tx) -> None:
        handling.change(tx, wanted, body, **who())

    return reply_once(act, lambda tx, _: _all(tx))


@api.get("/agency/keys")
@refuses()
@api.response(200, AgencyKeys)
def list_agency_keys() -> Response:
    """List the public halves of your agency's own keys."""
    with reading() as db:
        return reply(_keys(db))


@api.post("/agency/keys")
@refuses(BadAgencySettings)
@takes_body
@done_once
@api.arguments(NewAgencyKey)
@api.response(200, AgencyKeys)
def add_agency_key(body: dict[str, Any]) -> Response:
    """Register a key, in place of the one of its kind before it."""

    def act(tx: Tx) -> None:
        agency_keys.register(tx, body["kind"], body["public_key"], **who())

    return reply_once(act, lambda tx, _: _keys(tx))


@api.post("/agency/keys/<string:key_id>/end")
@refuses(NoSuchAgencyKey)
@done_once
@api.response(200, AgencyKeys)
def end_agency_key(key_id: str) -> Response:
    """End a key: nothing is sealed to it from now on. No body is needed."""

    def act(tx: Tx) -> None:
        agency_keys.end(tx, key_id, **who())

    return reply_once(act, lambda tx, _: _keys(tx))


def _all(db: Tx) -> dict[str, Any]:
    found = handling.all_of(db, current_principal().agency_id)
    return {"levels": [_shown(level, each) for level, each in found.items()]}


def _shown(level: Level, kept: Handling) -> dict[str, Any]:
    names = ("protection", "keep_days", "one_at_a_time", "views", "idle_minutes", "watermark", "may_export")
    zones = sorted(zone.value for zone in kept.zones)
    return {"level": level.label_key, "zones": zones} | {name: getattr(kept, name) for name in names}


def _keys(db: Tx) -> dict[str, Any]:
    names = ("kind", "suite", "key_id", "public_key", "added_at", "ended_at")
    found = agency_keys.listing(db, current_principal().agency_id)
    return {"keys": [{name: getattr(key, name) for name in names} for key in found]}
