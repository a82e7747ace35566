"""Slots for an agency's offline key (`recovery`): HPKE, base mode (RFC 9180), by itself or with ML-KEM beside X25519.

    0x01  |  suite (1)  |  encapsulated key  |  data key, encrypted, with its tag (48)
    suite 1   DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-256-GCM                 encapsulated key of 65 bytes
    suite 2   MLKEM768-X25519 (KEM 0x647A), HKDF-SHA256, AES-256-GCM              encapsulated key of 1,120 bytes
    info      = what every slot is bound to (`slots.slot_aad`), additional data empty

Suite 2 also holds against whoever keeps today's copies for tomorrow's quantum computers. A browser can make suite 1.
The offline key opens slots in a program, never here: `unwrap` is for that program, and for exercises.
"""

import hashlib
import os
from dataclasses import dataclass, field
from enum import IntEnum
from functools import lru_cache

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric import ec, mlkem, x25519

from security.sealing import base64url
from security.sealing.envelope import KEY_BYTES, TAG_BYTES
from security.sealing.errors import AlgorithmRefused, KeyRefused, SlotRefused, UnknownVersion
from security.sealing.keys import COORDINATE_BYTES, CURVE, POINT_BYTES, point_bytes, read_point
from security.sealing.slots import SLOT_VERSION, SlotPurpose, slot_aad

SECRET_BYTES = 32
MLKEM_SEED_BYTES = 64
MLKEM_PUBLIC_BYTES = 1184
X25519_BYTES = 32


class Suite(IntEnum):
    """Which HPKE suite a key and its slots use; the second byte of a slot."""

    P256 = 1
    HYBRID = 2


_PUBLIC_BYTES = {Suite.P256: POINT_BYTES, Suite.HYBRID: MLKEM_PUBLIC_BYTES + X25519_BYTES}
_KEMS = {Suite.P256: hpke.KEM.P256, Suite.HYBRID: hpke.KEM.MLKEM768_X25519}


@dataclass(frozen=True, slots=True)
class PublicKey:
    """An agency's public recovery key: what the database keeps. Raises KeyRefused.

    `data` is the uncompressed point (65 bytes), or ML-KEM-768 ‖ X25519 (1,184 + 32 bytes).
    """

    suite: Suite
    data: bytes

    def __post_init__(self) -> None:
        if len(self.data) != _PUBLIC_BYTES[self.suite]:
            raise KeyRefused(field="public")
        _public(self)

    @property
    def key_id(self) -> str:
        """The key's name: base64url(SHA-256(suite ‖ data)), 43 characters."""
        return base64url.encoded(hashlib.sha256(bytes([self.suite]) + self.data).digest())


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """The offline half, 32 bytes. Raises KeyRefused.

    The scalar, big-endian (RFC 9180, section 7.1.2); or the seed from which SHAKE256 makes the seed of ML-KEM-768
    (64 bytes) and the X25519 key (32 bytes).
    """

    suite: Suite
    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) != SECRET_BYTES:
            raise KeyRefused(field="private")
        _private(self)

    @property
    def public(self) -> PublicKey:
        """The half that the marketplace is given."""
        if self.suite is Suite.P256:
            return PublicKey(self.suite, point_bytes(_scalar(self.secret).public_key()))
        kem, curve = _seeded(self.secret)
        return PublicKey(
            self.suite, kem.public_key().public_bytes_raw() + curve.public_key().public_bytes_raw()
        )


def new_private(suite: Suite) -> PrivateKey:
    """A fresh offline key. Raises AlgorithmRefused where the suite is not offered here."""
    if suite is Suite.P256:
        scalar = ec.generate_private_key(CURVE).private_numbers().private_value
        return PrivateKey(suite, scalar.to_bytes(COORDINATE_BYTES, "big"))
    return PrivateKey(suite, os.urandom(SECRET_BYTES))


@lru_cache(maxsize=1)
def offered() -> tuple[Suite, ...]:
    """The suites that the installed `cryptography` can compute, the strongest first."""
    try:
        mlkem.MLKEM768PrivateKey.generate()
    except UnsupportedAlgorithm:
        return (Suite.P256,)
    return (Suite.HYBRID, Suite.P256)


