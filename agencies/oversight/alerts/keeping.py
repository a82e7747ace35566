"""Alerts as rows: raised once, and as long as they are not closed, what goes on happening is added.

The caller holds the head, as does whoever closes an alert: nothing is raised and closed at the same moment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update

from agencies import notices
from agencies.oversight.alerts import officers
from agencies.oversight.alerts.detecting import Seen
from agencies.oversight.alerts.kinds import NEW_DEVICE_BULK, VIEW
from agencies.oversight.models import Alert, AlertHead
from marketplace.foundation import clock
from marketplace.foundation.db import Query, Tx
from marketplace.foundation.ids import new_id
from security.labels import Level
from security.log import audit
from security.principal import JOB


@dataclass(frozen=True, slots=True)
class Found:
    """What was found for one alert: every entry that shows it, and which of them were not there before."""

    agency_id: UUID
    kind: str
    about: str
    entries: Sequence[Seen]
    new: Sequence[Seen]
    more: Mapping[str, Any] = field(default_factory=dict)
    """Facts beside those that every alert has, such as the seconds of a jump."""


def hold(tx: Tx) -> None:
    """Keep everybody else from raising and closing alerts until COMMIT."""
    tx.scalar(_head().with_for_update())


def hold_if_free(tx: Tx) -> int | None:
    """The same without waiting: up to which number the record was looked at, None where somebody holds it now."""
    found: int | None = tx.scalar(_head().with_for_update(skip_locked=True))
    return found


def _head() -> Query:
    return select(AlertHead.number).where(AlertHead.id == 1)


def keep(tx: Tx, found: Found) -> UUID | None:
    """Raise an alert, or add to the one that is not closed. Returns the id of a new one."""
    mine = (Alert.agency_id == found.agency_id, Alert.kind == found.kind, Alert.about == found.about)
    row = tx.one_or_none(select(Alert.__table__).where(*mine, Alert.state != "closed"))
    if row is not None:
        _add(tx, row, found)
        return None
    return _raise(tx, found)


def _raise(tx: Tx, found: Found) -> UUID:
    alert_id, entries = new_id(), found.entries
    row = {
        "id": alert_id,
        "agency_id": found.agency_id,
        "kind": found.kind,
        "about": found.about,
        "subject_id": entries[0].subject_id,
        "first_number": min(entry.number for entry in entries),
        "last_number": max(entry.number for entry in entries),
        "facts": _facts(found.kind, entries) | dict(found.more),
        "raised_at": clock.now(tx),
        "last_at": max(entry.at for entry in entries),
        "state": "open",
    }
    tx.execute(insert(Alert), row)
    target = audit.Target("alert", alert_id, found.agency_id)
    audit.record(tx, "alert.raise", target, actor=None, context=JOB, detail={"kind": found.kind})
    for officer in officers.listing(tx, found.agency_id):
        if officer.subject_id != entries[0].subject_id:
            notices.post(tx, officer.person_id, "alert.raised", path=f"/record/alerts/{alert_id}")
    return alert_id


def _add(tx: Tx, row: Any, found: Found) -> None:
    facts, known = _facts(found.kind, found.new) | dict(found.more), row.facts
    later = max(entry.number for entry in found.new) > row.last_number
    merged = (known | facts if later else facts | known) | {
        "count": known["count"] + facts["count"],
        "since": min(datetime.fromisoformat(each["since"]) for each in (known, facts)).isoformat(),
    }
    levels = [Level.parse(each["level"]) for each in (known, facts) if "level" in each]
    if levels:
        merged["level"] = max(levels).label_key
    changed = {
        "facts": merged,
        "first_number": min(row.first_number, *(entry.number for entry in found.new)),
        "last_number": max(row.last_number, *(entry.number for entry in found.new)),
        "last_at": max(row.last_at, *(entry.at for entry in found.new)),
    }
    tx.execute(update(Alert).where(Alert.id == row.id).values(changed))


def _facts(kind: str, entries: Sequence[Seen]) -> dict[str, Any]:
    """How many there are, since when, and from where the last came: the same in whichever order they are read."""
    last = max(entries, key=lambda entry: entry.number)
    counted = [entry for entry in entries if entry.act == VIEW] if kind == NEW_DEVICE_BULK else entries
    levels = [Level(entry.level) for entry in entries if entry.level is not None]
    facts: dict[str, Any] = {
        "count": len(counted),
        "since": min(entry.at for entry in entries).isoformat(),
        "zone": last.zone,
        "agency": None if last.agency_id is None else str(last.agency_id),
    }
    return facts | ({"level": max(levels).label_key} if levels else {})
