"""Content at rest: plain JSON for open work, sealed for sensitive work, through the same two verbs.

A campaign of level *sensitive* or above is sealed. The header says what a payload is and binds the ciphertext to it;
the `kek` slot beside it lets the server open it, after an access decision, for somebody who may read it now.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import insert, select

from agencies.keys import bound, kek_slots
from marketplace.foundation import clock
from marketplace.foundation.db import Tx
from marketplace.foundation.ids import new_id
from security.sealing import Header, Purpose, new_dek, seal, unseal
from tasks.errors import KeyUnavailable
from tasks.facts import CampaignFacts
from tasks.models import Payload, PayloadSlot


@dataclass(frozen=True, slots=True)
class Content:
    """Where a value is: in the row itself (`plain`) or in a payload of its own (`payload_id`)."""

    plain: dict[str, Any] | None
    payload_id: UUID | None


@dataclass(frozen=True, slots=True)
class Ref:
    """What a value is, as the row that refers to it knows: an item, an answer or a result of one microtask."""

    purpose: Purpose
    microtask_id: UUID
    contribution_id: UUID | None = None
    version: int = 1


def item(microtask_id: UUID) -> Ref:
    return Ref(Purpose.TASK, microtask_id)


def answer(microtask_id: UUID, contribution_id: UUID, revision: int = 1) -> Ref:
    return Ref(Purpose.ANSWER, microtask_id, contribution_id, revision)


def result(microtask_id: UUID, version: int) -> Ref:
    return Ref(Purpose.RESULT, microtask_id, version=version)


def keep(tx: Tx, campaign: CampaignFacts, ref: Ref, value: dict[str, Any]) -> Content:
    """Keep one value as the campaign's label asks."""
    return keep_all(tx, campaign, [(ref, value)])[0]


def keep_all(tx: Tx, campaign: CampaignFacts, values: Iterable[tuple[Ref, dict[str, Any]]]) -> list[Content]:
    """Keep many values; the sealed ones with two statements in all."""
    if not campaign.sealed:
        return [Content(value, None) for _, value in values]
    year = clock.now(tx).year
    payloads: list[dict[str, Any]] = []
    slots: list[dict[str, Any]] = []
    for ref, value in values:
        payload_id, dek, header = new_id(), new_dek(), _header(campaign, ref)
        slot = kek_slots.make(bound.provider(), campaign.agency_slug, year, dek, header.hash)
        sealed = seal(header, orjson.dumps(value), dek)
        payloads.append({"id": payload_id, "header": header.to_bytes(), "body": sealed})
        slots.append(
            {"payload_id": payload_id, "kind": "kek", "key_id": slot.key_id, "wrapped": slot.wrapped}
        )
    if payloads:
        tx.execute(insert(Payload), payloads)
        tx.execute(insert(PayloadSlot), slots)
    return [Content(None, payload["id"]) for payload in payloads]


def open_one(
    db: Tx, campaign: CampaignFacts, ref: Ref, plain: dict[str, Any] | None, payload_id: UUID | None
) -> dict[str, Any]:
    """The value, wherever it is. The caller has decided, and recorded, that it may be read."""
    return open_all(db, campaign, [(ref, plain, payload_id)])[0]


def open_all(
    db: Tx, campaign: CampaignFacts, wanted: Sequence[tuple[Ref, dict[str, Any] | None, UUID | None]]
) -> list[dict[str, Any]]:
    """Many values in the order asked for; the sealed ones with one statement in all.

    The header is built from what the referring row says, never taken from the payload: a payload that was moved to
    another item, answer or result does not open. Raises KeyUnavailable, KeyTrouble, SealingError.
    """
    ids = [payload_id for _, _, payload_id in wanted if payload_id is not None]
    rows = _stored(db, ids) if ids else {}
    values: list[dict[str, Any]] = []
    for ref, plain, payload_id in wanted:
        if payload_id is None:
            assert plain is not None
            values.append(plain)
        elif payload_id not in rows:
            raise KeyUnavailable()
        else:
            values.append(_opened(campaign, ref, rows[payload_id]))
    return values


def _stored(db: Tx, ids: Sequence[UUID]) -> dict[UUID, Any]:
    chosen = select(Payload.id, Payload.body, PayloadSlot.key_id, PayloadSlot.wrapped)
    of_kek = PayloadSlot.kind == "kek"
    rows = db.all(
        chosen.join(PayloadSlot, PayloadSlot.payload_id == Payload.id).where(Payload.id.in_(ids), of_kek)
    )
    return {row.id: row for row in rows}


def _opened(campaign: CampaignFacts, ref: Ref, row: Any) -> dict[str, Any]:
    header = _header(campaign, ref)
    dek = kek_slots.open_slot(bound.provider(), kek_slots.KekSlot(row.key_id, row.wrapped), header.hash)
    value: dict[str, Any] = orjson.loads(unseal(header, row.body, dek))
    return value


def _header(campaign: CampaignFacts, ref: Ref) -> Header:
    return Header(
        purpose=ref.purpose,
        microtask=ref.microtask_id,
        agency=campaign.agency_slug,
        level=campaign.terms.level,
        compartments=campaign.terms.compartments,
        payload_version=ref.version,
        contribution=ref.contribution_id,
    )
