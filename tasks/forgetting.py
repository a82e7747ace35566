"""What erasing somebody takes out of sealed work: the signatures of their devices, and the keys sealed for these.

A signature names the device, the record's entries name it too, and a contribution names its person: together they would
lead from the person back to the entries that nobody is to find any more. Content and results stay.
"""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import delete, exists, select, update

from agencies import holders, notices
from agencies.device_keys.reading import is_device_live
from agencies.device_models import DeviceKey
from marketplace.foundation import clock
from marketplace.foundation.db import Tx
from security.principal import Role
from security.sealing import Protection, SlotPurpose
from tasks.models import Campaign, Microtask, Payload, PayloadSlot

AT_ONCE = 1_000
NOTICE = "campaign.unvouched"


def forget_devices(tx: Tx, devices: Collection[str], limit: int = AT_ONCE) -> bool:
    """Cut what ties these devices (thumbprints) to what they signed, and take away the keys that they held.

    Nobody shows any more who sealed the items of a campaign that they posted end to end (`opening` refuses those), and
    its agency is told. Returns whether there may be more.
    """
    tx.execute(
        delete(PayloadSlot).where(
            PayloadSlot.key_id.in_(devices), PayloadSlot.kind == SlotPurpose.DEVICE.value
        )
    )
    signed = select(Payload.id).where(Payload.signer.in_(devices)).order_by(Payload.id).limit(limit)
    ids = [row.id for row in tx.all(signed.with_for_update())]
    if ids:
        _tell(tx, ids)
        tx.execute(update(Payload).where(Payload.id.in_(ids)).values(signature=None, signer=None))
    return len(ids) == limit


def _tell(tx: Tx, ids: Collection[UUID]) -> None:
    """Tell the agencies of campaigns whose key is among these payloads, and which have items that wait for answers.

    A campaign has one key, so its agency is told once.
    """
    waiting = exists().where(Microtask.campaign_id == Campaign.id, Microtask.answers < Microtask.wanted)
    campaigns = tx.all(
        select(Campaign.id, Campaign.agency_id, Campaign.key_payload_id)
        .where(Campaign.key_payload_id.in_(ids), Campaign.protection == Protection.END_TO_END.value, waiting)
        .order_by(Campaign.id)
    )
    for campaign in campaigns:
        told = _holders(tx, campaign.key_payload_id)
        told = told or holders.people_of(tx, campaign.agency_id, [Role.SECURITY_OFFICER])
        for person_id in told:
            notices.post(tx, person_id, NOTICE, path=f"/campaigns/{campaign.id}/room")


def _holders(tx: Tx, key_payload_id: UUID) -> list[UUID]:
    """Those who have a live device with the campaign's key, each once."""
    rows = tx.all(
        select(DeviceKey.person_id)
        .join(PayloadSlot, PayloadSlot.key_id == DeviceKey.thumbprint)
        .where(
            PayloadSlot.payload_id == key_payload_id,
            PayloadSlot.kind == SlotPurpose.DEVICE.value,
            is_device_live(clock.at(tx)),
        )
        .distinct()
        .order_by(DeviceKey.person_id)
    )
    return [row.person_id for row in rows]
