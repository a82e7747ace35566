"""A campaign's own key for who holds it; and where every device is lost, for the agency's offline key and a new one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response
from marshmallow import Schema, fields, validate

from marketplace.api.door import api, done_once, existing, refuses, takes_body, who
from marketplace.api.key_releases import THUMBPRINT
from marketplace.api.replies import reply, reply_once
from marketplace.api.schemas import SealedPart, told
from marketplace.edge import key_json, sealed_json
from marketplace.foundation.db import Tx, transaction
from marketplace.foundation.errors import InvalidInput
from marketplace.foundation.input import Input
from security.sealing.device_slots import LARGEST_SLOT
from tasks import key_holders, key_recovery, sealers
from tasks.errors import (
    BadSealing,
    DeviceNotWitnessed,
    NoSuchCampaign,
    NotAColleague,
    NotAHolder,
    NotForYou,
    NotRecoverable,
    NotUnderOwnKey,
)

_DEVICE = told("The thumbprint of the new device: yours, or a colleague's who may read the results.")


class NewDeviceQuery(Input):
    """Which device is to hold the key."""

    device = fields.String(required=True, validate=THUMBPRINT, metadata=_DEVICE)


class OwnDeviceQuery(Input):
    """A device of yours that holds the campaign's key."""

    device = fields.String(required=True, validate=THUMBPRINT, metadata=told("Its thumbprint."))


class CampaignKey(Schema):
    """The campaign's key for one of the devices that hold it."""

    key_id = fields.String(metadata=told("The campaign's own key, by the name that is made of it."))
    key = fields.Nested(SealedPart)
    evidence = fields.Dict(
        keys=fields.String(),
        values=fields.Dict(),
        metadata=told("What stands behind the device that signed it. Verify both before you seal to it."),
    )


class RecoverySlot(Schema):
    """The campaign's key as the offline key opens it, and what shows whose the new device is."""

    campaign = fields.UUID()
    key_id = fields.String(metadata=told("The campaign's own key, by the name that is made of it."))
    key = fields.Nested(SealedPart, metadata=told("Its `slot` is for the offline key: bytes in base64url."))
    device = fields.Dict(metadata=told("The evidence of the device: verify it before you wrap anything."))


class RecoveredKey(Input):
    """The campaign's key, wrapped for the new device."""

    device = fields.String(required=True, validate=THUMBPRINT, metadata=_DEVICE)
    slot = fields.String(required=True, validate=validate.Length(1, LARGEST_SLOT))


class Recovered(Schema):
    """That this device holds the key now."""

    device = fields.String()


@api.get("/campaigns/<id:campaign_id>/key")
@refuses(NoSuchCampaign, NotForYou, NotUnderOwnKey, NotAHolder, InvalidInput)
@api.arguments(OwnDeviceQuery, location="query")
@api.response(200, CampaignKey)
def get_campaign_key(query: dict[str, Any], campaign_id: UUID | None) -> Response:
    """Fetch the key of an end-to-end campaign for a device of yours that holds it. On the record."""
    wanted = existing(campaign_id, NoSuchCampaign)
    with transaction() as tx:
        found = key_holders.offer(tx, wanted, device=query["device"], **who())
        evidence = dict(sealers.behind(tx, [found.key]))
        key = sealed_json.part_of(found.key)
        return reply({"key_id": found.campaign.key_id, "key": key, "evidence": evidence})


@api.get("/campaigns/<id:campaign_id>/key/recovery")
@refuses(
    NoSuchCampaign, NotForYou, NotUnderOwnKey, NotRecoverable, NotAColleague, DeviceNotWitnessed, InvalidInput
)
@api.arguments(NewDeviceQuery, location="query")
@api.response(200, RecoverySlot)
def get_recovery_slot(query: dict[str, Any], campaign_id: UUID | None) -> Response:
    """Fetch the key of an end-to-end campaign for your agency's offline key, to give it to a new device.

    For whoever may give the key, when no device that holds it is left. On the record.
    """
    wanted = existing(campaign_id, NoSuchCampaign)
    with transaction() as tx:
        found = key_recovery.offer(tx, wanted, device=query["device"], **who())
        return reply(key_json.recovery_of(found))


@api.post("/campaigns/<id:campaign_id>/key/recovery")
@refuses(NoSuchCampaign, NotForYou, NotUnderOwnKey, NotRecoverable, NotAColleague, BadSealing)
@takes_body
@done_once
@api.arguments(RecoveredKey)
@api.response(200, Recovered)
def recover_key(body: dict[str, Any], campaign_id: UUID | None) -> Response:
    """Give a device the key that your agency's offline key opened.

    On the record; the campaign's owner and everybody who holds its key are told. A device that holds it keeps what it
    has.
    """
    wanted = existing(campaign_id, NoSuchCampaign)
    if not body["slot"].isascii():
        raise BadSealing(problem="slot")

    def act(tx: Tx) -> None:
        key_recovery.give(tx, wanted, device=body["device"], slot=body["slot"].encode("ascii"), **who())

    return reply_once(act, lambda _, __: {"device": body["device"]})
