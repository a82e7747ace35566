"""What only the browser's own token opens: small texts kept beside a session, sealed under a key made from the token.

The token lies in the cookie; our table has its digest, from which the key cannot be made. So a copy of the database
opens none of it.

    nonce (12)  |  AES-256-GCM(HKDF-SHA-256(token, purpose), text)
"""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE_BYTES = 12


def seal(token: str, purpose: str, text: str) -> bytes:
    """`text` sealed for whoever has `token`; `purpose` names what it is and where it lies, and is bound to it."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(_key(token, purpose)).encrypt(nonce, text.encode(), purpose.encode())


def unseal(token: str, purpose: str, sealed: bytes) -> str | None:
    """The text that `seal` sealed; None where token or purpose is another."""
    nonce, rest = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
    try:
        return AESGCM(_key(token, purpose)).decrypt(nonce, rest, purpose.encode()).decode()
    except (InvalidTag, ValueError):
        return None


def _key(token: str, purpose: str) -> bytes:
    # 256 random bits in the token: no salt is needed (RFC 5869, 3.1).
    return HKDF(SHA256(), 32, None, f"marketplace session\n{purpose}".encode()).derive(token.encode())
