"""Base64url without padding (RFC 7515, section 2), read strictly: one sequence of bytes has one spelling."""

import base64
import re
from binascii import b2a_base64

_ALPHABET = re.compile(rb"[A-Za-z0-9_-]*")
_URL_SAFE = bytes.maketrans(b"+/", b"-_")


def encoded(data: bytes) -> str:
    """`data` in the URL-safe alphabet, without `=`."""
    return encoded_bytes(data).decode("ascii")


def encoded_bytes(data: bytes) -> bytes:
    """The same as ASCII bytes. Slots are made by the thousand, and this is in all parts of one."""
    return b2a_base64(data, newline=False).translate(_URL_SAFE, b"=")


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
