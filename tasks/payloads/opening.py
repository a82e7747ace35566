"""Opening on the server what the server may open: content of the level *server-sealed*, and plain content.

The caller has decided, and recorded, that it may be read. Keys live as long as the call.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import select

from agencies.keys import bound, kek_slots
from marketplace.foundation import clock
from marketplace.foundation.db import Tx
from security.sealing import (
    Header,
    Protection,
    SealingError,
    SlotPurpose,
    device_slots,
    envelope,
    keys,
    signatures,
    unseal,
)
from tasks.errors import BadSealing, KeyUnavailable, SealedElsewhere, Shredded
from tasks.facts import CampaignFacts
from tasks.models import Payload, PayloadSlot
from tasks.payloads import refs
from tasks.payloads.keeping import Sealed, Slot
from tasks.payloads.refs import Ref, header_of

OPENABLE = (SlotPurpose.KEK, SlotPurpose.CAMPAIGN)
"""The slots by which the server opens content: by the agency's key, or by the campaign's, which lies under it."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A payload as it lies there, with those of its slots that were asked for."""

    header: bytes
    body: bytes
    signature: bytes | None
    signer: str | None
    slots: tuple[Slot, ...]

    def slot(self, kind: SlotPurpose) -> Slot | None:
        return next((slot for slot in self.slots if slot.kind is kind), None)


def open_one(
    db: Tx, campaign: CampaignFacts, ref: Ref, plain: dict[str, Any] | None, payload_id: UUID | None
) -> dict[str, Any]:
    """The value, wherever it is. Raises as `open_all` does."""
    return open_all(db, campaign, [(ref, plain, payload_id)])[0]


def open_all(
    db: Tx, campaign: CampaignFacts, wanted: Sequence[tuple[Ref, dict[str, Any] | None, UUID | None]]
) -> list[dict[str, Any]]:
    """Many values in the order asked for; the sealed ones with one or two statements in all.

    Raises SealedElsewhere for what the server cannot read, Shredded, KeyUnavailable, KeyTrouble, SealingError.
    """
    sealed = [(ref, payload_id) for ref, _, payload_id in wanted if payload_id is not None]
    opened = iter([] if not sealed else open_sealed(db, campaign, sealed))
    values: list[dict[str, Any]] = []
    for _, plain, payload_id in wanted:
        if payload_id is None:
            assert plain is not None
            values.append(plain)
        else:
            values.append(orjson.loads(next(opened)))
    return values


def open_sealed(db: Tx, campaign: CampaignFacts, wanted: Sequence[tuple[Ref, UUID]]) -> list[bytes]:
    """The content of sealed payloads in the order asked for. Raises as `open_all` does."""
    return [unseal(header, stored.body, dek) for header, stored, dek in data_keys(db, campaign, wanted)]


def data_keys(
    db: Tx, campaign: CampaignFacts, wanted: Sequence[tuple[Ref, UUID]]
) -> list[tuple[Header, Stored, bytes]]:
    """Header, payload and data key of each payload, in the order asked for. Raises as `open_all` does."""
    if campaign.protection is not Protection.SERVER:
        raise SealedElsewhere()
    rows = stored(db, [payload_id for _, payload_id in wanted], OPENABLE)
    ring = _Ring(db, campaign)
    found = []
    for ref, payload_id in wanted:
        row = rows.get(payload_id)
        if row is None or not row.slots:
            raise KeyUnavailable()
        header = header_of(campaign, ref, row.header)
        found.append((header, row, ring.open(row, header.hash)))
    return found


