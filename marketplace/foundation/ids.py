"""Ids carry no time and no order: an id of a claim must not say when it was taken (D18)."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import uuid


def new_id() -> uuid.UUID:
    """A random id (RFC 9562, version 4)."""
    return uuid.uuid4()


def parse_id(text: str) -> uuid.UUID | None:
    """The id that `text` spells in canonical form, or None: other spellings of an id do not exist."""
    try:
        value = uuid.UUID(text)
    except ValueError:
        return None
    return value if str(value) == text else None


def new_token(prefix: str = "") -> str:
    """A secret of 256 random bits that a person or browser presents."""
    return prefix + secrets.token_urlsafe(32)


def digest(token: str) -> bytes:
    """How a presented secret is stored: 256 random bits need no salt and no slow hash."""
    return hashlib.sha256(token.encode()).digest()


def keyed_digest(key: bytes, *parts: bytes) -> bytes:
    """HMAC-SHA-256 over length-prefixed parts, so that no two lists of parts share a digest."""
    mac = hmac.new(key, digestmod=hashlib.sha256)
    for part in parts:
        mac.update(len(part).to_bytes(8, "big"))
        mac.update(part)
    return mac.digest()
