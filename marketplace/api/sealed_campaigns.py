"""Campaigns sealed end to end: what a program seals and posts, the answers it decides, the results it opens itself."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response
from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from marketplace.api.campaigns import LARGEST_IMPORT, described
from marketplace.api.cursors import BadCursor, cursor, place
from marketplace.api.door import api, at_most, done_once, existing, refuses, takes_body, who
from marketplace.api.replies import reply, reply_once
from marketplace.api.schemas import SIGNED, Campaign, LeftToTheDomain, SealedPart, SealedStep, SealTo, told
from marketplace.edge import sealed_posting_json
from marketplace.edge.acting import current_context, current_principal
from marketplace.foundation.db import Tx, reading, transaction
from marketplace.foundation.input import Input, Strict, Text, whole_from
from security.sealing import SlotPurpose
from tasks import posting_sealed, sealed_results
from tasks.errors import (
    BadSealing,
    BadSpec,
    BadTrace,
    KeyNotShared,
    KeyUnavailable,
    NeedsDevice,
    NoSuchCampaign,
    NotAHolder,
    NotForYou,
    NotFromHere,
    NotSealedHere,
    NotUnderOwnKey,
    Shredded,
)
from tasks.spec import CampaignSpec

A_KEY = validate.Length(43, 43)


class SettingsOnly(Strict):
    """A campaign's settings, before anything of it is sealed."""

    spec = LeftToTheDomain(CampaignSpec, required=True, metadata=told("The campaign's settings."))


class Preparation(Schema):
    """What a device needs to seal a campaign."""

    sealed_before = fields.Boolean(
        metadata=told("Whether your agency has work of this level sealed end to end: else post it as it is.")
    )
    protection = fields.String()
    agency = fields.String()
    level = fields.String()
    compartments = fields.List(fields.String())
    settings = fields.Dict(metadata=told("The settings as they were understood; post these."))
    devices = fields.List(
        fields.Dict(),
        metadata=told(
            "Your live device keys: `thumbprint`, `name`, `evidence` (null until a witness has seen the device). Seal "
            "to your own by the key you hold, and to another one only once its evidence shows that it is yours."
        ),
    )
    processing = fields.Dict(allow_none=True, metadata=told("Your agency's online key, if it has one."))
    recovery = fields.Dict(allow_none=True, metadata=told("Your agency's offline key, if it has one."))


class SealedPost(Strict):
    """A campaign whose items are sealed: docs/end-to-end.md describes the members of `key` and `items`."""

    spec = LeftToTheDomain(CampaignSpec, required=True, metadata=told("The campaign's settings."))
    campaign = fields.String(required=True, metadata=told("The campaign's id: a random UUID of your own."))
    key = fields.Dict(required=True, metadata=told("The campaign's key, its private half sealed."))
    items = fields.List(
        fields.Dict(),
        required=True,
        metadata=told("Each with `microtask` (a random UUID), `number`, `envelope`, `slot` and `signature`."),
    )


class SealedBatch(Strict):
    """The next items of a campaign that you have sealed, all of them to its key and signed by one device."""

    key_id = fields.String(required=True, metadata=told("The campaign's key, by the name made of it."))
    signer = fields.String(
        required=True, metadata=told("The thumbprint of the device that signed the items.")
    )
    items = fields.List(
        fields.Dict(),
        required=True,
        metadata=told("As in posting; `number` goes on from the items that the campaign has."),
    )


class HolderQuery(Input):
    """Which key of yours opens the campaign's: that of a device, or your agency's processing key."""

    device = fields.String(
        load_default=None, validate=A_KEY, metadata=told("The thumbprint of a device of yours.")
    )
    processing = fields.String(
        load_default=None, validate=A_KEY, metadata=told("The id of your agency's key.")
    )
    after = Text(400, load_default=None, metadata=told("The `next` of the page before."))
    limit = fields.Integer(
        load_default=50,
        validate=whole_from(1, sealed_results.MOST),
        metadata=told("How many rows, at most."),
    )

    @validates_schema
    def _one_of_them(self, data: dict[str, Any], **_: Any) -> None:
        if (data["device"] is None) == (data["processing"] is None):
            raise ValidationError("Name a device or a processing key.", "device")


