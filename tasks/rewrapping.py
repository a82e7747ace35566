"""Moving `kek` slots from older keys to a newer one: the payload's key is taken out of its slot and put into another.

The ciphertext is not touched, and every slot opens at every moment: a slot's key and bytes change together, in one
statement. Slots are walked in the order of their primary key, in batches with a transaction each, so that a run may
be killed anywhere, and the next one finds what is left. Web and workers go on beside it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, func, select, text, update

from agencies.keys import KeyProvider
from agencies.keys.kek_slots import bound_to
from marketplace.foundation.db import Tx, reading, transaction
from security.sealing import thumbprints
from tasks.models import Campaign, Microtask, Payload, PayloadSlot

AT_ONCE = 5_000
"""Slots in one transaction: a tenth of a second's work, for which a writer on SQLite may have to wait."""


class Slot(NamedTuple):
    """A `kek` slot as it is stored, and the hash of the header that it is bound to."""

    payload_id: UUID
    wrapped: bytes
    header_hash: bytes


class Moved(NamedTuple):
    """The payload whose slot moves, and the slot's new bytes."""

    payload_id: UUID
    wrapped: bytes


@dataclass(frozen=True, slots=True)
class Step:
    """What one batch came to: how many slots moved, and the payloads whose slots did not open and stay as they are."""

    moved: int
    refused: Sequence[UUID]


def hanging(db: Tx) -> dict[str, int]:
    """How many payloads can be opened with each key of the server's: the `kek` slots, by key id."""
    counted = select(PayloadSlot.key_id, func.count().label("slots")).where(PayloadSlot.kind == "kek")
    return {row.key_id: row.slots for row in db.all(counted.group_by(PayloadSlot.key_id))}


def lost_with(db: Tx, key_id: str) -> int:
    """How many payloads nobody can open here any more once this key is destroyed.

    Those with a slot under the key, and what is sealed to a campaign whose private key is one of them.
    """
    under = select(PayloadSlot.payload_id).where(PayloadSlot.kind == "kek", PayloadSlot.key_id == key_id)
    campaigns = db.all(select(Campaign.public_key).where(Campaign.key_payload_id.in_(under)))
    campaign_keys = [thumbprints.of(row.public_key) for row in campaigns if row.public_key]
    sealed = (PayloadSlot.kind == "campaign", PayloadSlot.key_id.in_(campaign_keys))
    otherwise = select(PayloadSlot.payload_id).where(PayloadSlot.kind == "kek")
    beside = select(func.count()).select_from(PayloadSlot).where(*sealed)
    beside = beside.where(PayloadSlot.payload_id.not_in(otherwise))
    direct = select(func.count()).select_from(under.subquery())
    return int(db.scalar(direct)) + (int(db.scalar(beside)) if campaign_keys else 0)


def campaigns_on(db: Tx, key_id: str) -> Sequence[Any]:
    """The campaigns that lose content with this key: level, keep_until."""
    under = select(PayloadSlot.payload_id).where(PayloadSlot.kind == "kek", PayloadSlot.key_id == key_id)
    having = select(Microtask.campaign_id).where(Microtask.payload_id.in_(under))
    lost = Campaign.key_payload_id.in_(under) | Campaign.id.in_(having)
    return db.all(select(Campaign.level, Campaign.keep_until).where(lost))


def move(keys: KeyProvider, from_id: str, to: str, at_once: int = AT_ONCE) -> Iterator[Step]:
    """Move every `kek` slot under the key `from_id` to the key `to`, a step at a time. Raises KeyTrouble.

    While one batch is written, the next is read and wrapped.
    """
    after: UUID | None = None
    with ThreadPoolExecutor(1, "write-slots") as writer:
        writing: Future[Step] | None = None
        while True:
            with reading() as db:
                slots = batch(db, from_id, after, at_once)
            moved, refused = rewrapped(keys, slots, from_id, to) if slots else ([], [])
            if writing is not None:
                yield writing.result()
            if not slots:
                return
            writing = writer.submit(_written, moved, from_id, to, refused)
            after = slots[-1].payload_id


def batch(db: Tx, key_id: str, after: UUID | None, at_once: int) -> list[Slot]:
    """The next `kek` slots under this key, in the order of payloads, behind the payload `after`."""
    chosen = select(PayloadSlot.payload_id, PayloadSlot.wrapped, Payload.header)
    chosen = chosen.join(Payload, Payload.id == PayloadSlot.payload_id)
    chosen = chosen.where(PayloadSlot.kind == "kek", PayloadSlot.key_id == key_id)
    if after is not None:
        chosen = chosen.where(PayloadSlot.payload_id > after)
    rows: Sequence[Any] = db.all(chosen.order_by(PayloadSlot.payload_id).limit(at_once))
    return [
        Slot(payload_id, wrapped, hashlib.sha256(header).digest()) for payload_id, wrapped, header in rows
    ]


def rewrapped(
    keys: KeyProvider, slots: Sequence[Slot], from_id: str, to: str
) -> tuple[list[Moved], list[UUID]]:
    """New bytes for each slot, and the payloads whose slots do not open."""
    aad = bound_to(from_id)
    deks = keys.unwrap_all(from_id, [(slot.wrapped, aad(slot.header_hash)) for slot in slots])
    opened = [(slot, dek) for slot, dek in zip(slots, deks, strict=True) if dek is not None]
    refused = [slot.payload_id for slot, dek in zip(slots, deks, strict=True) if dek is None]
    aad = bound_to(to)
    wrapped = keys.wrap_all(to, [(dek, aad(slot.header_hash)) for slot, dek in opened])
    return [Moved(slot.payload_id, new) for (slot, _), new in zip(opened, wrapped, strict=True)], refused


def write(tx: Tx, moved: Sequence[Moved], from_id: str, to: str) -> int:
    """Put the slots under the key `to`, unless they are gone or were moved meanwhile. Returns how many were there."""
    if not moved:
        return 0
    if tx.dialect == "postgresql":
        return _written_by_one_statement(tx, moved, from_id, to)
    here = (PayloadSlot.payload_id == bindparam("payload"), PayloadSlot.kind == "kek")
    one = update(PayloadSlot).where(*here, PayloadSlot.key_id == from_id)
    one = one.values(key_id=to, wrapped=bindparam("new"))
    return tx.execute(one, [{"payload": each.payload_id, "new": each.wrapped} for each in moved]).rowcount


def _written(moved: Sequence[Moved], from_id: str, to: str, refused: Sequence[UUID]) -> Step:
    with transaction() as tx:
        return Step(write(tx, moved, from_id, to), refused)


def _written_by_one_statement(tx: Tx, moved: Sequence[Moved], from_id: str, to: str) -> int:
    """Both columns travel as one text each: as lists, writing them down would cost more than all cryptography."""
    statement = text(
        "UPDATE payload_slot AS slot SET key_id = :to, wrapped = decode(new.wrapped, 'hex') "
        "FROM unnest(CAST(string_to_array(:payloads, ',') AS uuid[]), string_to_array(:wrapped, ',')) "
        "AS new (payload_id, wrapped) "
        "WHERE slot.payload_id = new.payload_id AND slot.kind = 'kek' AND slot.key_id = :from_id"
    )
    given = {
        "to": to,
        "from_id": from_id,
        "payloads": ",".join([each.payload_id.hex for each in moved]),
        "wrapped": ",".join([each.wrapped.hex() for each in moved]),
    }
    return tx.execute(statement, given).rowcount
