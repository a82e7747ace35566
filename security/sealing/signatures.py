"""Signatures over sealed payloads: a sealed envelope shows that nobody changed it, and not who made it.

ES256 (RFC 7518, section 3.4): ECDSA on P-256 with SHA-256, r ‖ s of 32 bytes each, over

    "marketplace-sealing-1" ‖ 0x00 ‖ header hash (32) ‖ SHA-256 of the envelope (32) [‖ the campaign's key (32)]

The text at the beginning keeps a signature made here from meaning something anywhere else. The last part, the key id
of a campaign, is there for what is sealed to that key: so a contributor knows from the owner's device, and not from the
server's word, to which key an answer goes.
"""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from security.sealing import base64url
from security.sealing.errors import KeyRefused, SignatureRefused
from security.sealing.header import HASH_BYTES
from security.sealing.keys import PrivateKey, PublicJwk, read_public
from security.sealing.thumbprints import is_thumbprint

CONTEXT = b"marketplace-sealing-1"
HALF_BYTES = 32
SIGNATURE_BYTES = 2 * HALF_BYTES
_ALGORITHM = ec.ECDSA(hashes.SHA256())


def signed_bytes(header_hash: bytes, envelope_digest: bytes, campaign_key: str | None = None) -> bytes:
    """What a signature is over: 86 bytes, or 118 with the id of a campaign's key. Raises KeyRefused."""
    if len(header_hash) != HASH_BYTES or len(envelope_digest) != HASH_BYTES:
        raise ValueError("a header hash and the SHA-256 of an envelope have 32 bytes")
    return CONTEXT + b"\x00" + header_hash + envelope_digest + _named(campaign_key)


def sign(
    header_hash: bytes, envelope_digest: bytes, private: PrivateKey, campaign_key: str | None = None
) -> bytes:
    """The signature, 64 bytes, by a device's signing key over one payload's header and envelope.

    `campaign_key` is the key id of the campaign's key, for what is sealed to it; None for what is not.
    """
    message = signed_bytes(header_hash, envelope_digest, campaign_key)
    r, s = decode_dss_signature(private.sign(message, _ALGORITHM))
    return r.to_bytes(HALF_BYTES, "big") + s.to_bytes(HALF_BYTES, "big")


def verify(
    header_hash: bytes,
    envelope_digest: bytes,
    signature: bytes,
    public: PublicJwk,
    campaign_key: str | None = None,
) -> None:
    """Nothing, where the signature is `public`'s. Raises SignatureRefused, KeyRefused, AlgorithmRefused."""
    if len(signature) != SIGNATURE_BYTES:
        raise SignatureRefused
    r, s = (int.from_bytes(half, "big") for half in (signature[:HALF_BYTES], signature[HALF_BYTES:]))
    message = signed_bytes(header_hash, envelope_digest, campaign_key)
    try:
        read_public(public).verify(encode_dss_signature(r, s), message, _ALGORITHM)
    except InvalidSignature:
        raise SignatureRefused from None


def _named(campaign_key: str | None) -> bytes:
    """The hash that a key id spells (RFC 7638); nothing for none."""
    if campaign_key is None:
        return b""
    if not is_thumbprint(campaign_key):
        raise KeyRefused
    return base64url.decoded(campaign_key)
