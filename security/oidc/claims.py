"""What every token of a provider has in common: who made it, for whom, about whom and when (RFC 7519)."""

from collections.abc import Collection, Mapping
from typing import Any

from security.oidc.errors import (
    AlgorithmRefused,
    AudienceForeign,
    AudienceWrong,
    AuthorizedPartyWrong,
    ClaimMalformed,
    ClaimMissing,
    IssuerWrong,
    TokenExpired,
    TokenNotYetValid,
    TokenTooOld,
    TokenTypeWrong,
)

OLDEST_SECONDS = 600
LEEWAY_SECONDS = 60
LONGEST_SUBJECT = 255


def check_header(
    header: Mapping[str, Any], algorithms: Collection[str] | None, kinds: Collection[str]
) -> None:
    """That the token is signed in a way that was agreed on, and is of one of `kinds` (its `typ`, in upper case)."""
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm.lower() == "none":
        raise AlgorithmRefused
    if algorithms is not None and algorithm not in algorithms:
        raise AlgorithmRefused
    # Tokens of another kind by the same provider carry their own type (RFC 8725, 3.11).
    if str(header.get("typ", "JWT")).upper().removeprefix("APPLICATION/") not in kinds:
        raise TokenTypeWrong


def check_issuer(claims: Mapping[str, Any], issuer: str) -> None:
    """That exactly `issuer` made it."""
    if text(claims, "iss") != issuer:
        raise IssuerWrong


def check_audience(claims: Mapping[str, Any], client_id: str) -> None:
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


def check_subject(claims: Mapping[str, Any]) -> None:
    """That it is about somebody: printable ASCII, at most 255 characters."""
    subject = text(claims, "sub")
    if not subject.isascii() or not subject.isprintable() or len(subject) > LONGEST_SUBJECT:
        raise ClaimMalformed(claim="sub")


def check_times(claims: Mapping[str, Any], now: float, leeway: int) -> None:
    """That it was made lately and holds now. `now` and `leeway` are seconds."""
    issued, expires = seconds(claims, "iat"), seconds(claims, "exp")
    if expires + leeway <= now:
        raise TokenExpired
    if issued > now + leeway:
        raise TokenNotYetValid(claim="iat")
    if issued < now - OLDEST_SECONDS - leeway:
        raise TokenTooOld
    if "nbf" in claims and seconds(claims, "nbf") > now + leeway:
        raise TokenNotYetValid(claim="nbf")


def text(claims: Mapping[str, Any], name: str) -> str:
    """A claim that must be there, as text. Raises ClaimMissing, ClaimMalformed."""
    value = claims.get(name)
    if value is None or value == "":
        raise ClaimMissing(claim=name)
    if not isinstance(value, str):
        raise ClaimMalformed(claim=name)
    return value


def seconds(claims: Mapping[str, Any], name: str) -> float:
    """A NumericDate (RFC 7519, section 2), within the years a clock can show."""
    value = claims.get(name)
    if value is None:
        raise ClaimMissing(claim=name)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 253_402_300_800:
        raise ClaimMalformed(claim=name)
    return float(value)