class DevicePageQuery(Input):
    """Which part of a list, for which device."""

    device = fields.String(
        required=True, validate=A_KEY, metadata=told("The thumbprint of a device of yours.")
    )
    after = Text(400, load_default=None, metadata=told("The `next` of the page before."))
    limit = fields.Integer(
        load_default=50,
        validate=whole_from(1, sealed_results.MOST),
        metadata=told("How many rows, at most."),
    )


class UndecidedItem(Schema):
    """An item that has all its answers."""

    microtask = fields.UUID()
    number = fields.Integer()
    answers = fields.List(fields.Nested(SealedPart))


class UndecidedItems(Schema):
    """Answers to decide. `key` opens them, and is there where there are items; `result` says how what is decided is
    sealed.
    """

    campaign = fields.UUID()
    question = fields.Dict()
    key = fields.Nested(SealedPart, allow_none=True)
    items = fields.List(fields.Nested(UndecidedItem))
    result = fields.Nested(SealTo)
    next = fields.String(allow_none=True)


class SealedResults(Strict):
    """Results that your agency decided."""

    results = fields.List(
        fields.Dict(),
        required=True,
        validate=validate.Length(1, sealed_results.MOST),
        metadata=told(
            "Each with `microtask`, `envelope`, `key_id`, `slot`, `signature`, `signer` of the value sealed, and "
            "`agreeing`, `answers`, `tied`, `rule`, `trace` (the ids of the contributions)."
        ),
    )


class Progress(Schema):
    """How far a campaign is: items with a result, and items that have all their answers and wait for one."""

    settled = fields.Integer()
    undecided = fields.Integer()


class SealedExportRow(Schema):
    """A settled item for one device. What was shredded has no parts."""

    microtask_id = fields.UUID()
    number = fields.Integer()
    item = fields.Nested(SealedPart, allow_none=True)
    value = fields.Nested(SealedPart, allow_none=True)
    version = fields.Integer()
    agreeing = fields.Integer()
    answers = fields.Integer()
    tied = fields.Boolean()
    rule = fields.String()
    settled_on = fields.Date()
    trace = fields.List(fields.Nested(SealedStep))


class SealedExport(Schema):
    """Settled items by number. End to end, `key` is the campaign's, where there is anything to open."""

    form = fields.Dict()
    key = fields.Nested(SealedPart, allow_none=True)
    evidence = fields.Dict(keys=fields.String(), values=fields.Dict(), metadata=told(SIGNED))
    rows = fields.List(fields.Nested(SealedExportRow))
    next = fields.String(allow_none=True)


@api.post("/campaigns/sealed/check")
@refuses(BadSpec)
@takes_body
@done_once
@api.arguments(SettingsOnly)
@api.response(200, Preparation)
def prepare_sealed(body: dict[str, Any]) -> Response:
    """Check settings, and learn how to seal the items.

    Nothing is posted. Settings are not sealed: let nothing of the items stand in them.
    """

    def shown(tx: Tx, _: UUID | None) -> dict[str, Any]:
        found = posting_sealed.prepare(tx, body["spec"], current_principal())
        return sealed_posting_json.preparation_of(found)

    return reply_once(lambda _: None, shown)


@api.post("/campaigns/sealed")
@at_most(LARGEST_IMPORT)
@refuses(BadSpec, NotSealedHere, NeedsDevice, KeyNotShared, BadSealing)
@takes_body
@done_once
@api.arguments(SealedPost)
@api.response(201, Campaign, headers={"Location": {"schema": {"type": "string"}}})
def post_sealed(body: dict[str, Any]) -> Response:
    """Post a campaign whose items you have sealed.

    The server reads none of them: it checks that each was sealed for its place and signed by a device of yours. A body
    has at most 32 MB; send the items that it has no room for in batches behind it.
    """
    campaign_id, key, items = sealed_posting_json.posting_in(body)

    def act(tx: Tx) -> UUID:
        return posting_sealed.post_sealed(tx, body["spec"], key, items, campaign_id=campaign_id, **who())

    def shown(tx: Tx, made: UUID | None) -> dict[str, Any]:
        return described(tx, existing(made, NoSuchCampaign), current_principal())

    return reply_once(act, shown, 201, lambda made: {"Location": f"/api/v1/campaigns/{made}"})


