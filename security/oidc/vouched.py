"""What a provider vouches for, read out of checked claims: the only form in which the rest of us meets them.

Which claim carries what is the agency's choice (`Mapped`); what is missing or of the wrong kind is None, the worst
case, never an error: only identity itself was checked strictly before (`id_token`).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

LONGEST_NAME, LONGEST_EMAIL, LONGEST_LOCALE, LONGEST_WORD = 200, 320, 35, 255


@dataclass(frozen=True, slots=True)
class Mapped:
    """Under which claims a provider sends what is ours to know; None: it does not send it."""

    name: str = "name"
    email: str = "email"
    locale: str = "locale"
    organisation: str | None = None
    device: str | None = None


@dataclass(frozen=True, slots=True)
class Userinfo:
    """What the provider said beside the ID token, checked to be about the same subject; and whether it signed it."""

    claims: Mapping[str, Any] = field(repr=False)
    signed: bool


@dataclass(frozen=True, slots=True)
class Vouched:
    """Somebody who signed in, as their agency's provider says it in a token that was found right.

    Identity is (issuer, subject). `auth_time` is aware, in UTC. `organisation` is the value of the agency's
    organisation claim; of several values none is taken. `device_managed` is True only where the provider signed
    so. `id_token` is the token itself, for signing out at the provider.
    """

    issuer: str
    subject: str
    sid: str | None = None
    acr: str | None = None
    amr: tuple[str, ...] = ()
    auth_time: datetime | None = None
    name: str | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)
    locale: str | None = None
    organisation: str | None = None
    device_managed: bool = False
    id_token: str | None = field(default=None, repr=False)


def wanted_elsewhere(claims: Mapping[str, Any], mapped: Mapped) -> bool:
    """Whether the ID token leaves out something that userinfo may still say."""
    names = (mapped.name, mapped.email, mapped.organisation, mapped.device)
    return any(name is not None and name not in claims for name in names)


def vouched(
    claims: Mapping[str, Any], mapped: Mapped, *, userinfo: Userinfo | None = None, id_token: str
) -> Vouched:
    """Read checked claims. What the ID token says counts before what userinfo says beside it.

    Evidence about the device is taken from what was signed only; userinfo may be plain.
    """
    beside = {} if userinfo is None else userinfo.claims
    said = {**beside, **claims}
    signed = said if userinfo is not None and userinfo.signed else claims
    return Vouched(
        issuer=claims["iss"],
        subject=claims["sub"],
        sid=_word(claims.get("sid")),
        acr=_word(claims.get("acr")),
        amr=_words(claims.get("amr")),
        auth_time=_moment(claims.get("auth_time")),
        name=_text(said.get(mapped.name), LONGEST_NAME),
        email=None if said.get("email_verified") is False else _text(said.get(mapped.email), LONGEST_EMAIL),
        locale=_text(said.get(mapped.locale), LONGEST_LOCALE),
        organisation=_only(said.get(mapped.organisation)) if mapped.organisation else None,
        device_managed=signed.get(mapped.device) in (True, "managed") if mapped.device else False,
        id_token=id_token,
    )


def _text(value: object, longest: int) -> str | None:
    """Text for people, in one form of writing; None where it is something else, empty or too long."""
    if not isinstance(value, str):
        return None
    text = unicodedata.normalize("NFC", value).strip()
    clean = all(unicodedata.category(sign) not in ("Cc", "Cf", "Cs", "Co", "Cn") for sign in text)
    return text if text and clean and len(text) <= longest else None


def _word(value: object) -> str | None:
    """A value that machines compare: printable ASCII."""
    return value if isinstance(value, str) and value.isascii() and 0 < len(value) <= LONGEST_WORD else None


def _words(value: object) -> tuple[str, ...]:
    listed = value[:16] if isinstance(value, list) else []
    return tuple(word for each in listed if (word := _word(each)) is not None)


def _only(value: object) -> str | None:
    """The one value of a claim that may be a list; of several we do not choose. Numbers are read as written."""
    if isinstance(value, list):
        value = value[0] if len(value) == 1 else None
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return _text(value, LONGEST_WORD)


def _moment(value: object) -> datetime | None:
    return datetime.fromtimestamp(value, UTC) if isinstance(value, (int, float)) else None
