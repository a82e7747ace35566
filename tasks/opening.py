"""Opening the item of a claim: plain where its campaign lies open, else sealed for one of its holder's devices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from sqlalchemy import select

from agencies import device_keys
from agencies.device_keys import DeviceKey
from marketplace.foundation import clock
from marketplace.foundation.db import Tx
from security.log import audit
from security.log.audit import Target
from security.principal import Context, Principal
from security.sealing import Protection, SlotPurpose
from tasks import at_screen, campaign_keys, claims, drafts, key_releases, payloads, sealers
from tasks.errors import ClaimOver, DeviceBeyondProof, NeedsDevice, SealerUnknown
from tasks.facts import CampaignFacts
from tasks.models import Microtask
from tasks.payloads import Part
from tasks.sealers import Evidence


@dataclass(frozen=True, slots=True)
class SealedItem:
    """What a device needs to show an item and to seal an answer to it.

    Without `item` its key was asked for and is not there yet. `draft` is what the person wrote here before, `devices`
    are theirs, to seal drafts to.
    """

    campaign: CampaignFacts = field(repr=False)
    microtask_id: UUID
    claim_id: UUID
    item: Part | None
    signing_key: Mapping[str, str] | None
    """The public key (JWK) of the device that sealed and signed the item; None for what the server sealed."""
    draft: Part | None
    devices: Sequence[DeviceKey]
    evidence: Evidence = field(repr=False)
    """What stands behind devices whose keys the reader's is to trust, by thumbprint (agencies.device_keys.evidence):
    the one that sealed the item, and the person's own. End to end only, and without those that nothing stands behind.
    """


def open_item(
    tx: Tx, claim_id: UUID, *, actor: Principal, context: Context, device: str | None = None
) -> dict[str, Any] | SealedItem:
    """The item of a live claim, opened for its holder, on the record: its fields, or sealed for `device` (thumbprint).

    Raises ClaimOver, NotEligible; NeedsDevice where the item is sealed and `device` is none of the holder's. End to end
    also DeviceBeyondProof and SealerUnknown, before a key is asked for: nobody waits for what cannot come.
    """
    held = claims.mine(tx, claim_id, actor)
    if not held.live or held.expires_at is None or held.expires_at <= clock.now(tx):
        raise ClaimOver()
    campaign = claims.may_work(tx, held, actor, context)
    row = tx.execute(
        select(Microtask.content, Microtask.payload_id).where(Microtask.id == held.microtask_id)
    ).one()
    target = campaign.target("microtask", held.microtask_id)
    if not campaign.sealed:
        audit.record(tx, "payload.view", target, actor=actor, context=context)
        return payloads.open_one(tx, campaign, payloads.item(held.microtask_id), row.content, row.payload_id)
    own = None if device is None else device_keys.of_person(tx, actor.person_id, device)
    if own is None:
        raise NeedsDevice(target=target)
    campaign = campaign_keys.ensure(tx, campaign)
    wanted = [(payloads.item(held.microtask_id), row.payload_id)]
    until = int(held.expires_at.timestamp())
    sealed = payloads.handed(tx, campaign, wanted, own, expires=until)[0]
    part: Part | None = sealed
    sealer: DeviceKey | None = None
    if campaign.protection is Protection.END_TO_END:
        sealer = _sealer(tx, sealed, target)
        if device_keys.is_beyond_proof(tx, own.id):
            raise DeviceBeyondProof(target=target)
        part = _with_released(tx, sealed, claim_id, campaign, own, actor, context)
    if part is not None:
        at_screen.count_view(tx, claim_id, campaign, context)
        audit.record(tx, "payload.view", target, actor=actor, context=context)
    devices = device_keys.live_of(tx, actor.person_id)
    return SealedItem(
        campaign,
        held.microtask_id,
        claim_id,
        part,
        None if part is None or sealer is None else sealer.signing_key,
        drafts.open_latest(tx, campaign, held.microtask_id, actor, own),
        devices,
        {} if part is None or sealer is None else sealers.evidence_of(tx, [sealer, *devices]),
    )


def _sealer(tx: Tx, part: Part, target: Target) -> DeviceKey:
    """The device that sealed and signed this, also when it has ended since. Raises SealerUnknown.

    A person who was erased has left no signature; in the moment before that is done, no device.
    """
    found = None if part.signer is None else sealers.sealer(tx, part.signer)
    if found is None or device_keys.is_beyond_proof(tx, found.id):
        raise SealerUnknown(target=target)
    return found


def _with_released(
    tx: Tx,
    part: Part,
    claim_id: UUID,
    campaign: CampaignFacts,
    device: DeviceKey,
    actor: Principal,
    context: Context,
) -> Part | None:
    """The part with the slot that the owner's side released to this device; None where it has not come yet."""
    slot = key_releases.ask(tx, claim_id, campaign, device, actor=actor, context=context)
    if slot is None:
        return None
    return replace(part, purpose=SlotPurpose.DEVICE, key_id=device.thumbprint, slot=slot)
