"""Handing sealed content to one device: the envelope as it lies there, with a slot that this device can open.

At the level *server-sealed* the server opens the data key and wraps it for the device; the slot is kept nowhere. At the
level *end-to-end* it has nothing to open: it hands on the slot for the campaign's key, or what was released to the
device.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from agencies.device_keys import DeviceKey
from marketplace.foundation.db import Tx
from security.sealing import Protection, Purpose, SlotPurpose, device_slots
from tasks.errors import KeyUnavailable, NotAHolder
from tasks.facts import CampaignFacts
from tasks.payloads import refs
from tasks.payloads.opening import data_keys, stored
from tasks.payloads.refs import Ref, header_of


@dataclass(frozen=True, slots=True)
class Part:
    """One sealed payload as a device is given it. `slot` is a compact JWE for the key `key_id`."""

    header: bytes
    envelope: bytes = field(repr=False)
    purpose: SlotPurpose
    key_id: str
    slot: bytes = field(repr=False)
    signature: bytes | None = field(repr=False, default=None)
    signer: str | None = None


def handed(
    db: Tx,
    campaign: CampaignFacts,
    wanted: Sequence[tuple[Ref, UUID]],
    device: DeviceKey,
    *,
    expires: int | None = None,
) -> list[Part]:
    """Payloads for somebody who may read them all, on this device, in the order asked for.

    `expires` is in seconds since 1970. Raises KeyUnavailable, KeyTrouble, SealingError.
    """
    if campaign.protection is Protection.SERVER:
        return _wrapped(db, campaign, wanted, device, expires)
    return handed_to_campaign(db, campaign, wanted)


def handed_key(db: Tx, campaign: CampaignFacts, device: DeviceKey) -> Part:
    """The campaign's own key, sealed end to end, for one of the devices that hold it. Raises NotAHolder."""
    return key_part(db, campaign, SlotPurpose.DEVICE, device.thumbprint)


def key_part(db: Tx, campaign: CampaignFacts, kind: SlotPurpose, key_id: str) -> Part:
    """The campaign's own key, sealed end to end, for one of those that hold it. Raises NotAHolder."""
    payload_id = campaign.key_payload_id
    rows = {} if payload_id is None else stored(db, [payload_id], (kind,))
    for row in rows.values():
        slot = next((slot for slot in row.slots if slot.key_id == key_id), None)
        if slot is not None:
            header = header_of(campaign, refs.key()).to_bytes()
            return Part(header, row.body, slot.kind, slot.key_id, slot.wrapped, row.signature, row.signer)
    raise NotAHolder()


def _wrapped(
    db: Tx,
    campaign: CampaignFacts,
    wanted: Sequence[tuple[Ref, UUID]],
    device: DeviceKey,
    expires: int | None,
) -> list[Part]:
    parts = []
    for header, row, dek in data_keys(db, campaign, wanted):
        slot = device_slots.wrap(
            dek, header.hash, SlotPurpose.DEVICE, device.thumbprint, device.encryption_key, expires
        )
        parts.append(Part(header.to_bytes(), row.body, SlotPurpose.DEVICE, device.thumbprint, slot))
    return parts


def handed_to_campaign(db: Tx, campaign: CampaignFacts, wanted: Sequence[tuple[Ref, UUID]]) -> list[Part]:
    """Payloads as they lie there, for whoever holds the campaign's own key, in the order asked for.

    Without the signature of an answer: the name of a device would tell whose all the answers are that it signed.
    Raises KeyUnavailable.
    """
    rows = stored(db, [payload_id for _, payload_id in wanted], (SlotPurpose.CAMPAIGN,))
    parts = []
    for ref, payload_id in wanted:
        row = rows.get(payload_id)
        slot = None if row is None else row.slot(SlotPurpose.CAMPAIGN)
        if row is None or slot is None:
            raise KeyUnavailable()
        signed = (None, None) if ref.purpose is Purpose.ANSWER else (row.signature, row.signer)
        header = header_of(campaign, ref).to_bytes()
        parts.append(Part(header, row.body, SlotPurpose.CAMPAIGN, slot.key_id, slot.wrapped, *signed))
    return parts
