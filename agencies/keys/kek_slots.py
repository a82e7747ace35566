"""The `kek` slot of a payload: made when it is sealed, opened when somebody may read it."""

from dataclasses import dataclass

from agencies.keys.interface import KeyProvider
from security.sealing import SlotPurpose, slot_aad


@dataclass(frozen=True, slots=True)
class KekSlot:
    """What is stored beside a sealed payload: which key opens the slot, and the slot."""

    key_id: str
    wrapped: bytes


def make(provider: KeyProvider, agency_slug: str, year: int, dek: bytes, header_hash: bytes) -> KekSlot:
    """A slot for `dek` under the agency's key of that retention year. Raises KeyTrouble."""
    key_id = provider.current(agency_slug, year)
    return KekSlot(key_id, provider.wrap(key_id, dek, slot_aad(header_hash, SlotPurpose.KEK, key_id)))


def open_slot(provider: KeyProvider, slot: KekSlot, header_hash: bytes) -> bytes:
    """The data key of the payload with `header_hash`. Raises SlotRefused, KeyTrouble."""
    aad = slot_aad(header_hash, SlotPurpose.KEK, slot.key_id)
    return provider.unwrap(slot.key_id, slot.wrapped, aad)
