"""Slots for P-256 keys (`device`, `campaign`, `processing`): the data key in a compact JWE (RFC 7516), in ASCII.

    BASE64URL(protected header) . encrypted key (40) . nonce (12) . data key, encrypted (32) . tag (16)
    ECDH-ES+A256KW (RFC 7518, section 4.6) and A256GCM; the protected header is canonical JSON of exactly
    alg, apv, enc, epk {crv, kty, x, y}, exp (absent where the slot does not end), kid, purpose

`apv` is the hash of what the slot is for: payload, key, purpose and end. It enters the key derivation, so that a slot
moved elsewhere does not open. A reader computes it from what it believes in and lets nothing in the slot choose an
algorithm. Any JOSE library can open a slot; only this reader also says no to what does not belong.
"""

import hashlib
import os
import re
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from security.canonical import LARGEST_INTEGER, NotCanonical, canonical_bytes
from security.sealing import base64url, thumbprints
from security.sealing.envelope import KEY_BYTES, TAG_BYTES
from security.sealing.errors import AlgorithmRefused, KeyRefused, SlotExpired, SlotRefused
from security.sealing.header import HASH_BYTES
from security.sealing.keys import (
    COORDINATE_BYTES,
    PrivateKey,
    PublicJwk,
    new_private,
    point_bytes,
    read_public,
)
from security.sealing.slots import NONCE_BYTES, SLOT_VERSION, SlotPurpose
from security.sealing.strict_json import members_of

AGREEMENT = "ECDH-ES+A256KW"
ENCRYPTION = "A256GCM"
LARGEST_SLOT = 1024
PURPOSES = (SlotPurpose.DEVICE, SlotPurpose.CAMPAIGN, SlotPurpose.PROCESSING)

_PART_BYTES = (KEY_BYTES + 8, NONCE_BYTES, KEY_BYTES, TAG_BYTES)
_MEMBERS = frozenset({"alg", "apv", "enc", "epk", "kid", "purpose"})
_NOT_UNDERSTOOD = ("zip", "crit", "b64")
_COMPACT = re.compile(rb"[A-Za-z0-9_.-]+")
_HEADER = (
    b'{"alg":"ECDH-ES+A256KW","apv":"%b","enc":"A256GCM",'
    b'"epk":{"crv":"P-256","kty":"EC","x":"%b","y":"%b"},%b"kid":"%b","purpose":"%b"}'
)
_text = base64url.encoded_bytes
_ECDH = ec.ECDH()
# RFC 7518, section 4.6.2: AlgorithmID, PartyUInfo (empty), the length of PartyVInfo; apv; SuppPubInfo (256 bits).
_BEFORE_APV = (
    len(AGREEMENT).to_bytes(4, "big") + AGREEMENT.encode("ascii") + bytes(4) + (32).to_bytes(4, "big")
)
_AFTER_APV = (8 * KEY_BYTES).to_bytes(4, "big")


def wrap(
    dek: bytes, header_hash: bytes, purpose: SlotPurpose, kid: str, public: PublicJwk, expires: int | None
) -> bytes:
    """A slot, about 550 bytes, that gives `dek` to the holder of `public` until `expires` (seconds since 1970).

    `kid` is the thumbprint of the device, or of the key itself. Raises KeyRefused, AlgorithmRefused.
    """
    if len(dek) != KEY_BYTES:
        raise ValueError("a data key has 32 bytes")
    if expires is not None and not 0 < expires <= LARGEST_INTEGER:
        raise ValueError("an end is a whole number of seconds since 1970")
    recipient = read_public(public)
    if purpose is not SlotPurpose.DEVICE and kid != thumbprints.of(public):
        raise KeyRefused(field="kid")
    return _wrapped(
        dek, header_hash, purpose, kid, recipient, expires, new_private(), os.urandom(KEY_BYTES + 12)
    )


def unwrap(
    slot: bytes, header_hash: bytes, purpose: SlotPurpose, kid: str, private: PrivateKey, now: int
) -> bytes:
    """The data key in `slot`, for the payload, purpose and key one believes it is for; `now` in seconds since 1970.

    Raises SlotRefused, SlotExpired, AlgorithmRefused, KeyRefused.
    """
    parts = _parts(slot)
    members = _read_header(parts[0])
    expires = _expiry(members)
    binding = apv(header_hash, purpose, kid, expires)
    if (members["kid"], members["purpose"], members["apv"]) != (
        kid,
        purpose.value,
        base64url.encoded(binding),
    ):
        raise SlotRefused(key_id=kid)
    if expires is not None and now >= expires:
        raise SlotExpired(key_id=kid, expired=expires)
    return _opened(parts, binding, read_public(members["epk"]), private, kid)


def check_bound(
    slot: bytes, header_hash: bytes, purpose: SlotPurpose, kid: str, *, expires: int | None = None
) -> None:
    """Whether `slot` says that it is for this payload, purpose and key, for whoever cannot open it.

    It must end at `expires` (seconds since 1970) exactly, or never where that is None. Raises SlotRefused,
    AlgorithmRefused, KeyRefused.
    """
    members = _read_header(_parts(slot)[0])
    binding = apv(header_hash, purpose, kid, expires)
    said = (_expiry(members), members["kid"], members["purpose"], members["apv"])
    if said != (expires, kid, purpose.value, base64url.encoded(binding)):
        raise SlotRefused(key_id=kid)
    read_public(members["epk"])


