"""Key slots: the data key of one payload, wrapped for one holder, kept beside the payload and not in it.

Here: what a slot is bound to, and the slot for a symmetric key (`kek`). Slots for key pairs of devices, campaigns and
processing are in `device_slots`, those for offline keys in `recovery`.

A slot is bound to its payload's header, to its purpose and to the key that opens it, so that a slot moved
from another payload, used for another purpose or filed under another key stays closed. Adding, rotating and
removing slots never touches ciphertext.

    0x01  |  nonce (12, random)  |  AES-256-GCM(kek, data key) with tag (48)      = 61 bytes
    additional data = canonical JSON {"header": hash in hex, "key": key id, "purpose": …, "version": 1}
"""

import os
from enum import StrEnum

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from security.canonical import canonical_bytes
from security.sealing.envelope import KEY_BYTES, TAG_BYTES
from security.sealing.errors import SlotRefused
from security.sealing.header import HASH_BYTES

SLOT_VERSION = 1
NONCE_BYTES = 12
SLOT_BYTES = 1 + NONCE_BYTES + KEY_BYTES + TAG_BYTES


class SlotPurpose(StrEnum):
    """Who a slot is for.

    KEK: the agency's key-encryption key, at the server-sealed level.
    CAMPAIGN: the key pair of the campaign that the payload belongs to.
    DEVICE: one enrolled device of one person.
    PROCESSING: the key with which the agency's own worker computes results.
    RECOVERY: the key that the agency keeps offline.
    """

    KEK = "kek"
    CAMPAIGN = "campaign"
    DEVICE = "device"
    PROCESSING = "processing"
    RECOVERY = "recovery"


def slot_aad(header_hash: bytes, purpose: SlotPurpose, key_id: str) -> bytes:
    """The bytes a slot is bound to; what a key provider is given as `aad`."""
    if len(header_hash) != HASH_BYTES:
        raise ValueError("a header hash has 32 bytes")
    return canonical_bytes(
        {"header": header_hash.hex(), "key": key_id, "purpose": purpose.value, "version": SLOT_VERSION}
    )


def wrap_kek(dek: bytes, kek: bytes, header_hash: bytes, key_id: str) -> bytes:
    """A `kek` slot of 61 bytes that holds `dek` for the payload with `header_hash`."""
    return wrap_key(dek, kek, slot_aad(header_hash, SlotPurpose.KEK, key_id))


def unwrap_kek(slot: bytes, kek: bytes, header_hash: bytes, key_id: str) -> bytes:
    """The data key in a `kek` slot. Raises SlotRefused where anything about it differs from its making."""
    try:
        return unwrap_key(slot, kek, slot_aad(header_hash, SlotPurpose.KEK, key_id))
    except SlotRefused:
        raise SlotRefused(key_id=key_id) from None


def wrap_key(dek: bytes, kek: bytes, aad: bytes) -> bytes:
    """`dek` under `kek`, bound to `aad`. With random nonces a key may wrap 2**32 times (NIST SP 800-38D)."""
    if len(dek) != KEY_BYTES or len(kek) != KEY_BYTES:
        raise ValueError("keys have 32 bytes")
    nonce = os.urandom(NONCE_BYTES)
    return bytes([SLOT_VERSION]) + nonce + AESGCM(kek).encrypt(nonce, dek, aad)


def unwrap_key(slot: bytes, kek: bytes, aad: bytes) -> bytes:
    """The inverse of `wrap_key`. Raises SlotRefused."""
    if len(slot) != SLOT_BYTES or slot[0] != SLOT_VERSION:
        raise SlotRefused
    try:
        return AESGCM(kek).decrypt(slot[1 : 1 + NONCE_BYTES], slot[1 + NONCE_BYTES :], aad)
    except InvalidTag:
        raise SlotRefused from None
