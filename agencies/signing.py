"""What an agency signs: its rules and its agreements. Ed25519 (RFC 8032) over a purpose and canonical bytes.

The private key is made at first need and lies wrapped under the agency's key-encryption key. Old public keys stay, so
that what was signed earlier can be checked later.
"""

from __future__ import annotations

import secrets
from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import insert, select

from agencies.keys import bound, small_secrets
from agencies.models import Agency, SigningKey
from marketplace.foundation import clock
from marketplace.foundation.db import Tx
from security.canonical import canonical_bytes


@dataclass(frozen=True, slots=True)
class Signature:
    """Which key signed, and the 64 bytes."""

    key_id: str
    value: bytes


def sign(tx: Tx, agency_id: UUID, purpose: str, content: Any) -> Signature:
    """Sign `content` (plain JSON values) for the agency; `purpose` keeps one kind from passing for another."""
    key_id, key = _current(tx, agency_id) or _made(tx, agency_id)
    return Signature(key_id, key.sign(_message(purpose, agency_id, content)))


def verifies(db: Tx, agency_id: UUID, purpose: str, content: Any, signature: Signature) -> bool:
    """Whether the agency signed exactly this for this purpose."""
    chosen = select(SigningKey.public).where(
        SigningKey.id == signature.key_id, SigningKey.agency_id == agency_id
    )
    public = db.scalar(chosen)
    if public is None:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(bytes(public)).verify(
            signature.value, _message(purpose, agency_id, content)
        )
    except InvalidSignature:
        return False
    return True


def _message(purpose: str, agency_id: UUID, content: Any) -> bytes:
    return canonical_bytes({"purpose": purpose, "agency": str(agency_id), "content": content})


def _current(tx: Tx, agency_id: UUID) -> tuple[str, Ed25519PrivateKey] | None:
    newest = select(SigningKey.id, SigningKey.secret_key_id, SigningKey.secret_wrapped)
    newest = newest.where(SigningKey.agency_id == agency_id).order_by(SigningKey.made_at.desc()).limit(1)
    row = tx.one_or_none(newest)
    if row is None:
        return None
    secret = small_secrets.reveal(bound.provider(), row.secret_key_id, row.secret_wrapped, binding(row.id))
    return row.id, Ed25519PrivateKey.from_private_bytes(b64decode(secret))


def _made(tx: Tx, agency_id: UUID) -> tuple[str, Ed25519PrivateKey]:
    slug = tx.scalar(select(Agency.slug).where(Agency.id == agency_id))
    now = clock.now(tx)
    key, key_id = Ed25519PrivateKey.generate(), f"{slug}.sign.{secrets.token_hex(8)}"
    secret = b64encode(key.private_bytes_raw()).decode()
    wrapping, wrapped = small_secrets.concealed(bound.provider(), slug, secret, binding(key_id))
    tx.execute(
        insert(SigningKey),
        {
            "id": key_id,
            "agency_id": agency_id,
            "public": key.public_key().public_bytes_raw(),
            "secret_key_id": wrapping,
            "secret_wrapped": wrapped,
            "made_at": now,
        },
    )
    return key_id, key


def binding(key_id: str) -> bytes:
    """What a sealed signing key is bound to."""
    return f"signing key\n{key_id}".encode()