def wrap(dek: bytes, header_hash: bytes, key_id: str, public: PublicKey) -> bytes:
    """A slot of 115 or 1,170 bytes that holds `dek` for the agency's offline key. Raises AlgorithmRefused."""
    if len(dek) != KEY_BYTES:
        raise ValueError("a data key has 32 bytes")
    info = slot_aad(header_hash, SlotPurpose.RECOVERY, key_id)
    sealed = _hpke(public.suite).encrypt(dek, _public(public), info=info)
    return bytes([SLOT_VERSION, public.suite]) + sealed


def unwrap(slot: bytes, header_hash: bytes, key_id: str, private: PrivateKey) -> bytes:
    """The data key in a recovery slot. Raises SlotRefused, UnknownVersion, AlgorithmRefused."""
    info = slot_aad(header_hash, SlotPurpose.RECOVERY, key_id)
    _check_form(slot, private.suite, key_id)
    try:
        return _hpke(private.suite).decrypt(slot[2:], _private(private), info=info)
    except InvalidTag:
        raise SlotRefused(key_id=key_id) from None


def check_form(slot: bytes, public: PublicKey) -> None:
    """Whether `slot` has the form of one for this key; only the offline key can tell whether it opens.

    Raises SlotRefused, UnknownVersion, AlgorithmRefused.
    """
    _check_form(slot, public.suite, public.key_id)


def _check_form(slot: bytes, suite: Suite, key_id: str) -> None:
    if len(slot) < 2:
        raise SlotRefused(key_id=key_id)
    if slot[0] != SLOT_VERSION:
        raise UnknownVersion(version=slot[0])
    if slot[1] != suite:
        raise AlgorithmRefused(field="suite")
    if len(slot) != 2 + _KEMS[suite].enc_length() + KEY_BYTES + TAG_BYTES:
        raise SlotRefused(key_id=key_id)


def _hpke(suite: Suite) -> hpke.Suite:
    return hpke.Suite(_KEMS[suite], hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)


def _public(key: PublicKey) -> ec.EllipticCurvePublicKey | hpke.MLKEM768X25519PublicKey:
    if key.suite is Suite.P256:
        return read_point(key.data)
    try:
        curve = x25519.X25519PublicKey.from_public_bytes(key.data[MLKEM_PUBLIC_BYTES:])
        # With a point of small order nothing is agreed on (RFC 7748, section 6.1): tried once, here.
        x25519.X25519PrivateKey.generate().exchange(curve)
        kem = mlkem.MLKEM768PublicKey.from_public_bytes(key.data[:MLKEM_PUBLIC_BYTES])
        return hpke.MLKEM768X25519PublicKey(kem, curve)
    except UnsupportedAlgorithm:
        raise AlgorithmRefused(field="suite") from None
    except ValueError:
        raise KeyRefused(field="public") from None


def _private(key: PrivateKey) -> ec.EllipticCurvePrivateKey | hpke.MLKEM768X25519PrivateKey:
    if key.suite is Suite.P256:
        return _scalar(key.secret)
    return hpke.MLKEM768X25519PrivateKey(*_seeded(key.secret))


def _scalar(secret: bytes) -> ec.EllipticCurvePrivateKey:
    try:
        return ec.derive_private_key(int.from_bytes(secret, "big"), CURVE)
    except ValueError:
        raise KeyRefused(field="private") from None


def _seeded(secret: bytes) -> tuple[mlkem.MLKEM768PrivateKey, x25519.X25519PrivateKey]:
    """Both private keys, from the seed (draft-ietf-hpke-pq, as X-Wing expands its seed)."""
    expanded = hashlib.shake_256(secret).digest(MLKEM_SEED_BYTES + X25519_BYTES)
    try:
        return (
            mlkem.MLKEM768PrivateKey.from_seed_bytes(expanded[:MLKEM_SEED_BYTES]),
            x25519.X25519PrivateKey.from_private_bytes(expanded[MLKEM_SEED_BYTES:]),
        )
    except UnsupportedAlgorithm:
        raise AlgorithmRefused(field="suite") from None