def apv(header_hash: bytes, purpose: SlotPurpose, kid: str, expires: int | None) -> bytes:
    """What a slot is bound to: SHA-256 over canonical JSON of its payload, key, purpose and end. Raises KeyRefused."""
    _check_place(header_hash, purpose, kid)
    end = "null" if expires is None else expires
    # Canonical as it stands: names in order, and nothing in the values needs escaping.
    bound_to = (
        f'{{"expiry":{end},"header":"{header_hash.hex()}","key":"{kid}",'
        f'"purpose":"{purpose}","version":{SLOT_VERSION}}}'
    )
    return hashlib.sha256(bound_to.encode("ascii")).digest()


def expiry(slot: bytes) -> int | None:
    """When a slot says that it ends; to show, not to rely on: only `unwrap` knows whether it is true.

    Raises SlotRefused, AlgorithmRefused.
    """
    return _expiry(_read_header(_parts(slot)[0]))


def _wrapped(
    dek: bytes,
    header_hash: bytes,
    purpose: SlotPurpose,
    kid: str,
    recipient: ec.EllipticCurvePublicKey,
    expires: int | None,
    ephemeral: PrivateKey,
    random: bytes,
) -> bytes:
    """The slot under a chosen ephemeral key, content key (32) and nonce (12); apart from vectors they are random."""
    binding = apv(header_hash, purpose, kid, expires)
    # Canonical as it stands, like the hash in `apv`: an encoder for any JSON would cost a tenth of the whole slot.
    end = b"" if expires is None else b'"exp":%d,' % expires
    point = point_bytes(ephemeral.public_key())
    x, y = _text(point[1 : 1 + COORDINATE_BYTES]), _text(point[1 + COORDINATE_BYTES :])
    members = (_text(binding), x, y, end, kid.encode("ascii"), purpose.encode("ascii"))
    protected = _text(_HEADER % members)
    content_key, nonce = random[:KEY_BYTES], random[KEY_BYTES:]
    encrypted_key = aes_key_wrap(_agreed(ephemeral, recipient, binding), content_key)
    sealed = AESGCM(content_key).encrypt(nonce, dek, protected)
    parts = (encrypted_key, nonce, sealed[:-TAG_BYTES], sealed[-TAG_BYTES:])
    return b".".join((protected, *map(_text, parts)))


def _agreed(private: PrivateKey, public: ec.EllipticCurvePublicKey, binding: bytes) -> bytes:
    """The key both sides derive: Concat KDF (NIST SP 800-56A, section 5.8.1), one round of SHA-256."""
    secret = private.exchange(_ECDH, public)
    return hashlib.sha256(b"\x00\x00\x00\x01" + secret + _BEFORE_APV + binding + _AFTER_APV).digest()


def _opened(
    parts: list[bytes], binding: bytes, epk: ec.EllipticCurvePublicKey, private: PrivateKey, kid: str
) -> bytes:
    protected, encrypted_key, nonce, ciphertext, tag = parts
    if tuple(map(len, parts[1:])) != _PART_BYTES:
        raise SlotRefused(key_id=kid)
    try:
        content_key = aes_key_unwrap(_agreed(private, epk, binding), encrypted_key)
        return AESGCM(content_key).decrypt(nonce, ciphertext + tag, protected)
    except (InvalidUnwrap, InvalidTag):
        raise SlotRefused(key_id=kid) from None


def _check_place(header_hash: bytes, purpose: SlotPurpose, kid: str) -> None:
    if len(header_hash) != HASH_BYTES:
        raise ValueError("a header hash has 32 bytes")
    if purpose not in PURPOSES:
        raise ValueError("a slot of this purpose is no JWE")
    if not thumbprints.is_thumbprint(kid):
        raise KeyRefused(field="kid")


def _parts(slot: bytes) -> list[bytes]:
    """Protected header as it stands, then encrypted key, nonce, ciphertext and tag, decoded. Raises SlotRefused."""
    if len(slot) > LARGEST_SLOT or not _COMPACT.fullmatch(slot):
        raise SlotRefused
    protected, *rest = slot.split(b".")
    try:
        decoded = [base64url.decoded(part.decode("ascii")) for part in rest]
    except ValueError:
        raise SlotRefused from None
    if len(decoded) != len(_PART_BYTES):
        raise SlotRefused
    return [protected, *decoded]


def _read_header(protected: bytes) -> dict[str, Any]:
    """The members of a protected header, found right in algorithms and form. Raises SlotRefused, AlgorithmRefused."""
    try:
        data = base64url.decoded(protected.decode("ascii"))
        members = members_of(data)
    except ValueError:
        raise SlotRefused from None
    for field, expected in (("alg", AGREEMENT), ("enc", ENCRYPTION)):
        if members.get(field) != expected:
            raise AlgorithmRefused(field=field)
    for field in _NOT_UNDERSTOOD:
        if field in members:
            raise AlgorithmRefused(field=field)
    if members.keys() - {"exp"} != _MEMBERS or not isinstance(members["epk"], dict):
        raise SlotRefused
    # Fractions, lone surrogates and another order or spelling end here: one header, one text.
    if not _is_canonical(members, data):
        raise SlotRefused
    return members


def _is_canonical(members: dict[str, Any], data: bytes) -> bool:
    try:
        return canonical_bytes(members) == data
    except NotCanonical:
        return False


def _expiry(members: dict[str, Any]) -> int | None:
    """Raises SlotRefused where `exp` is there and is no whole number of seconds."""
    if "exp" not in members:
        return None
    expires = members["exp"]
    if type(expires) is not int or expires <= 0:
        raise SlotRefused
    return expires
