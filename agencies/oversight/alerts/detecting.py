"""Which entries make an alert: pure functions over entries of one person that one agency may see.

They look at everything there is and not at what is new, so what they find does not depend on where somebody stopped
reading before. Times are those of the acts: numbers may be given out of their order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from agencies.oversight.alerts import hours, kinds
from security.labels import Level


@dataclass(frozen=True, slots=True)
class Seen:
    """An entry as rules read it. `who` is a subject's id or, for nobody known, a device; empty for neither."""

    number: int
    at: datetime
    act: str
    who: str = ""
    subject_id: UUID | None = None
    agency_id: UUID | None = None
    agencies: frozenset[UUID] = frozenset()
    """Those that the entry concerns: by their people or by their data."""
    session: str | None = None
    zone: str | None = None
    level: int | None = None
    new_device: bool = False


def flagged(kind: str, entries: Sequence[Seen], values: Mapping[str, Any]) -> list[Seen]:
    """The entries that the rule of `kind` speaks of, in the order of their times.

    `entries` are of the kind's acts, of one person.
    """
    return _FLAGGING[kind](sorted(entries, key=lambda entry: (entry.at, entry.number)), values)


def _crowded(entries: Sequence[Seen], values: Mapping[str, Any]) -> list[Seen]:
    """What lies in any stretch of so many minutes that has more than so many entries."""
    within, more_than = timedelta(minutes=values["minutes"]), values["count"]
    found: list[Seen] = []
    end = taken = 0
    for begin, first in enumerate(entries):
        while end < len(entries) and entries[end].at - first.at <= within:
            end += 1
        if end - begin > more_than:
            found += entries[max(begin, taken) : end]
            taken = end
    return found


def _after_a_new_device(entries: Sequence[Seen], values: Mapping[str, Any]) -> list[Seen]:
    """Sign-ins from a device that was never seen, with what was opened in that session soon afterwards."""
    within = timedelta(minutes=values["minutes"])
    views: dict[str, list[Seen]] = {}
    for entry in entries:
        if entry.act == kinds.VIEW and entry.session is not None:
            views.setdefault(entry.session, []).append(entry)
    found: list[Seen] = []
    for entry in entries:
        if entry.act == kinds.SIGN_IN and entry.new_device and entry.session is not None:
            soon = [
                view for view in views.get(entry.session, []) if timedelta() <= view.at - entry.at <= within
            ]
            if len(soon) >= values["count"]:
                found += [entry, *soon]
    return found


def _protected(entries: Sequence[Seen], values: Mapping[str, Any]) -> list[Seen]:
    """Exports of results labelled that high."""
    least = Level.parse(values["level"])
    return [entry for entry in entries if entry.level is not None and entry.level >= least]


def _outside_hours(entries: Sequence[Seen], values: Mapping[str, Any]) -> list[Seen]:
    return [entry for entry in entries if hours.outside(entry.at, values)]


_FLAGGING: Mapping[str, Callable[[Sequence[Seen], Mapping[str, Any]], list[Seen]]] = {
    kinds.NEW_DEVICE_BULK: _after_a_new_device,
    kinds.MANY_VIEWS: _crowded,
    kinds.REFUSALS: _crowded,
    kinds.SENSITIVE_EXPORT: _protected,
    kinds.OUTSIDE_HOURS: _outside_hours,
}
