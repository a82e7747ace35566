"""Whether the claims of a signed ID token are what was asked for. OpenID Connect Core, section 3.1.3.7."""

import base64
import hashlib
import hmac
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from security.oidc.errors import (
    AccessTokenMismatch,
    AlgorithmRefused,
    AudienceForeign,
    AudienceWrong,
    AuthorizedPartyWrong,
    ClaimMalformed,
    ClaimMissing,
    IssuerWrong,
    NonceWrong,
    SignInTooLongAgo,
    SignInTooWeak,
    TokenExpired,
    TokenMalformed,
    TokenMissing,
    TokenNotYetValid,
    TokenTooOld,
    TokenTypeWrong,
    UserinfoOfAnother,
)

OLDEST_SECONDS = 600
LEEWAY_SECONDS = 60
LONGEST_SUBJECT = 255


def check_token_response(response: Mapping[str, Any]) -> str:
    """The ID token in a token endpoint's answer. Raises TokenMissing, TokenMalformed."""
    token = response.get("id_token")
    if token is None:
        raise TokenMissing
    if not isinstance(token, str) or str(response.get("token_type", "")).lower() != "bearer":
        raise TokenMalformed
    return token


def check_id_token(
    header: Mapping[str, Any],
    claims: Mapping[str, Any],
    *,
    issuer: str,
    client_id: str,
    nonce: str,
    now: datetime,
    leeway: int = LEEWAY_SECONDS,
    max_age: int | None = None,
    acr: str | Collection[str] | None = None,
    algorithms: Collection[str] | None = None,
    access_token: str | None = None,
) -> None:
    """Raise the TokenRefused that says what is wrong with a token whose signature is right; else return.

    `now` is aware; `leeway` and `max_age` are seconds. `max_age` and `acr` are what was asked for in the
    request: `acr` is the value, or all values, strong enough. `algorithms` repeats the choice of
    `decode_id_token`.
    """
    moment = now.timestamp()
    _check_header(header, algorithms)
    _check_issuer(claims, issuer)
    _check_audience(claims, client_id)
    _check_nonce(claims, nonce)
    _check_subject(claims)
    _check_times(claims, moment, leeway)
    _check_authentication_time(claims, moment, leeway, max_age)
    _check_authentication_context(claims, acr)
    if access_token is not None:
        _check_access_token(header, claims, access_token)


def check_userinfo(userinfo: Mapping[str, Any], sub: str) -> None:
    """Raise UserinfoOfAnother unless the answer is about `sub`, the subject of the ID token."""
    if userinfo.get("sub") != sub:
        raise UserinfoOfAnother


def _check_header(header: Mapping[str, Any], algorithms: Collection[str] | None) -> None:
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm.lower() == "none":
        raise AlgorithmRefused
    if algorithms is not None and algorithm not in algorithms:
        raise AlgorithmRefused
    # A logout token or an access token of the same provider carries its own type (RFC 8725, 3.11).
    if str(header.get("typ", "JWT")).upper() not in ("JWT", "APPLICATION/JWT"):
        raise TokenTypeWrong


def _check_issuer(claims: Mapping[str, Any], issuer: str) -> None:
    if _text(claims, "iss") != issuer:
        raise IssuerWrong


def _check_audience(claims: Mapping[str, Any], client_id: str) -> None:
    """We alone: a further audience is somebody we know nothing of, and who could present the token to us."""
    audience = claims.get("aud")
    if audience is None:
        raise ClaimMissing(claim="aud")
    named = [audience] if isinstance(audience, str) else audience
    if not isinstance(named, list) or not all(isinstance(each, str) for each in named):
        raise ClaimMalformed(claim="aud")
    if client_id not in named:
        raise AudienceWrong
    if any(each != client_id for each in named):
        raise AudienceForeign
    if "azp" in claims and claims["azp"] != client_id:
        raise AuthorizedPartyWrong


def _check_nonce(claims: Mapping[str, Any], nonce: str) -> None:
    # An empty nonce on our side would be a bug that lets any answer in.
    if not nonce or not hmac.compare_digest(_text(claims, "nonce").encode(), nonce.encode()):
        raise NonceWrong


def _check_subject(claims: Mapping[str, Any]) -> None:
    subject = _text(claims, "sub")
    if not subject.isascii() or not subject.isprintable() or len(subject) > LONGEST_SUBJECT:
        raise ClaimMalformed(claim="sub")


def _check_times(claims: Mapping[str, Any], now: float, leeway: int) -> None:
    issued, expires = _seconds(claims, "iat"), _seconds(claims, "exp")
    if expires + leeway <= now:
        raise TokenExpired
    if issued > now + leeway:
        raise TokenNotYetValid(claim="iat")
    if issued < now - OLDEST_SECONDS - leeway:
        raise TokenTooOld
    if "nbf" in claims and _seconds(claims, "nbf") > now + leeway:
        raise TokenNotYetValid(claim="nbf")


def _check_authentication_time(
    claims: Mapping[str, Any], now: float, leeway: int, max_age: int | None
) -> None:
    if max_age is None and "auth_time" not in claims:
        return
    signed_in = _seconds(claims, "auth_time")
    if signed_in > now + leeway:
        raise TokenNotYetValid(claim="auth_time")
    if max_age is not None and signed_in < now - max_age - leeway:
        raise SignInTooLongAgo


def _check_authentication_context(claims: Mapping[str, Any], acr: str | Collection[str] | None) -> None:
    if acr is None:
        if "acr" in claims:
            _text(claims, "acr")
        return
    enough = {acr} if isinstance(acr, str) else set(acr)
    if "acr" not in claims or _text(claims, "acr") not in enough:
        raise SignInTooWeak


def _check_access_token(header: Mapping[str, Any], claims: Mapping[str, Any], access_token: str) -> None:
    """`at_hash`, where the provider sends it: the left half of the hash that belongs to the algorithm."""
    if "at_hash" not in claims:
        return
    size = str(header["alg"])[-3:]
    hashed = {"384": hashlib.sha384, "512": hashlib.sha512}.get(size, hashlib.sha256)
    # Ed25519 signs over SHA-512, and its name ends in neither.
    digest = (hashlib.sha512 if header["alg"] == "Ed25519" else hashed)(access_token.encode()).digest()
    expected = base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=")
    if not hmac.compare_digest(_text(claims, "at_hash").encode(), expected):
        raise AccessTokenMismatch


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    if value is None or value == "":
        raise ClaimMissing(claim=name)
    if not isinstance(value, str):
        raise ClaimMalformed(claim=name)
    return value


def _seconds(claims: Mapping[str, Any], name: str) -> float:
    """A NumericDate (RFC 7519, section 2), within the years a clock can show."""
    value = claims.get(name)
    if value is None:
        raise ClaimMissing(claim=name)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 253_402_300_800:
        raise ClaimMalformed(claim=name)
    return float(value)
