"""Small secrets of an agency, such as its client secret at its identity provider, sealed at rest.

    slot with a data key  |  nonce (12)  |  AES-256-GCM(data key, secret)

Both parts are bound to `binding`, what the secret is for, so that it opens nowhere else. A slot of 61 bytes, which
begins with 0x01, stands there as it is; one of another size or form follows 0x02 and its length in 2 bytes.

They hang on a key of their own that no retention year reaches: destroying a year's key takes no sign-in with it.
"""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from agencies.keys.interface import LASTING, KeyProvider
from security.sealing import new_dek
from security.sealing.errors import SlotRefused
from security.sealing.slots import NONCE_BYTES, SLOT_BYTES, SLOT_VERSION

MEASURED = 2
"""The first byte of a slot whose length is written before it."""


def concealed(keys: KeyProvider, agency_slug: str, secret: str, binding: bytes) -> tuple[str, bytes]:
    """`secret` sealed under the agency's key for its small secrets: (the key's id, the bytes). Raises KeyTrouble."""
    key_id = keys.current(agency_slug, LASTING)
    return key_id, conceal(keys, key_id, secret, binding)


def conceal(keys: KeyProvider, key_id: str, secret: str, binding: bytes) -> bytes:
    """`secret` sealed under the key `key_id`. Raises KeyTrouble."""
    dek, nonce = new_dek(), os.urandom(NONCE_BYTES)
    sealed = nonce + AESGCM(dek).encrypt(nonce, secret.encode(), binding)
    return _with_slot(keys.wrap(key_id, dek, binding), sealed)


def reveal(keys: KeyProvider, key_id: str, sealed: bytes, binding: bytes) -> str:
    """The secret that `conceal` sealed. Raises SlotRefused, KeyTrouble."""
    slot, rest = _parted(sealed)
    dek = keys.unwrap(key_id, slot, binding)
    try:
        return AESGCM(dek).decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], binding).decode()
    except (InvalidTag, ValueError):
        raise SlotRefused(key_id=key_id) from None


def moved(keys: KeyProvider, key_id: str, to_key_id: str, sealed: bytes, binding: bytes) -> bytes:
    """The same sealed secret with its slot under another key. Raises SlotRefused, KeyTrouble."""
    slot, rest = _parted(sealed)
    return _with_slot(keys.wrap(to_key_id, keys.unwrap(key_id, slot, binding), binding), rest)


def without_slot(sealed: bytes) -> bytes:
    """What stays the same when a sealed secret moves to another key."""
    return _parted(sealed)[1]


def _with_slot(slot: bytes, rest: bytes) -> bytes:
    if len(slot) == SLOT_BYTES and slot[0] == SLOT_VERSION:
        return slot + rest
    return bytes([MEASURED]) + len(slot).to_bytes(2, "big") + slot + rest


def _parted(sealed: bytes) -> tuple[bytes, bytes]:
    """The slot and what follows it."""
    if sealed[:1] != bytes([MEASURED]):
        return sealed[:SLOT_BYTES], sealed[SLOT_BYTES:]
    end = 3 + int.from_bytes(sealed[1:3], "big")
    return sealed[3:end], sealed[end:]
