"""A search of the record in words, as it stands in an address, a saved view or an incident: read into filters."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from agencies.models import Agency
from marketplace.foundation import clock
from marketplace.foundation.db import Tx
from marketplace.foundation.ids import parse_id
from security.labels import Level
from security.log import subjects
from security.log.acts import ACTS
from security.log.audit import DONE, FAILED, REFUSED
from security.log.filtering import NOBODY, Filters
from security.principal import Zone

PERIODS = {"today": 0, "week": 6, "month": 29}
"""Days before today with which each begins; they end now."""
SHORTEST_OBJECT = 8
"""As many characters of an object's id as lists show."""
_DEVICE = re.compile(r"d-[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class Search:
    """What was asked: as filters, in the words that were understood, and the names of the words that were not."""

    filters: Filters
    words: Mapping[str, str]
    left_out: tuple[str, ...]


def parse(db: Tx, words: Mapping[str, str]) -> Search:
    """Read a search. A word that makes no sense is left out and named; one that names nothing finds nothing.

    Words: act, outcome, zone, label, agency (a slug), campaign (an id), pseudonym, person (the pseudonym of whom
    somebody followed by it), object, session, device, reference, period (today, week, month), since, until (days or
    moments), readings ("hidden", "shown").
    """
    fields: dict[str, Any] = {}
    understood: dict[str, str] = {}
    left_out = []
    for name, word in words.items():
        read = _READERS[name](db, word)
        if read is None:
            left_out.append(name)
        else:
            fields |= read
            understood[name] = word
    return Search(Filters(**fields), understood, tuple(left_out))


def midnight(db: Tx) -> datetime:
    """The beginning of today, in UTC."""
    return clock.now(db).astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _one_of(field: str, known: Any) -> Callable[[Tx, str], dict[str, Any] | None]:
    return lambda _, word: {field: word} if word in known else None


def _agency(db: Tx, word: str) -> dict[str, Any] | None:
    found: UUID | None = db.scalar(select(Agency.id).where(Agency.slug == word))
    return None if found is None else {"agency_id": found}


def _campaign(_: Tx, word: str) -> dict[str, Any] | None:
    found = parse_id(word.lower())
    return None if found is None else {"campaign_id": found}


def _label(_: Tx, word: str) -> dict[str, Any] | None:
    try:
        return {"level": Level.parse(word)}
    except (KeyError, ValueError):
        return None


def _subject(field: str) -> Callable[[Tx, str], dict[str, Any] | None]:
    return lambda db, word: {field: subjects.find(db, word.lower()) or NOBODY}


def _object(_: Tx, word: str) -> dict[str, Any] | None:
    return {"object_id": word} if len(word) >= SHORTEST_OBJECT else None


def _period(db: Tx, word: str) -> dict[str, Any] | None:
    return {"since": midnight(db) - timedelta(days=PERIODS[word])} if word in PERIODS else None


def _since(_: Tx, word: str) -> dict[str, Any] | None:
    moment = _moment(word)
    return None if moment is None else {"since": moment}


def _until(_: Tx, word: str) -> dict[str, Any] | None:
    moment = _moment(word)
    if moment is None:
        return None
    return {"until": moment + timedelta(days=1) if _is_day(word) else moment}


def _moment(word: str) -> datetime | None:
    """A day's beginning or a moment, in UTC. A day at the calendar's edge has no next day, and makes no sense."""
    try:
        found = datetime.fromisoformat(word)
    except ValueError:
        return None
    found = found.replace(tzinfo=UTC) if found.tzinfo is None else found
    return found if date(1970, 1, 1) < found.date() < date(9999, 1, 1) else None


def _is_day(word: str) -> bool:
    return len(word) == len("2026-01-01")


_READERS: Mapping[str, Callable[[Tx, str], dict[str, Any] | None]] = {
    "act": _one_of("act", ACTS),
    "outcome": _one_of("outcome", (DONE, REFUSED, FAILED)),
    "zone": _one_of("zone", set(Zone)),
    "label": _label,
    "agency": _agency,
    "campaign": _campaign,
    "pseudonym": _subject("subject_id"),
    "person": _subject("person_id"),
    "object": _object,
    "session": lambda _, word: {"session": word},
    "device": lambda _, word: {"device_id": word} if _DEVICE.fullmatch(word) else None,
    "reference": lambda _, word: {"reference": word.upper()},
    "period": _period,
    "since": _since,
    "until": _until,
    "readings": lambda _, word: {"hidden": {"without_readings": True}, "shown": {}}.get(word),
}
WORDS = tuple(_READERS)
"""The words that a search can have."""
