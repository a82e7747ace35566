"""Small secrets of an agency, such as its client secret at its identity provider, sealed at rest.

    data key in a slot (61)  |  nonce (12)  |  AES-256-GCM(data key, secret)

Both parts are bound to `binding`, what the secret is for, so that it opens nowhere else.
"""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from agencies.keys.interface import KeyProvider
from security.sealing import new_dek
from security.sealing.errors import SlotRefused
from security.sealing.slots import NONCE_BYTES, SLOT_BYTES


def conceal(keys: KeyProvider, key_id: str, secret: str, binding: bytes) -> bytes:
    """`secret` sealed under the key `key_id`. Raises KeyTrouble."""
    dek, nonce = new_dek(), os.urandom(NONCE_BYTES)
    return keys.wrap(key_id, dek, binding) + nonce + AESGCM(dek).encrypt(nonce, secret.encode(), binding)


def reveal(keys: KeyProvider, key_id: str, sealed: bytes, binding: bytes) -> str:
    """The secret that `conceal` sealed. Raises SlotRefused, KeyTrouble."""
    dek = keys.unwrap(key_id, sealed[:SLOT_BYTES], binding)
    nonce, rest = sealed[SLOT_BYTES : SLOT_BYTES + NONCE_BYTES], sealed[SLOT_BYTES + NONCE_BYTES :]
    try:
        return AESGCM(dek).decrypt(nonce, rest, binding).decode()
    except InvalidTag:
        raise SlotRefused(key_id=key_id) from None
