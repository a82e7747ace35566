"""Keys to end-to-end sealed items: a device asks, and whoever holds the campaign's key wraps the item's for it.

The server sees who asks for what, decides whether they may, and hands the answer on; it could open neither. What waits
for those who hold the campaign's key is in `key_requests`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, exists, select, update

from agencies import device_keys, people
from agencies.device_keys import DeviceKey
from agencies.device_keys.reading import is_device_live
from agencies.device_models import DeviceKey as DeviceRow
from marketplace.foundation import clock
from marketplace.foundation.db import Tx, insert
from security import asked_keys
from security.log import audit
from security.principal import Context, Principal
from security.sealing import Protection, SealingError, SlotPurpose, device_slots
from tasks import payloads, results
from tasks.errors import (
    BadSealing,
    ClaimOver,
    KeyAlreadyGiven,
    NoSuchKeyRequest,
    NotAHolder,
    NotUnderOwnKey,
)
from tasks.facts import CampaignFacts
from tasks.models import Claim, KeyRelease, PayloadSlot

HOLDERS = (SlotPurpose.DEVICE, SlotPurpose.PROCESSING)
"""Who gives keys: devices of people, and the agency's own online key."""


def end_of(expires_at: datetime) -> int:
    """When a slot for a claim ends, in whole seconds since 1970."""
    return int(expires_at.timestamp())


def ask(
    tx: Tx, claim_id: UUID, campaign: CampaignFacts, device: DeviceKey, *, actor: Principal, context: Context
) -> bytes | None:
    """The released slot for this live claim and device; None where it is asked for and not there yet.

    Asking is on the record once per end of the claim, with the device: it is the decision that whoever gives the key
    looks for. They are shown that entry, beside the token that says who the device's person is; so it speaks of the
    device and of nothing by which that person's other entries would be found. That it was they who opened the item is
    on the record when it opens.
    """
    mine = (KeyRelease.claim_id == claim_id, KeyRelease.device_key_id == device.id)
    row = tx.one_or_none(select(KeyRelease.wrapped).where(*mine))
    if row is not None and (row.wrapped is None or not _is_over(tx, bytes(row.wrapped))):
        return None if row.wrapped is None else bytes(row.wrapped)
    if row is not None:  # the claim was extended beyond the end of what was given for it
        tx.execute(delete(KeyRelease).where(*mine))
    asked = {"claim_id": claim_id, "device_key_id": device.id, "campaign_id": campaign.id, "wrapped": None}
    new = insert(tx, KeyRelease).values(asked).on_conflict_do_nothing().returning(KeyRelease.claim_id)
    if tx.one_or_none(new) is not None:
        claim = tx.execute(select(Claim.microtask_id, Claim.expires_at).where(Claim.id == claim_id)).one()
        audit.record(
            tx,
            asked_keys.ACT,
            campaign.target("microtask", claim.microtask_id),
            actor=None,
            context=context.apart(),
            detail={"device": device.thumbprint, "until": end_of(claim.expires_at)},
        )
    return None


def release(
    tx: Tx,
    campaign_id: UUID,
    claim_id: UUID,
    device: str,
    slot: bytes,
    *,
    holder: str,
    actor: Principal,
    context: Context,
) -> None:
    """Give a device the key to the item of a live claim: `slot` is the item's data key, wrapped for it until its end.

    `device` is the thumbprint that asked; `holder` names whose key opened the item's, a device of the actor's or the
    agency's processing key. The first one given stays. Raises NoSuchCampaign, NotForYou, NotUnderOwnKey, NotAHolder;
    NoSuchKeyRequest also for a device that was removed; ClaimOver, KeyAlreadyGiven, BadSealing.
    """
    actor = people.still_member(tx, actor)
    campaign = readable(tx, campaign_id, actor, context)
    kind = kind_of_holder(tx, campaign, holder, actor)
    asked = _asked(tx, campaign_id, claim_id, device)
    if asked is None:
        raise NoSuchKeyRequest()
    if asked.expires_at is None or asked.expires_at <= clock.now(tx):
        raise ClaimOver()
    header = payloads.header_of(campaign, payloads.item(asked.microtask_id))
    try:
        device_slots.check_bound(
            slot, header.hash, SlotPurpose.DEVICE, device, expires=end_of(asked.expires_at)
        )
    except SealingError as error:
        raise BadSealing(problem=type(error).__name__) from None
    if not _keep(tx, asked, slot):
        raise KeyAlreadyGiven()
    target = campaign.target("microtask", asked.microtask_id)
    detail = {"device": device, "by": kind.value}
    audit.record(tx, "key.release", target, actor=actor, context=context, detail=detail)


