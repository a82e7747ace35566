"""The header of a sealed payload: what it is, whose it is, how closely it is held. Chunks are bound to it.

Version 2 names the campaign and how the content is protected. Version 1 knows neither; it is read, and written, for
content that was sealed before there was a version 2.
"""

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from security.canonical import LARGEST_INTEGER, NotCanonical, canonical_bytes
from security.labels import Level
from security.sealing.errors import HeaderRefused, UnknownVersion
from security.sealing.strict_json import members_of

WITHOUT_PROTECTION = 1
WITH_PROTECTION = 2
HASH_BYTES = 32


class Purpose(StrEnum):
    """What a payload is. An answer can therefore never be presented as a task or a result."""

    TASK = "task"
    ANSWER = "answer"
    RESULT = "result"
    DRAFT = "draft"
    KEY = "key"


class Protection(StrEnum):
    """Who can open a payload: the server after an access decision, or only the devices and agencies that hold a key."""

    SERVER = "server"
    END_TO_END = "end_to_end"


_OF_VERSION_1 = frozenset({Purpose.TASK, Purpose.ANSWER, Purpose.RESULT})
_OF_ONE_PERSON = frozenset({Purpose.ANSWER, Purpose.DRAFT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What is known about a payload without opening it. Raises HeaderRefused.

    `campaign` and `protection` are given both (version 2) or neither (version 1).
    `microtask` is given for everything but a campaign's key.
    `contribution` is given for an answer (the contribution) and for a draft (the claim) and only there: two answers
    to one microtask cannot be exchanged.
    `payload_version` counts from 1; a changed payload or a revised answer gets the next number and a new key.
    """

    purpose: Purpose
    microtask: UUID | None
    agency: str
    level: Level
    compartments: frozenset[str] = frozenset()
    payload_version: int = 1
    contribution: UUID | None = None
    content_type: str = "application/json"
    campaign: UUID | None = None
    protection: Protection | None = None

    def __post_init__(self) -> None:
        if (self.campaign is None) != (self.protection is None):
            raise HeaderRefused(field="campaign" if self.campaign is None else "protection")
        if self.protection is None and self.purpose not in _OF_VERSION_1:
            raise HeaderRefused(field="purpose")
        if (self.microtask is None) != (self.purpose is Purpose.KEY):
            raise HeaderRefused(field="microtask")
        if not 1 <= self.payload_version <= LARGEST_INTEGER:
            raise HeaderRefused(field="payload_version")
        if (self.contribution is None) == (self.purpose in _OF_ONE_PERSON):
            raise HeaderRefused(field="contribution")
        for field in ("agency", "content_type"):
            if not getattr(self, field):
                raise HeaderRefused(field=field)

    @property
    def version(self) -> int:
        """1 or 2: which members the header has."""
        return WITHOUT_PROTECTION if self.protection is None else WITH_PROTECTION

    def to_bytes(self) -> bytes:
        """The header as canonical JSON, the same bytes for the same header in any language."""
        members = {
            "agency": self.agency,
            "compartments": sorted(
                self.compartments, key=lambda name: name.encode("utf-16-be", "surrogatepass")
            ),
            "content_type": self.content_type,
            "contribution": _text(self.contribution),
            "level": self.level.label_key,
            "microtask": _text(self.microtask),
            "payload_version": self.payload_version,
            "purpose": self.purpose.value,
            "version": self.version,
        }
        if self.protection is not None:
            members |= {"campaign": _text(self.campaign), "protection": self.protection.value}
        return canonical_bytes(members)

    @property
    def hash(self) -> bytes:
        """SHA-256 over `to_bytes()`: what chunks and slots are bound to."""
        return hashlib.sha256(self.to_bytes()).digest()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Header":
        """The header written as `data`. Only the canonical form is accepted: one header, one hash.

        Raises HeaderRefused, UnknownVersion.
        """
        try:
            header = cls(**_fields(members_of(data)))
            same = header.to_bytes() == data
        except (ValueError, TypeError, KeyError, AttributeError, NotCanonical):
            raise HeaderRefused(field="header") from None
        if not same:
            raise HeaderRefused(field="header")
        return header


_KINDS = {"agency": str, "compartments": list, "content_type": str, "payload_version": int, "version": int}


def _fields(members: dict[str, Any]) -> dict[str, Any]:
    """The members of a parsed header as constructor arguments; whatever does not fit raises."""
    for field, kind in _KINDS.items():
        # Exactly that type: `true` is an integer to Python and equals 1, in JSON it is neither.
        if type(members[field]) is not kind:
            raise HeaderRefused(field=field)
    version = members.pop("version")
    if version not in (WITHOUT_PROTECTION, WITH_PROTECTION):
        raise UnknownVersion(version=version)
    if version == WITH_PROTECTION:
        members |= {"campaign": UUID(members["campaign"]), "protection": Protection(members["protection"])}
    return members | {
        "compartments": frozenset(members["compartments"]),
        "contribution": _uuid(members["contribution"]),
        "level": Level.parse(members["level"]),
        "microtask": _uuid(members["microtask"]),
        "purpose": Purpose(members["purpose"]),
    }


def _uuid(value: str | None) -> UUID | None:
    return None if value is None else UUID(value)


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)
