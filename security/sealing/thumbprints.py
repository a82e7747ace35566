"""Names of keys that follow from the keys themselves: whoever has the key can check the name.

of(jwk)              base64url(SHA-256(canonical JSON of the four public members)), RFC 7638
device(enc, sig)     base64url(SHA-256(canonical JSON of {"encryption": jwk, "signing": jwk}))
enrolment_nonce      base64url(SHA-256(thumbprint ‖ salt)), both as the ASCII they are written in
"""

import hashlib
import re

from security.canonical import canonical_bytes
from security.sealing import base64url
from security.sealing.errors import KeyRefused
from security.sealing.keys import PublicJwk, read_public

CHARACTERS = 43
"""A SHA-256, or 32 random bytes, in base64url. The last character carries four bits, so two of its six are zero."""

_THUMBPRINT = re.compile("[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]")


def of(jwk: PublicJwk) -> str:
    """The RFC 7638 thumbprint of a public key: the key id of a campaign and of a processing key.

    Raises KeyRefused, AlgorithmRefused.
    """
    return _hashed(canonical_bytes(_checked(jwk)))


def device(encryption: PublicJwk, signing: PublicJwk) -> str:
    """The name of a device: of its two keys, so that neither can be exchanged. Raises KeyRefused, AlgorithmRefused."""
    pair = {"encryption": _checked(encryption), "signing": _checked(signing)}
    # One key for both would let what is signed be played against what is agreed.
    if pair["encryption"] == pair["signing"]:
        raise KeyRefused(field="signing")
    return _hashed(canonical_bytes(pair))


def enrolment_nonce(thumbprint: str, salt: str) -> str:
    """The OpenID Connect nonce by which an identity provider vouches for a device. Raises KeyRefused.

    The salt, 32 random bytes in base64url, keeps the identity provider from recognising a device by its nonce.
    """
    for field, text in (("thumbprint", thumbprint), ("salt", salt)):
        if not is_thumbprint(text):
            raise KeyRefused(field=field)
    return _hashed((thumbprint + salt).encode("ascii"))


def is_thumbprint(text: str) -> bool:
    """Whether `text` spells 32 bytes in base64url, in the one way there is."""
    return _THUMBPRINT.fullmatch(text) is not None


def _checked(jwk: PublicJwk) -> PublicJwk:
    read_public(jwk)
    return dict(jwk)


def _hashed(data: bytes) -> str:
    return base64url.encoded(hashlib.sha256(data).digest())
