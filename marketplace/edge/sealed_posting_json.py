"""Campaigns sealed end to end as JSON: what a device needs to seal one, what it hands in, answers out, results in.

Beside `sealed_json`, whose forms of bytes and slots these are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from agencies.agency_keys import PublicHalf
from marketplace.edge.sealed_json import NO_ID, bytes_in, header_of, part_of, sealed_in, text_in
from marketplace.foundation.ids import parse_id
from security.sealing import SlotPurpose
from tasks import payloads
from tasks.errors import BadSealing, BadTrace
from tasks.payloads import Slot
from tasks.posting_sealed import Preparation, SealedKey, SealedRow
from tasks.sealed_results import Decided, SealedPage, Undecided, UndecidedPage


def preparation_of(found: Preparation) -> dict[str, Any]:
    """What a device needs to seal a campaign of these settings; `settings` as they were understood."""
    settings = dict(found.settings)
    settings["due"] = None if settings["due"] is None else settings["due"].isoformat()
    return {
        "sealed_before": found.sealed_before,
        "protection": found.protection,
        "agency": found.agency,
        "level": settings["level"],
        # In the order in which a header has them, for devices that write canonical JSON themselves.
        "compartments": sorted(settings["compartments"], key=lambda name: name.encode("utf-16-be")),
        "settings": settings,
        "devices": [
            {
                "thumbprint": each.thumbprint,
                "name": each.name,
                "evidence": found.evidence.get(each.thumbprint),
            }
            for each in found.devices
        ],
        "processing": _half(found.processing),
        "recovery": _half(found.recovery),
    }


def posting_in(given: Mapping[str, Any]) -> tuple[UUID, SealedKey, list[SealedRow]]:
    """The id, key and items of a sealed campaign from `campaign`, `key` and `items`. Raises BadSealing."""
    key = _object(given.get("key"), "key")
    public_key = _object(key.get("public_key"), "public_key")
    slots = tuple(_key_slot(_object(each, "slots")) for each in _list(key.get("slots"), "slots"))
    sealed = SealedKey(public_key, sealed_in(key, slots))
    return _id(given, "campaign"), sealed, _items(given, key)


def batch_in(given: Mapping[str, Any]) -> list[SealedRow]:
    """More items of a campaign from `items`, sealed to its key (`key_id`) and signed by `signer`. Raises BadSealing."""
    return _items(given, given)


def undecided_of(page: UndecidedPage) -> dict[str, Any]:
    """Answers to decide, the key that opens them, and under which header a result is sealed to which key."""
    campaign = page.campaign
    result = header_of(campaign, payloads.result(NO_ID, version=1)) | {"microtask": None}
    return {
        "campaign": str(campaign.id),
        "questions": campaign.form["questions"],
        "key": part_of(page.key),
        "items": [_undecided(each) for each in page.items],
        "result": {"header": result, "key_id": campaign.key_id, "public_key": campaign.public_key},
        "next": page.next,
    }


def decided_in(given: Sequence[Any]) -> list[Decided]:
    """Results as an agency hands them in. Raises BadSealing, BadTrace."""
    return [_decided(_object(each, "results")) for each in given]


def exported_of(page: SealedPage) -> dict[str, Any]:
    """Settled items for one device; of what was shredded only what is known without opening it."""
    return {
        "form": page.campaign.form,
        "key": part_of(page.key),
        "evidence": dict(page.evidence),
        "rows": [
            {
                "microtask_id": str(row.microtask_id),
                "number": row.number,
                "item": part_of(row.item),
                "value": part_of(row.value),
                "version": row.version,
                "agreeing": row.agreeing,
                "answers": row.answers,
                "tied": row.tied,
                "rule": row.rule,
                "settled_on": row.settled_on.isoformat(),
                "trace": [
                    {"alias": step.alias, "day": step.day.isoformat(), "answer": part_of(step.answer)}
                    for step in row.trace
                ],
            }
            for row in page.rows
        ],
        "next": page.next,
    }


def key_slots_in(given: Mapping[str, Any]) -> dict[str, bytes]:
    """Slots for devices from `slots` (thumbprint → slot). Raises BadSealing."""
    slots = _object(given.get("slots"), "slots")
    # A member that is at fault is named nowhere: whoever sent it chose its name.
    return {thumbprint: text_in({"slots": slot}, "slots").encode() for thumbprint, slot in slots.items()}


def _half(key: PublicHalf | None) -> dict[str, Any] | None:
    if key is None:
        return None
    return {"key_id": key.key_id, "suite": key.suite, "public_key": key.public_key}


def _key_slot(given: Mapping[str, Any]) -> Slot:
    try:
        kind = SlotPurpose(text_in(given, "kind"))
    except ValueError:
        raise BadSealing(problem="slots") from None
    is_jwe = kind in (SlotPurpose.DEVICE, SlotPurpose.PROCESSING)
    wrapped = text_in(given, "slot").encode() if is_jwe else bytes_in(given, "slot")
    return Slot(kind, text_in(given, "key_id"), wrapped)


def _items(given: Mapping[str, Any], key: Mapping[str, Any]) -> list[SealedRow]:
    key_id, signer = text_in(key, "key_id"), text_in(key, "signer")
    return [_item(_object(each, "items"), key_id, signer) for each in _list(given.get("items"), "items")]


def _item(given: Mapping[str, Any], key_id: str, signer: str) -> SealedRow:
    """An item: its slot is for the campaign's key, and the device that signed the key signed it."""
    number = given.get("number")
    if type(number) is not int:
        raise BadSealing(problem="number")
    slot = Slot(SlotPurpose.CAMPAIGN, key_id, text_in(given, "slot").encode())
    sealed = sealed_in({**given, "signer": signer}, (slot,))
    return SealedRow(_id(given, "microtask"), number, sealed)


def _undecided(item: Undecided) -> dict[str, Any]:
    answers = [part_of(answer) for answer in item.answers]
    return {"microtask": str(item.microtask_id), "number": item.number, "answers": answers}


def _decided(given: Mapping[str, Any]) -> Decided:
    slot = Slot(SlotPurpose.CAMPAIGN, text_in(given, "key_id"), text_in(given, "slot").encode())
    agreeing, answers, tied = given.get("agreeing"), given.get("answers"), given.get("tied")
    trace = [parse_id(str(each)) for each in _list(given.get("trace"), "trace")]
    known = tuple(each for each in trace if each is not None)
    if type(agreeing) is not int or type(answers) is not int or type(tied) is not bool:
        raise BadTrace()
    if len(known) != len(trace):
        raise BadTrace()
    value = sealed_in(given, (slot,))
    rule = text_in(given, "rule")
    return Decided(_id(given, "microtask"), value, agreeing, answers, tied, rule, known)


def _id(given: Mapping[str, Any], name: str) -> UUID:
    found = parse_id(str(given.get(name, "")))
    if found is None:
        raise BadSealing(problem=name)
    return found


def _object(given: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(given, dict):
        raise BadSealing(problem=name)
    return given


def _list(given: Any, name: str) -> list[Any]:
    if not isinstance(given, list):
        raise BadSealing(problem=name)
    return given
