"""Sealed content as JSON, the same for pages and programs: bytes in base64url without padding, slots as they are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from marketplace.foundation.ids import parse_id
from security.sealing import SlotPurpose, base64url
from tasks import payloads
from tasks.contributions import SealedAnswer
from tasks.errors import BadSealing
from tasks.facts import CampaignFacts
from tasks.opening import SealedItem
from tasks.payloads import Part, Sealed, Slot
from tasks.results import SealedResult

NO_ID = UUID(int=0)


def item_of(found: SealedItem) -> dict[str, Any]:
    """An item for one device, with what that device needs to seal drafts and the answer.

    `item` is null while its key is being waited for. `answer` and `draft` say under which header (in an answer's the
    device puts the id that it chooses for the contribution) and to which keys.
    """
    campaign = found.campaign
    return {
        "item": part_of(found.item),
        "signer": found.signing_key,
        "evidence": dict(found.evidence),
        "saved": part_of(found.draft),
        "answer": {
            "header": header_of(campaign, payloads.answer(found.microtask_id, NO_ID))
            | {"contribution": None},
            "key_id": campaign.key_id,
            "public_key": campaign.public_key,
        },
        "draft": {
            "header": header_of(campaign, payloads.draft(found.microtask_id, found.claim_id)),
            "devices": [
                {"thumbprint": each.thumbprint, "public_key": each.encryption_key} for each in found.devices
            ],
        },
    }


def result_of(found: SealedResult) -> dict[str, Any]:
    """A result for one device: the item, the value, the answers behind it; end to end with the campaign's key, and with
    what stands behind those who signed these.
    """
    return {
        "item": part_of(found.item),
        "value": part_of(found.value),
        "trace": [
            {"alias": step.alias, "day": step.day.isoformat(), "answer": part_of(step.answer)}
            for step in found.trace
        ],
        "key": part_of(found.key),
        "evidence": dict(found.evidence),
    }


def expected(campaign: CampaignFacts, microtask_id: UUID) -> dict[str, str]:
    """What the headers of one item, its answers and its result have to say, so that a page knows it beforehand."""
    header = header_of(campaign, payloads.item(microtask_id))
    return {name: header[name] for name in ("agency", "campaign", "level", "microtask", "protection")}


def part_of(part: Part | None) -> dict[str, Any] | None:
    """One sealed payload: header, envelope and the slot that the reader's key opens."""
    if part is None:
        return None
    return {
        "header": json.loads(part.header),
        "envelope": _text(part.envelope),
        "purpose": part.purpose.value,
        "key_id": part.key_id,
        "slot": part.slot.decode("ascii"),
        "signature": None if part.signature is None else _text(part.signature),
        "signer": part.signer,
    }


def header_of(campaign: CampaignFacts, ref: payloads.Ref) -> dict[str, Any]:
    """The members of the header under which `ref` is sealed."""
    members: dict[str, Any] = json.loads(payloads.header_of(campaign, ref).to_bytes())
    return members


def answer_in(given: Mapping[str, Any]) -> SealedAnswer:
    """The sealed answer in `contribution`, `envelope`, `slot`, `key_id`, `signature`, `signer`. Raises BadSealing."""
    contribution_id = parse_id(str(given.get("contribution", "")))
    if contribution_id is None:
        raise BadSealing(problem="contribution")
    slot = Slot(SlotPurpose.CAMPAIGN, text_in(given, "key_id"), text_in(given, "slot").encode())
    return SealedAnswer(contribution_id, sealed_in(given, (slot,)))


def draft_in(given: Mapping[str, Any]) -> Sealed:
    """The sealed draft in `envelope`, `slots` (JSON: thumbprint → slot), `signature`, `signer`. Raises BadSealing."""
    try:
        slots = json.loads(text_in(given, "slots"))
        found = tuple(
            Slot(SlotPurpose.DEVICE, key_id, slot.encode("ascii")) for key_id, slot in slots.items()
        )
    except (ValueError, AttributeError):
        raise BadSealing(problem="slots") from None
    return sealed_in(given, found)


def sealed_in(given: Mapping[str, Any], slots: tuple[Slot, ...]) -> Sealed:
    """`envelope`, `signature` and `signer` with these slots. Raises BadSealing."""
    return Sealed(bytes_in(given, "envelope"), slots, bytes_in(given, "signature"), text_in(given, "signer"))


def _text(data: bytes) -> str:
    return base64url.encoded(data)


def bytes_in(given: Mapping[str, Any], name: str) -> bytes:
    """The bytes that a member spells. Raises BadSealing."""
    text = text_in(given, name)
    try:
        return base64url.decoded(text)
    except ValueError:
        raise BadSealing(problem=name) from None


def text_in(given: Mapping[str, Any], name: str) -> str:
    """A member that is ASCII and not empty. Raises BadSealing."""
    text = given.get(name)
    if not isinstance(text, str) or not text or not text.isascii():
        raise BadSealing(problem=name)
    return text
