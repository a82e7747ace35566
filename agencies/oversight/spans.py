"""Which entries of the record are under alert: whose, from which number to which."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from agencies.oversight.models import Alert
from marketplace.foundation.db import Tx
from security.log.models import LogSubject

MOST = 20
"""Alerts that are looked at, newest first: each costs a count of its own."""


@dataclass(frozen=True, slots=True)
class Span:
    """The entries of one subject from `first` to `last`."""

    subject_id: UUID
    pseudonym: str
    first: int
    last: int

    def holds(self, pseudonym: str | None, number: int) -> bool:
        """Whether an entry of somebody by this pseudonym, with this number, is among them."""
        return pseudonym == self.pseudonym and self.first <= number <= self.last


def under_alert(db: Tx, agency_id: UUID) -> list[Span]:
    """The entries that alerts of this agency are about which are not closed; no entry is in two spans."""
    rows = db.all(
        select(Alert.subject_id, LogSubject.pseudonym, Alert.first.label("first"), Alert.last.label("last"))
        .join(LogSubject, LogSubject.id == Alert.subject_id)
        .where(Alert.agency_id == agency_id, Alert.state != "closed")
        .order_by(Alert.raised_at.desc(), Alert.id)
        .limit(MOST)
    )
    return joined(Span(row.subject_id, row.pseudonym, int(row.first), int(row.last)) for row in rows)


def joined(spans: Iterable[Span]) -> list[Span]:
    """The same entries, where spans of one subject that overlap or touch are one. Pure."""
    found: list[Span] = []
    for span in sorted(spans, key=lambda each: (each.pseudonym, each.first)):
        before = found[-1] if found else None
        if before and before.subject_id == span.subject_id and span.first <= before.last + 1:
            found[-1] = Span(before.subject_id, before.pseudonym, before.first, max(before.last, span.last))
        else:
            found.append(span)
    return found
