"""Keys to end-to-end items, for an agency's own service: who waits, what stands behind it, and giving the key."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response
from marshmallow import Schema, fields, validate

from marketplace.api.door import api, done_once, existing, refuses, takes_body, who
from marketplace.api.replies import reply, reply_once
from marketplace.api.schemas import SealedPart, told
from marketplace.edge import key_json
from marketplace.foundation.db import Tx, reading, transaction
from marketplace.foundation.errors import InvalidInput
from marketplace.foundation.input import Input
from security.sealing.device_slots import LARGEST_SLOT
from tasks import key_releases, key_requests
from tasks.errors import (
    BadSealing,
    ClaimOver,
    KeyAlreadyGiven,
    NoSuchCampaign,
    NoSuchKeyRequest,
    NotAHolder,
    NotForYou,
    NotUnderOwnKey,
)

THUMBPRINT = validate.Length(43, 43)


class HolderQuery(Input):
    """Whose key opens the campaign's: your agency's processing key, or a device key of yours."""

    holder = fields.String(
        required=True, validate=THUMBPRINT, metadata=told("Its key id, or the thumbprint of the device.")
    )
    known = fields.String(
        load_default="",
        validate=validate.Length(0, 17 * key_json.MOST_KNOWN),
        metadata=told("The names of requests that you have already, with dots between them: at most 150."),
    )


class KeyRequest(Schema):
    """A device that asks for the key to the item of a live claim."""

    name = fields.String(
        metadata=told("What this request is called; another end of the claim is another one.")
    )
    claim = fields.UUID()
    microtask = fields.UUID()
    number = fields.Integer()
    device = fields.String(metadata=told("The thumbprint of the device."))
    until = fields.Integer(
        metadata=told("The end of the claim in seconds since 1970: the slot that you make ends then.")
    )
    header = fields.Dict(metadata=told("The header of the item: docs/sealing.md."))
    key_id = fields.String()
    slot = fields.String(metadata=told("The item's data key, wrapped for the campaign's key."))
    evidence = fields.Dict(
        metadata=told("What shows whose device it is, and that it was let in: docs/key-release.md.")
    )


class KeyRequests(Schema):
    """What waits at one campaign. `key` is the campaign's own key, sealed for the holder that you named; it comes with
    requests.
    """

    campaign = fields.UUID()
    key_id = fields.String()
    key = fields.Nested(SealedPart, allow_none=True)
    requests = fields.List(fields.Nested(KeyRequest))
    waiting = fields.List(
        fields.String(), metadata=told("The names of all that wait, also of those no witness has seen yet.")
    )


class AllKeyRequests(Schema):
    """What waits at the campaigns of your agency."""

    campaigns = fields.List(fields.Nested(KeyRequests))


class KeyRelease(Input):
    """The item's data key, wrapped for the device that asks."""

    claim = fields.UUID(required=True)
    device = fields.String(required=True, validate=THUMBPRINT)
    holder = fields.String(required=True, validate=THUMBPRINT)
    slot = fields.String(required=True, validate=validate.Length(1, LARGEST_SLOT))


class Released(Schema):
    """That the key was given."""

    released = fields.Boolean()


@api.get("/campaigns/<id:campaign_id>/key-requests")
@refuses(NoSuchCampaign, NotForYou, NotUnderOwnKey, NotAHolder, InvalidInput)
@api.arguments(HolderQuery, location="query")
@api.response(200, KeyRequests)
def list_key_requests(query: dict[str, Any], campaign_id: UUID | None) -> Response:
    """List who waits for a key to an item of a campaign that is sealed end to end.

    Verify the evidence of each before you wrap anything. What is handed out is on the record; name what you have in
    `known` when you ask again.
    """
    wanted, asked = existing(campaign_id, NoSuchCampaign), _asked(query)
    with reading() as db:
        found = key_requests.look(db, wanted, **asked)
    if found.requests:
        with transaction() as tx:
            found = key_requests.waiting(tx, wanted, **asked)
    return reply(key_json.desk_of(found))


@api.get("/key-requests")
@refuses(InvalidInput)
@api.arguments(HolderQuery, location="query")
@api.response(200, AllKeyRequests)
def list_key_requests_of_agency(query: dict[str, Any]) -> Response:
    """List who waits at any campaign of your agency whose key the holder that you name has.

    Campaigns are listed where there is a request that you do not have in `known`.
    """
    asked = _asked(query)
    with reading() as db:
        found = key_requests.look_at_agency(db, **asked)
    if found:
        with transaction() as tx:
            found = key_requests.of_agency(tx, **asked)
    return reply({"campaigns": [key_json.desk_of(each) for each in found]})


@api.post("/campaigns/<id:campaign_id>/key-requests/release")
@refuses(
    NoSuchCampaign, NotForYou, NotUnderOwnKey, NotAHolder, NoSuchKeyRequest, ClaimOver, KeyAlreadyGiven, BadSealing,
)  # fmt: skip
@takes_body
@done_once
@api.arguments(KeyRelease)
@api.response(200, Released)
def release_key(body: dict[str, Any], campaign_id: UUID | None) -> Response:
    """Give one device the key to the item of its claim.

    The slot is a compact JWE for the device, bound to the item and ending with the claim: docs/sealing.md. The first
    one given stays.
    """
    wanted = existing(campaign_id, NoSuchCampaign)
    if not body["slot"].isascii():
        raise BadSealing(problem="slot")

    def act(tx: Tx) -> None:
        key_releases.release(
            tx,
            wanted,
            body["claim"],
            body["device"],
            body["slot"].encode("ascii"),
            holder=body["holder"],
            **who(),
        )

    return reply_once(act, lambda _, __: {"released": True})


def _asked(query: dict[str, Any]) -> dict[str, Any]:
    return {"holder": query["holder"], "known": key_json.known_in(query["known"])} | who()
