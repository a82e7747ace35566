"""Base64url without padding (RFC 7515, section 2), read strictly: one sequence of bytes has one spelling."""

import base64
import re

_ALPHABET = re.compile(rb"[A-Za-z0-9_-]*")


def encoded(data: bytes) -> str:
    """`data` in the URL-safe alphabet, without `=`."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decoded(text: str) -> bytes:
    """The bytes that `text` spells. Raises ValueError for anything `encoded` would not write."""
    raw = text.encode("utf-8", "surrogatepass")
    if not _ALPHABET.fullmatch(raw) or len(raw) % 4 == 1:
        raise ValueError("not base64url")
    data = base64.urlsafe_b64decode(raw + b"=" * (-len(raw) % 4))
    # The last character may have bits to spare; a reader that ignores them takes two spellings for one value.
    if encoded(data) != text:
        raise ValueError("not canonical base64url")
    return data
