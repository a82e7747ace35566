"""The `kek` slot of a payload: made when it is sealed, opened when somebody may read it."""

from collections.abc import Callable
from dataclasses import dataclass

from agencies.keys.interface import KeyProvider
from security.sealing import SlotPurpose, slot_aad
from security.sealing.header import HASH_BYTES


@dataclass(frozen=True, slots=True)
class KekSlot:
    """What is stored beside a sealed payload: which key opens the slot, and the slot."""

    key_id: str
    wrapped: bytes


def make(provider: KeyProvider, agency_slug: str, year: int, dek: bytes, header_hash: bytes) -> KekSlot:
    """A slot for `dek` under the agency's key of that retention year. Raises KeyTrouble."""
    key_id = provider.current(agency_slug, year)
    return KekSlot(key_id, provider.wrap(key_id, dek, slot_aad(header_hash, SlotPurpose.KEK, key_id)))


def bound_to(key_id: str) -> Callable[[bytes], bytes]:
    """`slot_aad` for one key and many header hashes: what is the same for all is written once."""
    blank = bytes(HASH_BYTES)
    before, after = slot_aad(blank, SlotPurpose.KEK, key_id).split(blank.hex().encode("ascii"), 1)

    def aad(header_hash: bytes) -> bytes:
        if len(header_hash) != HASH_BYTES:
            raise ValueError("a header hash has 32 bytes")
        return before + header_hash.hex().encode("ascii") + after

    return aad


def open_slot(provider: KeyProvider, slot: KekSlot, header_hash: bytes) -> bytes:
    """The data key of the payload with `header_hash`. Raises SlotRefused, KeyTrouble."""
    aad = slot_aad(header_hash, SlotPurpose.KEK, slot.key_id)
    return provider.unwrap(slot.key_id, slot.wrapped, aad)