@api.post("/campaigns/<id:campaign_id>/sealed-items")
@at_most(LARGEST_IMPORT)
@refuses(NoSuchCampaign, NotUnderOwnKey, Shredded, NeedsDevice, BadSealing)
@takes_body
@done_once
@api.arguments(SealedBatch)
@api.response(200, Campaign)
def add_sealed_items(body: dict[str, Any], campaign_id: UUID | None) -> Response:
    """Put more items that you have sealed behind those of a campaign of yours.

    A batch is taken in whole or not at all, and one that is in already is not taken twice. `total` is how many items
    the campaign has then.
    """
    wanted = existing(campaign_id, NoSuchCampaign)
    items = sealed_posting_json.batch_in(body)

    def act(tx: Tx) -> None:
        posting_sealed.add_items(tx, wanted, items, **who())

    return reply_once(act, lambda tx, _: described(tx, wanted, current_principal()))


@api.get("/campaigns/<id:campaign_id>/undecided")
@refuses(
    NoSuchCampaign, NotForYou, NotFromHere, NotUnderOwnKey, NotAHolder, NeedsDevice, Shredded, KeyUnavailable,
    BadCursor,
)  # fmt: skip
@api.arguments(HolderQuery, location="query")
@api.response(200, UndecidedItems)
def list_undecided(query: dict[str, Any], campaign_id: UUID | None) -> Response:
    """List the items of an end-to-end campaign that have all their answers, with those answers, sealed.

    What is handed out is on the record, and goes only where results may be exported. Decide it as
    `marketplace campaign settle` does and hand the results in.
    """
    wanted = existing(campaign_id, NoSuchCampaign)
    holder = SlotPurpose.PROCESSING if query["device"] is None else SlotPurpose.DEVICE
    key_id = query["processing"] or query["device"]
    listing = f"undecided:{wanted}"
    asked: dict[str, Any] = {"after": place(listing, query["after"]), "limit": query["limit"]} | who()
    with reading() as db:
        page = sealed_results.look(db, wanted, holder, key_id, **asked)
    if page.items:
        with transaction() as tx:
            page = sealed_results.undecided(tx, wanted, holder, key_id, **asked)
    found = sealed_posting_json.undecided_of(page)
    return reply(found | {"next": cursor(listing, page.next)})


@api.post("/campaigns/<id:campaign_id>/results")
@at_most(LARGEST_IMPORT)
@refuses(NoSuchCampaign, NotForYou, NotUnderOwnKey, NeedsDevice, BadSealing, BadTrace)
@takes_body
@done_once
@api.arguments(SealedResults)
@api.response(200, Progress)
def keep_results(body: dict[str, Any], campaign_id: UUID | None) -> Response:
    """Hand in results that your agency decided outside the server.

    Each is sealed to the campaign's key, signed by a device of yours, and names exactly the answers that there are to
    its item. An item that has a result already is left as it is.
    """
    wanted = existing(campaign_id, NoSuchCampaign)
    decided = sealed_posting_json.decided_in(body["results"])

    def act(tx: Tx) -> None:
        sealed_results.keep(tx, wanted, decided, **who())

    def shown(tx: Tx, _: UUID | None) -> dict[str, Any]:
        return dict(sealed_results.progress(tx, wanted, current_principal(), current_context()))

    return reply_once(act, shown)


@api.get("/campaigns/<id:campaign_id>/results/parts")
@refuses(
    NoSuchCampaign, NotForYou, NotFromHere, NotUnderOwnKey, NotAHolder, NeedsDevice, KeyUnavailable, BadCursor
)
@api.arguments(DevicePageQuery, location="query")
@api.response(200, SealedExport)
def export_sealed_results(query: dict[str, Any], campaign_id: UUID | None) -> Response:
    """Export settled items of a sealed campaign, for your device to open.

    Each page is on the record as an export.
    """
    wanted = existing(campaign_id, NoSuchCampaign)
    listing = f"parts:{wanted}"
    after = place(listing, query["after"])
    with transaction() as tx:
        page = sealed_results.export(tx, wanted, query["device"], after=after, limit=query["limit"], **who())
    found = sealed_posting_json.exported_of(page)
    return reply(found | {"next": cursor(listing, page.next)})
