"""Key slots: each opens for one payload, one purpose and one key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from security.sealing import SlotPurpose, new_dek, slot_aad, unwrap_kek, wrap_kek
from security.sealing.errors import SlotRefused
from security.sealing.slots import SLOT_BYTES, unwrap_key, wrap_key

KEK, OTHER_KEK = bytes(32), b"\x01" * 32
HASH, OTHER_HASH = b"\xaa" * 32, b"\xbb" * 32
KEY_ID = "harbour.2031.0a1b2c3d"


def test_round_trip() -> None:
    dek = new_dek()
    slot = wrap_kek(dek, KEK, HASH, KEY_ID)
    assert len(slot) == SLOT_BYTES == 61
    assert unwrap_kek(slot, KEK, HASH, KEY_ID) == dek


def test_same_key_never_looks_the_same() -> None:
    assert wrap_kek(KEK, KEK, HASH, KEY_ID) != wrap_kek(KEK, KEK, HASH, KEY_ID)


@pytest.mark.parametrize(("kek", "header_hash", "key_id"), [
    (KEK, OTHER_HASH, KEY_ID), (OTHER_KEK, HASH, KEY_ID), (KEK, HASH, "harbour.2032.0a1b2c3d"), (KEK, HASH, ""),
])  # fmt: skip
def test_slot_moved_elsewhere_stays_closed(kek: bytes, header_hash: bytes, key_id: str) -> None:
    slot = wrap_kek(new_dek(), KEK, HASH, KEY_ID)
    with pytest.raises(SlotRefused) as refusal:
        unwrap_kek(slot, kek, header_hash, key_id)
    assert refusal.value.facts == {"key_id": key_id}


def test_slot_for_another_purpose_stays_closed() -> None:
    other = slot_aad(HASH, SlotPurpose.KEK, KEY_ID).replace(b'"kek"', b'"device"')
    with pytest.raises(SlotRefused):
        unwrap_kek(wrap_key(new_dek(), KEK, other), KEK, HASH, KEY_ID)


def test_any_flipped_bit_is_refused() -> None:
    slot = wrap_kek(new_dek(), KEK, HASH, KEY_ID)
    for position in range(len(slot) * 8):
        changed = bytearray(slot)
        changed[position // 8] ^= 1 << position % 8
        with pytest.raises(SlotRefused):
            unwrap_kek(bytes(changed), KEK, HASH, KEY_ID)


@given(st.binary(max_size=80))
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(SlotRefused):
        unwrap_key(data, KEK, b"")


@pytest.mark.parametrize(("dek", "kek"), [(b"", KEK), (bytes(16), KEK), (KEK, bytes(16)), (bytes(33), KEK)])
def test_other_key_lengths_are_a_fault_of_ours(dek: bytes, kek: bytes) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        wrap_kek(dek, kek, HASH, KEY_ID)
    with pytest.raises(ValueError, match="32 bytes"):
        slot_aad(b"short", SlotPurpose.KEK, KEY_ID)
