"""Which entries a search finds: one value for what was asked, and the conditions it stands for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, text
from sqlalchemy.orm import InstrumentedAttribute

from security.labels import Level
from security.log.acts import BY_PSEUDONYM, CLOSED
from security.log.models import AuditEntry
from security.permissions import Permission, may
from security.principal import Principal

READINGS = ("log.read", "log.export", "log.read_own")
"""Acts of reading the record. They would drown the rest, so a search can leave them out."""
NOBODY = UUID(int=0)
"""Stands for a pseudonym that nobody has: it finds nothing, rather than everything."""
_BEGINNING = re.compile(r"[0-9a-f-]{8,35}")
_FORMS = {
    "object_id": re.compile(r"[0-9a-f]{8}[0-9a-f-]{0,28}"),
    "session": re.compile(r"[0-9a-f]{32}"),
    "reference": re.compile(r"R-[0-9A-Z]{4}-[0-9A-Z]{2}"),
}
"""What the ids look like that the record gives, or their beginning: of the words of a search that take any text."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What a search asks for; None asks for nothing.

    `agency_id` is the actor's agency, `subject_id` the actor, `person_id` a subject that somebody followed by their
    pseudonym; `since` and `until` are moments, the second one not included; `object_id` is whole, or at least its
    first eight digits.
    """

    act: str | None = None
    outcome: str | None = None
    zone: str | None = None
    level: Level | None = None
    agency_id: UUID | None = None
    campaign_id: UUID | None = None
    subject_id: UUID | None = None
    person_id: UUID | None = None
    object_id: str | None = None
    session: str | None = None
    device_id: str | None = None
    reference: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    first: int | None = None
    last: int | None = None
    without_readings: bool = False

    def narrows(self) -> bool:
        """Whether it asks for less than everything; leaving out readings is no search."""
        return replace(self, without_readings=False) != Filters()

    @property
    def follows(self) -> UUID | None:
        """Whom the search is about: that somebody was followed is on the record, and so on that person's own page."""
        return self.subject_id or self.person_id

    def used(self) -> dict[str, str]:
        """What was asked, for the record: who was looked for stands elsewhere, as a commitment.

        Of a word that takes any text only what has the form of an id is told, else that it was asked ("other"):
        somebody may have typed a name into it, and a leaf is never changed.
        """
        asked = {each.name: getattr(self, each.name) for each in fields(self)}
        del asked["subject_id"], asked["person_id"]
        return {
            name: _told(name, str(value))
            for name, value in asked.items()
            if value is not None and value is not False
        }


def _told(name: str, typed: str) -> str:
    if name not in _FORMS:
        return typed
    # An id in capitals is told as the record has it.
    spelled = (typed, typed.lower())
    return next((each for each in spelled if _FORMS[name].fullmatch(each)), "other")


def conditions(asked: Filters) -> list[ColumnElement[bool]]:
    """What an entry must fulfil, every one of them."""
    given = ((name, getattr(asked, name)) for name in _CONDITIONS)
    return [_CONDITIONS[name](value) for name, value in given if value is not None and value is not False]


def _is(column: InstrumentedAttribute[Any]) -> Callable[[Any], ColumnElement[bool]]:
    return lambda value: column == value


def _is_session(wanted: str) -> ColumnElement[bool]:
    return AuditEntry.session.in_(_spelled(wanted))


def _is_object(wanted: str) -> ColumnElement[bool]:
    """The whole id, or its beginning as lists show it; never of something whose id is not shown."""
    column = AuditEntry.object_id
    shown = AuditEntry.object_kind.not_in(("person", *sorted(CLOSED)))
    if _BEGINNING.fullmatch(wanted.lower()):
        return and_(or_(*(column.startswith(each) for each in _spelled(wanted))), shown)
    return and_(column.in_(_spelled(wanted)), shown)


def _is_followed(person: UUID) -> ColumnElement[bool]:
    """Not whom somebody chose by name: what they know of that act would tell whose pseudonym it is."""
    whom = and_(AuditEntry.object_id == str(person), AuditEntry.object_kind == "person")
    return and_(whom, AuditEntry.act.in_(sorted(BY_PSEUDONYM)))


def _spelled(typed: str) -> list[str]:
    """As it was typed, and in small letters: some ids have capitals."""
    return sorted({typed, typed.lower()})


_NOT_DONE = text("audit_entry.outcome <> 'done'")
"""The condition of the index for what was refused, as a constant: a plan that was prepared finds it no other way."""
_CONDITIONS: Mapping[str, Callable[[Any], ColumnElement[bool]]] = {
    **{
        name: _is(getattr(AuditEntry, name))
        for name in ("act", "zone", "level", "agency_id", "campaign_id", "subject_id", "device_id", "reference")
    },
    "outcome": lambda outcome: and_(AuditEntry.outcome == outcome, *([] if outcome == "done" else [_NOT_DONE])),
    "person_id": _is_followed,
    "object_id": _is_object,
    "session": _is_session,
    "since": lambda moment: AuditEntry.at >= moment,
    "until": lambda moment: AuditEntry.at < moment,
    "first": lambda number: AuditEntry.number >= number,
    "last": lambda number: AuditEntry.number <= number,
    "without_readings": lambda _: AuditEntry.act.not_in(READINGS),
}  # fmt: skip


def reach(actor: Principal) -> list[ColumnElement[bool]]:
    """What concerns the reader, as alternatives that exclude each other: each has an index of its own.

    The acts of their agency's people; the acts of others on their agency's data. The marketplace's officer: all.
    """
    if may(actor, Permission.READ_WHOLE_RECORD):
        return [AuditEntry.number >= 0]
    own = AuditEntry.agency_id == actor.agency_id
    others = AuditEntry.agency_id.is_distinct_from(actor.agency_id)
    return [own, (AuditEntry.object_agency_id == actor.agency_id) & others]
