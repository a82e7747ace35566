"""The way back when every device that held a campaign's key is lost: the agency's offline key opens it, for a new one.

The server hands out what the offline key opens, with what shows whose the new device is, and keeps the slot that comes
back. Whether that slot opens, only the device can tell. It takes away nothing: the slot for the offline key stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select

from agencies import device_keys, notices
from agencies.device_keys.reading import is_device_live
from agencies.device_models import DeviceKey
from marketplace.foundation import clock
from marketplace.foundation.db import Tx, insert
from security.log import audit
from security.principal import Context, Principal
from security.sealing import SlotPurpose
from tasks import key_holders, payloads, sealed_keys
from tasks.errors import DeviceNotWitnessed, NotRecoverable
from tasks.facts import CampaignFacts
from tasks.models import PayloadSlot
from tasks.payloads import Part

NOTICE = "campaign_key.recovered"


@dataclass(frozen=True, slots=True)
class Recovery:
    """What the machine with the offline key needs: the campaign's key as it lies there, and the new device's evidence.

    `key.slot` is the slot for the offline key, in bytes. `device` is what `agencies.device_keys.evidence` gives.
    """

    campaign: CampaignFacts
    key: Part
    device: Mapping[str, Any]


def offer(tx: Tx, campaign_id: UUID, *, device: str, actor: Principal, context: Context) -> Recovery:
    """The campaign's key for the agency's offline key, and whose `device` (thumbprint) it is to be wrapped for.

    The device is one of the actor's own, or of a colleague who may read the results. On the record. Raises
    NoSuchCampaign, NotForYou, NotUnderOwnKey, NotRecoverable, NotAColleague, DeviceNotWitnessed.
    """
    campaign = key_holders.changeable(tx, campaign_id, actor, context)
    key_id = _offline_key(tx, campaign)
    whose = key_holders.person_of(tx, campaign, device, actor, context)
    found = device_keys.of_person(tx, whose.person_id, device)
    evidence = None if found is None else device_keys.evidence(tx, found.id)
    if evidence is None:
        raise DeviceNotWitnessed()
    part = payloads.key_part(tx, campaign, SlotPurpose.RECOVERY, key_id)
    target = campaign.target("campaign", campaign.id)
    audit.record(tx, "campaign_key.read", target, actor=actor, context=context, detail={"key": key_id})
    return Recovery(campaign, part, evidence)


def give(tx: Tx, campaign_id: UUID, *, device: str, slot: bytes, actor: Principal, context: Context) -> bool:
    """Keep the key as the offline key's machine wrapped it for `device`. Returns whether that device lacked it.

    Whoever may give the key may do this without holding it: what nobody can open any more nobody can give. On the
    record, and the campaign's owner and everybody whose device holds the key are told. Raises as `offer` does, and
    BadSealing.
    """
    campaign = key_holders.changeable(tx, campaign_id, actor, context)
    key_id = _offline_key(tx, campaign)
    sealed_keys.check_slot(campaign, slot, device)
    whose = key_holders.person_of(tx, campaign, device, actor, context)
    told = _side_of(tx, campaign)
    row = {
        "payload_id": campaign.key_payload_id,
        "kind": SlotPurpose.DEVICE,
        "key_id": device,
        "wrapped": slot,
    }
    new = insert(tx, PayloadSlot).values(row).on_conflict_do_nothing().returning(PayloadSlot.key_id)
    if tx.one_or_none(new) is None:
        return False
    target = audit.Target("person", whose.subject_id, campaign.agency_id, campaign.id, campaign.terms.level)
    audit.record(tx, "campaign_key.recover", target, actor=actor, context=context, detail={"key": key_id})
    found = device_keys.of_person(tx, whose.person_id, device)
    for person_id in sorted(told):
        # What somebody calls their device is for nobody else; nor is sealed work called by its name in a notice.
        own = {"device": found.name} if found is not None and person_id == whose.person_id else {}
        notices.post(tx, person_id, NOTICE, path=f"/campaigns/{campaign.id}/key", **own)
    return True


def _offline_key(db: Tx, campaign: CampaignFacts) -> str:
    """The offline key that the campaign's key was sealed for when it was posted: there is one at most."""
    for key_id in key_holders.slots_of(db, campaign).get(SlotPurpose.RECOVERY, frozenset()):
        return key_id
    raise NotRecoverable()


def _side_of(db: Tx, campaign: CampaignFacts) -> set[UUID]:
    """The owner's side: the owner, also where they do it themselves, and whoever has a live device with the key."""
    held = (PayloadSlot.payload_id == campaign.key_payload_id, PayloadSlot.kind == SlotPurpose.DEVICE)
    holding = select(DeviceKey.person_id).where(
        DeviceKey.thumbprint.in_(select(PayloadSlot.key_id).where(*held)), is_device_live(clock.at(db))
    )
    return {campaign.owner_id} | {row.person_id for row in db.all(holding)}
