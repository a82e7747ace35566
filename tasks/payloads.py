"""Content at rest: plain JSON for open work, sealed for sensitive work, through the same two verbs.

A campaign of level *sensitive* or above is sealed. The header says what a payload is and binds the ciphertext to it;
the `kek` slot beside it lets the server open it, after an access decision, for somebody who may read it now.
"""

from __future__ import annotations

from collections.abc import Iterable
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
class Piece:
    """A value to be kept, and what it is."""

    value: dict[str, Any]
    purpose: Purpose
    microtask_id: UUID
    contribution_id: UUID | None = None
    version: int = 1


def keep(tx: Tx, campaign: CampaignFacts, piece: Piece) -> Content:
    """Keep one value as the campaign's label asks."""
    return keep_all(tx, campaign, [piece])[0]


def keep_all(tx: Tx, campaign: CampaignFacts, pieces: Iterable[Piece]) -> list[Content]:
    """Keep many values; the sealed ones with two statements in all."""
    if not campaign.sealed:
        return [Content(piece.value, None) for piece in pieces]
    year = clock.now(tx).year
    payloads: list[dict[str, Any]] = []
    slots: list[dict[str, Any]] = []
    for piece in pieces:
        payload_id, dek, header = new_id(), new_dek(), _header(campaign, piece)
        slot = kek_slots.make(bound.provider(), campaign.agency_slug, year, dek, header.hash)
        payloads.append(
            {
                "id": payload_id,
                "header": header.to_bytes(),
                "body": seal(header, orjson.dumps(piece.value), dek),
            }
        )
        slots.append(
            {"payload_id": payload_id, "kind": "kek", "key_id": slot.key_id, "wrapped": slot.wrapped}
        )
    if payloads:
        tx.execute(insert(Payload), payloads)
        tx.execute(insert(PayloadSlot), slots)
    return [Content(None, payload["id"]) for payload in payloads]


def open_content(
    db: Tx, plain: dict[str, Any] | None, payload_id: UUID | None, expected: Purpose
) -> dict[str, Any]:
    """The value, wherever it is. The caller has decided, and recorded, that it may be read."""
    if payload_id is None:
        assert plain is not None
        return plain
    return open_sealed(db, [payload_id], expected)[payload_id]


def open_sealed(db: Tx, payload_ids: Iterable[UUID], expected: Purpose) -> dict[UUID, dict[str, Any]]:
    """Open payloads by their `kek` slots. Raises KeyUnavailable, and SealingError where anything does not fit."""
    rows = db.all(
        select(Payload.id, Payload.header, Payload.body, PayloadSlot.key_id, PayloadSlot.wrapped)
        .join(PayloadSlot, PayloadSlot.payload_id == Payload.id)
        .where(Payload.id.in_(list(payload_ids)), PayloadSlot.kind == "kek")
    )
    opened: dict[UUID, dict[str, Any]] = {}
    for row in rows:
        header = Header.from_bytes(row.header)
        if header.purpose is not expected:
            raise KeyUnavailable()
        slot = kek_slots.KekSlot(row.key_id, row.wrapped)
        dek = kek_slots.open_slot(bound.provider(), slot, header.hash)
        opened[row.id] = orjson.loads(unseal(header, row.body, dek))
    if set(payload_ids) - set(opened):
        raise KeyUnavailable()
    return opened


def _header(campaign: CampaignFacts, piece: Piece) -> Header:
    return Header(
        purpose=piece.purpose,
        microtask=piece.microtask_id,
        agency=campaign.agency_slug,
        level=campaign.terms.level,
        compartments=campaign.terms.compartments,
        payload_version=piece.version,
        contribution=piece.contribution_id,
    )
