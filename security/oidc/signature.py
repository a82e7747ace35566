"""Whether a token was signed by the provider. What it says is judged elsewhere (`id_token`).

JWS, RFC 7515; the choice of the key, RFC 7515 section 6 and OpenID Connect Core 10.1.
"""

import base64
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key, OctKey
from joserfc.jws import CompactSignature, JWSRegistry, extract_compact, validate_compact

from security.oidc.discovery import ASYMMETRIC_ALGORITHMS, SYMMETRIC_ALGORITHMS
from security.oidc.errors import AlgorithmRefused, KeyUnknown, SignatureWrong, TokenMalformed

LONGEST_TOKEN = 65_536
LARGEST_KEY_SET = 64
SMALLEST_RSA_BITS, LARGEST_RSA_BITS = 2048, 8192


@dataclass(frozen=True, slots=True)
class SignedToken:
    """Header and claims as the provider signed them; the claims are not judged yet."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any] = field(repr=False)


def decode_id_token(
    token: str, jwks: Mapping[str, Any], algorithms: Collection[str], client_secret: str | None = None
) -> SignedToken:
    """The content of `token`, once its signature has been found right. Raises TokenRefused.

    `algorithms` comes from `allowed_algorithms`. Keys come from `jwks` alone, never from the token. A `kid`
    chooses among them; without one every fitting key is tried. HS* is verified with `client_secret` only, so
    that a published key can never serve as a shared secret.
    """
    signature = _parsed(token)
    header = signature.headers()
    algorithm = header.get("alg")
    known = ASYMMETRIC_ALGORITHMS + SYMMETRIC_ALGORITHMS
    if not isinstance(algorithm, str) or algorithm not in algorithms or algorithm not in known:
        raise AlgorithmRefused
    if "crit" in header:
        raise TokenMalformed
    if algorithm in SYMMETRIC_ALGORITHMS:
        keys = _shared_key(client_secret)
    else:
        keys = _published_keys(jwks, algorithm, header.get("kid"))
    _check_signature(signature, keys, algorithm)
    return SignedToken(dict(header), _json_object(signature.payload))


def _parsed(token: object) -> CompactSignature:
    if not isinstance(token, str) or len(token) > LONGEST_TOKEN or not token.isascii():
        raise TokenMalformed
    try:
        signature = extract_compact(token.encode("ascii"), registry=_registry([]))
    except (JoseError, ValueError, TypeError, AttributeError, RecursionError):
        raise TokenMalformed from None
    # `protected` is what the library read; anything but an object would break every look into it.
    if not isinstance(signature.protected, dict) or not isinstance(signature.protected.get("kid", ""), str):
        raise TokenMalformed
    return signature


def _registry(algorithms: Collection[str]) -> JWSRegistry:
    # Unknown header members are to be ignored (RFC 7515, 4), which the library calls not strict.
    registry = JWSRegistry(algorithms=algorithms, strict_check_header=False)
    registry.max_payload_length = registry.max_header_length = LONGEST_TOKEN
    return registry


def _shared_key(client_secret: str | None) -> list[Key]:
    if not client_secret:
        raise AlgorithmRefused
    return [OctKey.import_key(client_secret)]


def _published_keys(jwks: Mapping[str, Any], algorithm: str, kid: str | None) -> list[Key]:
    """The keys of the set that may have made this signature; KeyUnknown where there is none."""
    listed = jwks.get("keys")
    if not isinstance(listed, list) or len(listed) > LARGEST_KEY_SET:
        raise KeyUnknown
    keys = [
        key
        for each in listed
        if isinstance(each, dict) and (kid is None or each.get("kid") == kid)
        for key in usable_keys(each, algorithm)
    ]
    if not keys:
        raise KeyUnknown
    return keys


def usable_keys(jwk: dict[str, Any], algorithm: str) -> list[Key]:
    """The key in a list of one, or nothing where it is of no use for this algorithm (RFC 7517, section 5)."""
    if jwk.get("use", "sig") != "sig" or jwk.get("alg", algorithm) != algorithm or jwk.get("kty") == "oct":
        return []
    try:
        if jwk.get("kty") == "RSA" and not SMALLEST_RSA_BITS <= _modulus_bits(jwk) <= LARGEST_RSA_BITS:
            return []
        key = JWKRegistry.import_key(jwk)
        _registry([algorithm]).get_alg(algorithm).check_key(key)
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        return []
    return [key]


def _modulus_bits(jwk: dict[str, Any]) -> int:
    return int.from_bytes(base64.urlsafe_b64decode(jwk["n"] + "==")).bit_length()


def _check_signature(signature: CompactSignature, keys: list[Key], algorithm: str) -> None:
    if any(_verifies(signature, key, algorithm) for key in keys):
        return
    # Without a kid no key was named: the one that signed may be newer than the set at hand.
    raise SignatureWrong if "kid" in signature.headers() else KeyUnknown


def _verifies(signature: CompactSignature, key: Key, algorithm: str) -> bool:
    try:
        return validate_compact(signature, key, registry=_registry([algorithm]))
    except (JoseError, ValueError):
        return False


def _json_object(payload: bytes | None) -> dict[str, Any]:
    try:
        text = (payload or b"").decode("utf-8")
        content = json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise TokenMalformed from None
    if not isinstance(content, dict):
        raise TokenMalformed
    return content


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name twice")
    return members


def _refuse(constant: str) -> None:
    raise ValueError(constant)
