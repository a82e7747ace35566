"""Whether the claims of a signed ID token are what was asked for. OpenID Connect Core, section 3.1.3.7."""

import base64
import hashlib
import hmac
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from security.oidc.claims import (
    LEEWAY_SECONDS,
    check_audience,
    check_header,
    check_issuer,
    check_subject,
    check_times,
    seconds,
    text,
)
from security.oidc.errors import (
    AccessTokenMismatch,
    NonceWrong,
    SignInTooLongAgo,
    SignInTooWeak,
    TokenMalformed,
    TokenMissing,
    TokenNotYetValid,
    UserinfoOfAnother,
)

KINDS = ("JWT",)


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
    check_header(header, algorithms, KINDS)
    check_issuer(claims, issuer)
    check_audience(claims, client_id)
    _check_nonce(claims, nonce)
    check_subject(claims)
    check_times(claims, moment, leeway)
    _check_authentication_time(claims, moment, leeway, max_age)
    _check_authentication_context(claims, acr)
    if access_token is not None:
        _check_access_token(header, claims, access_token)


def check_signed_userinfo(claims: Mapping[str, Any], issuer: str, client_id: str) -> None:
    """Raise unless signed userinfo comes from `issuer` and is for us (OpenID Connect Core, 5.3.2)."""
    check_issuer(claims, issuer)
    check_audience(claims, client_id)


def check_userinfo(userinfo: Mapping[str, Any], sub: str) -> None:
    """Raise UserinfoOfAnother unless the answer is about `sub`, the subject of the ID token."""
    if userinfo.get("sub") != sub:
        raise UserinfoOfAnother


def _check_nonce(claims: Mapping[str, Any], nonce: str) -> None:
    # An empty nonce on our side would be a bug that lets any answer in.
    if not nonce or not hmac.compare_digest(text(claims, "nonce").encode(), nonce.encode()):
        raise NonceWrong


def _check_authentication_time(
    claims: Mapping[str, Any], now: float, leeway: int, max_age: int | None
) -> None:
    if max_age is None and "auth_time" not in claims:
        return
    signed_in = seconds(claims, "auth_time")
    if signed_in > now + leeway:
        raise TokenNotYetValid(claim="auth_time")
    if max_age is not None and signed_in < now - max_age - leeway:
        raise SignInTooLongAgo


def _check_authentication_context(claims: Mapping[str, Any], acr: str | Collection[str] | None) -> None:
    if acr is None:
        if "acr" in claims:
            text(claims, "acr")
        return
    enough = {acr} if isinstance(acr, str) else set(acr)
    if "acr" not in claims or text(claims, "acr") not in enough:
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
    if not hmac.compare_digest(text(claims, "at_hash").encode(), expected):
        raise AccessTokenMismatch
