"""Whether a provider may end sessions: OpenID Connect Back-Channel Logout 1.0, section 2.6."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from security.oidc.claims import (
    LEEWAY_SECONDS,
    OLDEST_SECONDS,
    check_audience,
    check_header,
    check_issuer,
    check_subject,
    check_times,
    seconds,
    text,
)
from security.oidc.errors import ClaimMalformed, LogoutEventMissing, LogoutOfNobody, LogoutWithNonce

EVENT = "http://schemas.openid.net/event/backchannel-logout"
KINDS = ("JWT", "LOGOUT+JWT")
LONGEST_ID = 255


@dataclass(frozen=True, slots=True)
class Logout:
    """Whom a provider signed out: its session, or everything of a subject; where both are named, both must fit.

    `jti` is a digest of 32 bytes that tells a replay; it need not be kept after `over_at` (aware, UTC).
    """

    issuer: str
    sid: str | None
    subject: str | None = field(repr=False)
    jti: bytes = field(repr=False)
    over_at: datetime


def check_logout_token(
    header: Mapping[str, Any],
    claims: Mapping[str, Any],
    *,
    issuer: str,
    client_id: str,
    now: datetime,
    leeway: int = LEEWAY_SECONDS,
    algorithms: Collection[str] | None = None,
) -> Logout:
    """What a logout token whose signature is right says. Raises TokenRefused, LogoutRefused.

    That it was not taken before is for the caller to know: `jti`.
    """
    check_header(header, algorithms, KINDS)
    check_issuer(claims, issuer)
    check_audience(claims, client_id)
    check_times(claims, now.timestamp(), leeway)
    # A nonce would make it an ID token, which anybody who signs in gets hold of.
    if "nonce" in claims:
        raise LogoutWithNonce
    _check_event(claims)
    sid, subject = _sid(claims), _subject(claims)
    if sid is None and subject is None:
        raise LogoutOfNobody
    # Nobody can be tricked into keeping ids for ever: older than this it is refused by its age alone.
    end = min(seconds(claims, "exp"), seconds(claims, "iat") + OLDEST_SECONDS) + 2 * leeway
    jti = hashlib.sha256(text(claims, "jti").encode()).digest()
    return Logout(issuer, sid, subject, jti, datetime.fromtimestamp(end, UTC))


def _check_event(claims: Mapping[str, Any]) -> None:
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(EVENT), dict):
        raise LogoutEventMissing


def _sid(claims: Mapping[str, Any]) -> str | None:
    if "sid" not in claims:
        return None
    sid = text(claims, "sid")
    if not sid.isascii() or len(sid) > LONGEST_ID:
        raise ClaimMalformed(claim="sid")
    return sid


def _subject(claims: Mapping[str, Any]) -> str | None:
    if "sub" not in claims:
        return None
    check_subject(claims)
    return str(claims["sub"])