def check_sealed(
    db: Tx, campaign: CampaignFacts, ref: Ref, sealed: Sealed, signing_key: Mapping[str, str]
) -> dict[str, Any] | None:
    """Whether a device sealed this for what `ref` names, to this campaign's key, and signed it.

    Returns the value where the server may open it, None where only people's devices can. Raises BadSealing.
    """
    header = header_of(campaign, ref)
    try:
        envelope.check_belongs(header, sealed.envelope)
        digest = sha256(sealed.envelope).digest()
        signatures.verify(header.hash, digest, sealed.signature, signing_key, campaign.key_id)
        slot = _to_campaign(campaign, sealed)
        device_slots.check_bound(slot.wrapped, header.hash, SlotPurpose.CAMPAIGN, campaign.key_id)
        if campaign.protection is not Protection.SERVER:
            return None
        dek = _Ring(db, campaign).by_campaign(slot, header.hash)
        value = orjson.loads(unseal(header, sealed.envelope, dek))
    except (SealingError, orjson.JSONDecodeError) as error:
        raise BadSealing(problem=type(error).__name__) from None
    if not isinstance(value, dict):
        raise BadSealing(problem="NotAnObject")
    return value


def stored(db: Tx, ids: Sequence[UUID], kinds: Sequence[SlotPurpose]) -> dict[UUID, Stored]:
    """Payloads by id, with their slots of these kinds. Raises Shredded where one of them was."""
    rows = db.all(
        select(
            Payload.id,
            Payload.shredded_on,
            Payload.header,
            Payload.body,
            Payload.signature,
            Payload.signer,
            PayloadSlot.kind,
            PayloadSlot.key_id,
            PayloadSlot.wrapped,
        )
        .outerjoin(PayloadSlot, (PayloadSlot.payload_id == Payload.id) & PayloadSlot.kind.in_(kinds))
        .where(Payload.id.in_(ids))
        .order_by(PayloadSlot.kind, PayloadSlot.key_id)
    )
    found: dict[UUID, Stored] = {}
    for row in rows:
        if row.shredded_on is not None:
            raise Shredded()
        slots: tuple[Slot, ...] = (
            () if row.kind is None else (Slot(SlotPurpose(row.kind), row.key_id, bytes(row.wrapped)),)
        )
        before = found.get(row.id)
        if before is not None:
            slots = before.slots + slots
        found[row.id] = Stored(
            bytes(row.header),
            bytes(row.body),
            None if row.signature is None else bytes(row.signature),
            row.signer,
            slots,
        )
    return found


class _Ring:
    """The keys by which one call opens what belongs to one campaign; the campaign's own is read on first need."""

    def __init__(self, db: Tx, campaign: CampaignFacts) -> None:
        self._db, self._campaign = db, campaign
        self._private: keys.PrivateKey | None = None

    def open(self, row: Stored, header_hash: bytes) -> bytes:
        by_agency = row.slot(SlotPurpose.KEK)
        if by_agency is not None:
            slot = kek_slots.KekSlot(by_agency.key_id, by_agency.wrapped)
            return kek_slots.open_slot(bound.provider(), slot, header_hash)
        by_campaign = row.slot(SlotPurpose.CAMPAIGN)
        if by_campaign is None:
            raise KeyUnavailable()
        return self.by_campaign(by_campaign, header_hash)

    def by_campaign(self, slot: Slot, header_hash: bytes) -> bytes:
        private = self._private = self._private or self._campaign_key()
        now = int(clock.now(self._db).timestamp())
        key_id = self._campaign.key_id
        return device_slots.unwrap(slot.wrapped, header_hash, SlotPurpose.CAMPAIGN, key_id, private, now)

    def _campaign_key(self) -> keys.PrivateKey:
        payload_id = self._campaign.key_payload_id
        row = (
            None if payload_id is None else stored(self._db, [payload_id], (SlotPurpose.KEK,)).get(payload_id)
        )
        if row is None or not row.slots:
            raise KeyUnavailable()
        header = header_of(self._campaign, refs.key())
        return keys.parse_private(unseal(header, row.body, self.open(row, header.hash)))


def _to_campaign(campaign: CampaignFacts, sealed: Sealed) -> Slot:
    """The one slot that an answer has. Raises BadSealing."""
    if len(sealed.slots) != 1 or sealed.slots[0].kind is not SlotPurpose.CAMPAIGN:
        raise BadSealing(problem="slots")
    if sealed.slots[0].key_id != campaign.key_id:
        raise BadSealing(problem="key_id")
    return sealed.slots[0]
