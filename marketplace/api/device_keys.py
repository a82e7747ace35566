"""Device keys for programs: one's own, and what an agency sees of the keys of its people.

A device is set up on a page, by a sign-in of its person: no token of a program vouches for one.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response
from marshmallow import Schema, fields

from agencies import device_keys
from agencies.device_keys import Happened
from agencies.device_keys.errors import NoSuchDeviceKey
from agencies.device_keys.watching import MOST
from marketplace.api.door import api, done_once, existing, refuses, who
from marketplace.api.replies import reply, reply_once
from marketplace.api.schemas import told
from marketplace.edge.acting import current_principal
from marketplace.foundation.db import reading, transaction
from marketplace.foundation.errors import InvalidInput
from marketplace.foundation.input import Input, whole_from

LARGEST = 2**53 - 1


class OwnDevice(Schema):
    """A device of yours."""

    id = fields.UUID()
    kind = fields.String(metadata=told("browser or program"))
    name = fields.String()
    thumbprint = fields.String(metadata=told("What the device is called wherever content is sealed to it."))
    enrolled_at = fields.DateTime()
    revoked_at = fields.DateTime(allow_none=True)
    live = fields.Boolean(
        metadata=told("Whether content is sealed to it; not while your agency's sign-in is suspended.")
    )


class OwnDevices(Schema):
    """Your devices, those that were removed last."""

    device_keys = fields.List(fields.Nested(OwnDevice))


class Removed(Schema):
    """That it is removed."""

    removed = fields.Boolean()


class WatchQuery(Input):
    """From where on to watch."""

    after = fields.Integer(
        load_default=0, validate=whole_from(0, LARGEST), metadata=told("The `next` of the answer before.")
    )
    limit = fields.Integer(load_default=MOST, validate=whole_from(1, MOST))


class SeenDevice(Schema):
    """What happened to a device of somebody in your agency, and the device as it is now. It names nobody."""

    entry = fields.Integer(metadata=told("The number of this event on the record: its id."))
    event = fields.String(metadata=told("enrolled or revoked"))
    at = fields.DateTime()
    thumbprint = fields.String()
    kind = fields.String()
    holder = fields.String(
        allow_none=True,
        metadata=told("How the record speaks of the person where an act chose them by name; null: erased."),
    )
    nonce = fields.String(
        metadata=told("Of the sign-in that vouched: your sign-in service's log has to know it.")
    )
    issuer_key = fields.String(
        allow_none=True,
        metadata=told("RFC 7638 thumbprint of the key by which your sign-in service signed; null: by none."),
    )
    enrolled_at = fields.DateTime()
    enrolled_entry = fields.Integer(allow_none=True)
    revoked_at = fields.DateTime(allow_none=True)


class SeenDevices(Schema):
    """Events in the order of the record."""

    events = fields.List(fields.Nested(SeenDevice))
    next = fields.Integer(metadata=told("Where to go on; the same as before once there is nothing new."))


@api.get("/device-keys")
@refuses()
@api.response(200, OwnDevices)
def list_device_keys() -> Response:
    """List your devices."""
    with reading() as db:
        rows = device_keys.listing(db, current_principal().person_id)
    return reply({"device_keys": [dict(row._mapping) for row in rows]})


@api.post("/device-keys/<id:device_id>/remove")
@refuses(NoSuchDeviceKey)
@done_once
@api.response(200, Removed)
def remove_device_key(device_id: UUID | None) -> Response:
    """Take one of your devices out of use, for good. No body is needed."""
    wanted = existing(device_id, NoSuchDeviceKey)
    return reply_once(lambda tx: device_keys.revoke(tx, wanted, **who()), lambda *_: {"removed": True})


@api.get("/agency/device-keys")
@refuses(InvalidInput)
@api.arguments(WatchQuery, location="query")
@api.response(200, SeenDevices)
def watch_device_keys(wanted: dict[str, Any]) -> Response:
    """Watch the devices that your agency's sign-in vouched for: what was set up and what ended.

    It goes back as far as the record is kept. Reading it is on the record.
    """
    with transaction() as tx:
        happened, following = device_keys.since(tx, wanted["after"], limit=wanted["limit"], **who())
    return reply({"events": [_shown(each) for each in happened], "next": following})


def _shown(event: Happened) -> dict[str, Any]:
    device = event.device
    return {
        "entry": event.number,
        "event": event.event,
        "at": event.at,
        "thumbprint": device.thumbprint,
        "kind": device.kind,
        "holder": device.holder,
        "nonce": device.nonce,
        "issuer_key": device.issuer_key,
        "enrolled_at": device.enrolled_at,
        "enrolled_entry": device.entry,
        "revoked_at": device.revoked_at,
    }