def readable(db: Tx, campaign_id: UUID, actor: Principal, context: Context) -> CampaignFacts:
    """A campaign sealed end to end whose results the actor may read.

    Raises NoSuchCampaign, NotForYou, NotUnderOwnKey.
    """
    campaign = results.readable(db, campaign_id, actor, context)
    if campaign.protection is not Protection.END_TO_END:
        raise NotUnderOwnKey()
    return campaign


def kind_of_holder(db: Tx, campaign: CampaignFacts, holder: str, actor: Principal) -> SlotPurpose:
    """Whose key `holder` (a key id) is, of those that the campaign's key is sealed for. Raises NotAHolder.

    A device must be a live one of the actor's own; that somebody has the agency's processing key shows when they use
    it, and until then that they may read the campaign's results must do.
    """
    of_key = (PayloadSlot.payload_id == campaign.key_payload_id, PayloadSlot.key_id == holder)
    row = db.one_or_none(select(PayloadSlot.kind).where(*of_key, PayloadSlot.kind.in_(HOLDERS)))
    if row is None:
        raise NotAHolder()
    kind = SlotPurpose(row.kind)
    if kind is SlotPurpose.DEVICE and device_keys.of_person(db, actor.person_id, holder) is None:
        raise NotAHolder()
    return kind


def forget_waiting(tx: Tx, claim_id: UUID) -> None:
    """The claim ends later than its holder's devices said when they asked: they ask again, for the new end."""
    tx.execute(delete(KeyRelease).where(KeyRelease.claim_id == claim_id, KeyRelease.wrapped.is_(None)))


def forget_over(tx: Tx) -> int:
    """Delete what was asked for and released for claims that have ended. Returns how many there were."""
    over = select(Claim.id).where(Claim.live).where(Claim.id == KeyRelease.claim_id).exists()
    return tx.execute(delete(KeyRelease).where(~over)).rowcount


def _is_over(tx: Tx, slot: bytes) -> bool:
    end = device_slots.expiry(slot)
    return end is not None and end <= int(clock.now(tx).timestamp())


def _asked(tx: Tx, campaign_id: UUID, claim_id: UUID, device: str) -> Any | None:
    """What this live device asked for: its row's id, the claim, the microtask and the claim's end, None once over."""
    return tx.one_or_none(
        select(KeyRelease.device_key_id, KeyRelease.claim_id, Claim.microtask_id, Claim.expires_at)
        .join(Claim, Claim.id == KeyRelease.claim_id)
        .join(DeviceRow, DeviceRow.id == KeyRelease.device_key_id)
        .where(
            KeyRelease.campaign_id == campaign_id,
            KeyRelease.claim_id == claim_id,
            DeviceRow.thumbprint == device,
            DeviceRow.person_id == Claim.person_id,
            is_device_live(clock.at(tx)),
        )
    )


def _keep(tx: Tx, asked: Any, slot: bytes) -> bool:
    """Keep the slot if nothing was given before, and claim and device are still what they were when it was checked."""
    live = exists().where(Claim.id == asked.claim_id, Claim.live, Claim.expires_at == asked.expires_at)
    device = exists().where(DeviceRow.id == asked.device_key_id, DeviceRow.revoked_at.is_(None))
    given = (
        update(KeyRelease)
        .where(
            KeyRelease.claim_id == asked.claim_id,
            KeyRelease.device_key_id == asked.device_key_id,
            KeyRelease.wrapped.is_(None),
            live,
            device,
        )
        .values(wrapped=slot)
    )
    return bool(tx.execute(given).rowcount)
