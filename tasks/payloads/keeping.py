"""Keeping content as its campaign's protection asks: what the server seals, and what a device has sealed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import insert

from agencies.keys import bound, kek_slots
from marketplace.foundation import clock
from marketplace.foundation.db import Tx
from marketplace.foundation.ids import new_id
from security.sealing import Protection, SlotPurpose, new_dek, seal
from tasks.errors import SealedElsewhere
from tasks.facts import CampaignFacts
from tasks.models import Payload, PayloadSlot
from tasks.payloads.refs import Ref, header_of


@dataclass(frozen=True, slots=True)
class Content:
    """Where a value is: in the row itself (`plain`) or in a payload of its own (`payload_id`)."""

    plain: dict[str, Any] | None
    payload_id: UUID | None


@dataclass(frozen=True, slots=True)
class Slot:
    """The data key wrapped for one holder: `kind` of holder, the id of its key, the wrapped key."""

    kind: SlotPurpose
    key_id: str
    wrapped: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Sealed:
    """An envelope with its slots as a device made it, signed by the device with the thumbprint `signer`."""

    envelope: bytes = field(repr=False)
    slots: tuple[Slot, ...]
    signature: bytes = field(repr=False)
    signer: str


def keep(tx: Tx, campaign: CampaignFacts, ref: Ref, value: dict[str, Any]) -> Content:
    """Keep one value as the campaign's label asks. Raises SealedElsewhere."""
    return keep_all(tx, campaign, [(ref, value)])[0]


def keep_all(tx: Tx, campaign: CampaignFacts, values: Iterable[tuple[Ref, dict[str, Any]]]) -> list[Content]:
    """Keep many values that the server has; the sealed ones with two statements in all.

    Raises SealedElsewhere for a campaign whose content the server must never have.
    """
    if campaign.protection is None:
        return [Content(value, None) for _, value in values]
    kept = keep_bytes(tx, campaign, [(ref, orjson.dumps(value)) for ref, value in values])
    return [Content(None, payload_id) for payload_id in kept]


def keep_bytes(tx: Tx, campaign: CampaignFacts, values: Iterable[tuple[Ref, bytes]]) -> list[UUID]:
    """Seal what the server has under the agency's key of the campaign's last year. Returns payload ids.

    Raises SealedElsewhere.
    """
    if campaign.protection is not Protection.SERVER:
        raise SealedElsewhere()
    year = retention_year(tx, campaign)
    payloads: list[dict[str, Any]] = []
    slots: list[dict[str, Any]] = []
    for ref, value in values:
        payload_id, dek, header = new_id(), new_dek(), header_of(campaign, ref)
        slot = kek_slots.make(bound.provider(), campaign.agency_slug, year, dek, header.hash)
        payloads.append({"id": payload_id, "header": header.to_bytes(), "body": seal(header, value, dek)})
        slots.append(_row(payload_id, Slot(SlotPurpose.KEK, slot.key_id, slot.wrapped)))
    _insert(tx, payloads, slots)
    return [payload["id"] for payload in payloads]


def keep_sealed(tx: Tx, campaign: CampaignFacts, sealed: Sequence[tuple[Ref, Sealed]]) -> list[UUID]:
    """Keep what devices have sealed. Whoever calls has checked that each is what its ref says. Returns payload ids."""
    payloads: list[dict[str, Any]] = []
    slots: list[dict[str, Any]] = []
    for ref, each in sealed:
        payload_id = new_id()
        payloads.append(
            {
                "id": payload_id,
                "header": header_of(campaign, ref).to_bytes(),
                "body": each.envelope,
                "signature": each.signature,
                "signer": each.signer,
            }
        )
        slots += [_row(payload_id, slot) for slot in each.slots]
    _insert(tx, payloads, slots)
    return [payload["id"] for payload in payloads]


def retention_year(tx: Tx, campaign: CampaignFacts) -> int:
    """The year in which the content is to be gone: with its key, everything of that year can be destroyed."""
    return (campaign.keep_until or clock.now(tx).date()).year


def _row(payload_id: UUID, slot: Slot) -> dict[str, Any]:
    return {"payload_id": payload_id, "kind": slot.kind, "key_id": slot.key_id, "wrapped": slot.wrapped}


def _insert(tx: Tx, payloads: list[dict[str, Any]], slots: list[dict[str, Any]]) -> None:
    if payloads:
        tx.execute(insert(Payload), payloads)
        tx.execute(insert(PayloadSlot), slots)
