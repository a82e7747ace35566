"""Keys on the curve P-256, in and out of JSON Web Keys (RFC 7517; RFC 7518, section 6.2).

Read strictly: exactly the members `crv`, `kty`, `x`, `y` (and `d` where the private half is meant), each in canonical
base64url of 32 bytes, and a point that lies on the curve. Whoever could hand us a point of another curve could learn
a private key from what we answer (an invalid-curve attack).
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import TypeAlias

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from security.canonical import canonical_bytes
from security.sealing import base64url
from security.sealing.errors import AlgorithmRefused, KeyRefused
from security.sealing.strict_json import members_of

CURVE = ec.SECP256R1()
CURVE_NAME = "P-256"
KEY_TYPE = "EC"
COORDINATE_BYTES = 32
POINT_BYTES = 1 + 2 * COORDINATE_BYTES
PUBLIC_MEMBERS = frozenset({"crv", "kty", "x", "y"})
PRIVATE_MEMBERS = PUBLIC_MEMBERS | {"d"}

PrivateKey: TypeAlias = ec.EllipticCurvePrivateKey
PublicKey: TypeAlias = ec.EllipticCurvePublicKey
PublicJwk: TypeAlias = Mapping[str, object]
PrivateJwk: TypeAlias = Mapping[str, object]


def new_private() -> PrivateKey:
    """A fresh private key; one key agrees (ECDH) or signs (ECDSA), never both."""
    return ec.generate_private_key(CURVE)


def public_jwk(key: PrivateKey | PublicKey) -> dict[str, str]:
    """The public half of `key` as a JWK of exactly four members."""
    x, y = coordinates(key.public_key() if isinstance(key, ec.EllipticCurvePrivateKey) else key)
    return {"crv": CURVE_NAME, "kty": KEY_TYPE, "x": x, "y": y}


def private_jwk(key: PrivateKey) -> dict[str, str]:
    """Both halves of `key` as a JWK of exactly five members. A secret: it goes into a sealed payload or nowhere."""
    scalar = key.private_numbers().private_value.to_bytes(COORDINATE_BYTES, "big")
    members = public_jwk(key) | {"d": base64url.encoded(scalar)}
    return dict(sorted(members.items()))


def private_bytes(key: PrivateKey) -> bytes:
    """`private_jwk` as canonical JSON: the content of a sealed payload of purpose `key`."""
    return canonical_bytes(private_jwk(key))


def read_public(jwk: PublicJwk) -> PublicKey:
    """The key that `jwk` describes. Raises KeyRefused, AlgorithmRefused."""
    _check_kind(jwk, PUBLIC_MEMBERS)
    return _point(_text(jwk, "x"), _text(jwk, "y"))


def read_private(jwk: PrivateJwk) -> PrivateKey:
    """The private key that `jwk` describes; its public members must be its own. Raises KeyRefused, AlgorithmRefused."""
    _check_kind(jwk, PRIVATE_MEMBERS)
    public = _point(_text(jwk, "x"), _text(jwk, "y"))
    scalar = _coordinate(_text(jwk, "d"), "d")
    try:
        private = ec.derive_private_key(int.from_bytes(scalar, "big"), CURVE)
    except ValueError:
        raise KeyRefused(field="d") from None
    if point_bytes(private.public_key()) != point_bytes(public):
        raise KeyRefused(field="d")
    return private


def parse_public(data: bytes) -> dict[str, str]:
    """The public JWK written as JSON in `data`, checked by `read_public`. Raises KeyRefused, AlgorithmRefused."""
    return public_jwk(read_public(_members(data)))


def parse_private(data: bytes) -> PrivateKey:
    """The private key written as a JWK in `data`, as `private_bytes` does. Raises KeyRefused, AlgorithmRefused."""
    return read_private(_members(data))


def coordinates(public: PublicKey) -> tuple[str, str]:
    """`x` and `y` of a public key, each in base64url."""
    point = point_bytes(public)
    return base64url.encoded(point[1 : 1 + COORDINATE_BYTES]), base64url.encoded(
        point[1 + COORDINATE_BYTES :]
    )


def point_bytes(public: PublicKey) -> bytes:
    """The point, uncompressed: 0x04 ‖ x ‖ y, 65 bytes (SEC 1, section 2.3.3)."""
    return public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def read_point(point: bytes) -> PublicKey:
    """The key whose uncompressed point is `point`. Raises KeyRefused."""
    if len(point) != POINT_BYTES or point[0] != 4:
        raise KeyRefused(field="point")
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(CURVE, point)
    except ValueError:
        raise KeyRefused(field="point") from None


def _check_kind(jwk: Mapping[str, object], members: frozenset[str]) -> None:
    for field, expected in (("kty", KEY_TYPE), ("crv", CURVE_NAME)):
        if jwk.get(field, expected) != expected:
            raise AlgorithmRefused(field=field)
    # Also keeps a private half from being taken, and kept, where a public key is expected.
    if jwk.keys() != members:
        raise KeyRefused(field="members")


def _text(jwk: Mapping[str, object], field: str) -> str:
    value = jwk[field]
    if not isinstance(value, str):
        raise KeyRefused(field=field)
    return value


def _coordinate(text: str, field: str) -> bytes:
    try:
        data = base64url.decoded(text)
    except ValueError:
        raise KeyRefused(field=field) from None
    if len(data) != COORDINATE_BYTES:
        raise KeyRefused(field=field)
    return data


@lru_cache(maxsize=4096)
def _point(x: str, y: str) -> PublicKey:
    """The checked point. Kept, since the same few thousand public keys come again and again; nothing here is secret."""
    return read_point(b"\x04" + _coordinate(x, "x") + _coordinate(y, "y"))


def _members(data: bytes) -> dict[str, object]:
    try:
        return members_of(data)
    except ValueError:
        raise KeyRefused(field="members") from None
