"""The header of a sealed payload: what it is, whose it is, how closely it is held. Chunks are bound to it."""

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from security.canonical import LARGEST_INTEGER, NotCanonical, canonical_bytes
from security.labels import Level
from security.sealing.errors import HeaderRefused, UnknownVersion

FORMAT_VERSION = 1
HASH_BYTES = 32


class Purpose(StrEnum):
    """What a payload is. An answer can therefore never be presented as a task or a result."""

    TASK = "task"
    ANSWER = "answer"
    RESULT = "result"


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What is known about a payload without opening it. Raises HeaderRefused, UnknownVersion.

    `contribution` is given for an answer and only there: two answers to one microtask cannot be exchanged.
    `payload_version` counts from 1; a changed payload or a revised answer gets the next number and a new key.
    """

    purpose: Purpose
    microtask: UUID
    agency: str
    level: Level
    compartments: frozenset[str] = frozenset()
    payload_version: int = 1
    contribution: UUID | None = None
    content_type: str = "application/json"
    version: int = FORMAT_VERSION

    def __post_init__(self) -> None:
        if self.version != FORMAT_VERSION:
            raise UnknownVersion(version=self.version)
        if not 1 <= self.payload_version <= LARGEST_INTEGER:
            raise HeaderRefused(field="payload_version")
        if (self.contribution is not None) != (self.purpose is Purpose.ANSWER):
            raise HeaderRefused(field="contribution")
        for field in ("agency", "content_type"):
            if not getattr(self, field):
                raise HeaderRefused(field=field)

    def to_bytes(self) -> bytes:
        """The header as canonical JSON, the same bytes for the same header in any language."""
        return canonical_bytes(
            {
                "agency": self.agency,
                "compartments": sorted(self.compartments, key=lambda name: name.encode("utf-16-be")),
                "content_type": self.content_type,
                "contribution": None if self.contribution is None else str(self.contribution),
                "level": self.level.label_key,
                "microtask": str(self.microtask),
                "payload_version": self.payload_version,
                "purpose": self.purpose.value,
                "version": self.version,
            }
        )

    @property
    def hash(self) -> bytes:
        """SHA-256 over `to_bytes()`: what chunks and slots are bound to."""
        return hashlib.sha256(self.to_bytes()).digest()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Header":
        """The header written as `data`. Only the canonical form is accepted: one header, one hash."""
        try:
            header = cls(**_fields(json.loads(data)))
            same = header.to_bytes() == data
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError, NotCanonical):
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
    contribution = members["contribution"]
    return members | {
        "compartments": frozenset(members["compartments"]),
        "contribution": None if contribution is None else UUID(contribution),
        "level": Level.parse(members["level"]),
        "microtask": UUID(members["microtask"]),
        "purpose": Purpose(members["purpose"]),
    }
