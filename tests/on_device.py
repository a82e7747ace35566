"""What a person's device does, in tests: real keys that seal and open as a browser does, enrolled by a row."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select

from agencies.device_models import DeviceKey
from marketplace.foundation.db import reading, transaction
from marketplace.foundation.ids import new_id
from security.canonical import canonical_bytes
from security.principal import Principal
from security.sealing import (
    Header,
    SlotPurpose,
    base64url,
    device_slots,
    keys,
    new_dek,
    seal,
    signatures,
    unseal,
)
from tasks import payloads
from tasks.contributions import SealedAnswer
from tasks.facts import CampaignFacts
from tasks.opening import SealedItem
from tasks.payloads import Part, Sealed, Slot
from tests.device_keys import Device, new_device

_made: dict[str, Device] = {}
"""Devices by thumbprint; whether a person has one is asked of the database."""


def device_of(person: Principal) -> Device:
    """The person's newest device; one is enrolled where they have none."""
    mine = select(DeviceKey.thumbprint).where(
        DeviceKey.person_id == person.person_id, DeviceKey.revoked_at.is_(None)
    )
    with reading() as db:
        found = [row.thumbprint for row in db.all(mine.order_by(DeviceKey.place.desc()))]
    return next((_made[each] for each in found if each in _made), None) or another_device(person)


def another_device(person: Principal, **given: Any) -> Device:
    """One more device of the person, with a token that nobody signed. `given`: columns of its row."""
    made = new_device()
    mine = (DeviceKey.person_id == person.person_id, DeviceKey.revoked_at.is_(None))
    with transaction() as tx:
        row = {
            "id": new_id(),
            "person_id": person.person_id,
            "agency_id": person.agency_id,
            "kind": made.offered.kind,
            "name": made.offered.name,
            "thumbprint": made.thumbprint,
            "encryption_key": made.offered.encryption,
            "signing_key": made.offered.signing,
            "salt": made.offered.salt,
            "issuer": "https://issuer.example",
            "client_id": "marketplace",
            "id_token": b"a.b.c",
            "issuer_key": {},
            "place": (tx.scalar(select(func.max(DeviceKey.place)).where(*mine)) or 0) + 1,
            "enrolled_at": datetime.now(UTC),
        }
        tx.execute(insert(DeviceKey), row | given)
    _made[made.thumbprint] = made
    return made


def answer_of(device: Device, campaign: CampaignFacts, microtask_id: UUID, answer: Any) -> SealedAnswer:
    """An answer sealed on the device to the campaign's key."""
    contribution_id = new_id()
    header = payloads.header_of(campaign, payloads.answer(microtask_id, contribution_id))
    return SealedAnswer(contribution_id, sealed_to_campaign(device, header, campaign, answer))


def sealed_to_campaign(device: Device, header: Header, campaign: CampaignFacts, value: Any) -> Sealed:
    """Anything, sealed on the device to the campaign's key."""
    assert campaign.public_key is not None
    to = {campaign.key_id: campaign.public_key}
    return sealed(device, header, json.dumps(value).encode(), to, SlotPurpose.CAMPAIGN)


def draft_of(device: Device, campaign: CampaignFacts, ref: payloads.Ref, value: Any, *to: Device) -> Sealed:
    """A draft sealed on the device to these devices."""
    publics = {each.thumbprint: keys.public_jwk(each.encryption) for each in to}
    header = payloads.header_of(campaign, ref)
    return sealed(device, header, json.dumps(value).encode(), publics, SlotPurpose.DEVICE)


def sealed(
    device: Device, header: Header, content: bytes, to: Mapping[str, Any], purpose: SlotPurpose
) -> Sealed:
    """`content` sealed and signed on the device, with a slot for each key in `to` (key id → JWK)."""
    return sealed_with_key(device, header, content, to, purpose)[0]


def sealed_with_key(
    device: Device, header: Header, content: bytes, to: Mapping[str, Any], purpose: SlotPurpose
) -> tuple[Sealed, bytes]:
    """The same with its data key, for slots of other kinds."""
    dek = new_dek()
    body = seal(header, content, dek)
    slots = tuple(
        Slot(purpose, kid, device_slots.wrap(dek, header.hash, purpose, kid, public, None))
        for kid, public in to.items()
    )
    campaign_key = next(iter(to)) if purpose is SlotPurpose.CAMPAIGN else None
    signature = signatures.sign(header.hash, sha256(body).digest(), device.signing, campaign_key)
    return Sealed(body, slots, signature, device.thumbprint), dek


def item_on(device: Device, found: SealedItem) -> dict[str, Any]:
    """The item that was handed to this device."""
    assert found.item is not None
    return part_on(device, found.item)


def part_on(device: Device, part: Part) -> dict[str, Any]:
    """The value in something that was handed to this device."""
    header = Header.from_bytes(part.header)
    now = int(datetime.now(UTC).timestamp())
    dek = device_slots.unwrap(part.slot, header.hash, part.purpose, part.key_id, device.encryption, now)
    value: dict[str, Any] = json.loads(unseal(header, part.envelope, dek))
    return value


def read(device: Device, part: Mapping[str, Any]) -> dict[str, Any]:
    """The value in something that was handed to this device as JSON."""
    header = Header.from_bytes(canonical_bytes(part["header"]))
    handed = Part(
        header.to_bytes(),
        base64url.decoded(part["envelope"]),
        SlotPurpose(part["purpose"]),
        part["key_id"],
        part["slot"].encode(),
    )
    return part_on(device, handed)


def submission(device: Device, terms: Mapping[str, Any], answer: Any) -> dict[str, str]:
    """An answer as a program sends it, sealed on this device by what the opened item says of header and key."""
    contribution = str(new_id())
    header = Header.from_bytes(canonical_bytes(terms["header"] | {"contribution": contribution}))
    to = {terms["key_id"]: terms["public_key"]}
    made = sealed(device, header, json.dumps(answer).encode(), to, SlotPurpose.CAMPAIGN)
    return {
        "contribution": contribution,
        "envelope": base64url.encoded(made.envelope),
        "key_id": terms["key_id"],
        "slot": made.slots[0].wrapped.decode(),
        "signature": base64url.encoded(made.signature),
        "signer": device.thumbprint,
    }
