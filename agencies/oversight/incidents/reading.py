"""Incidents as officers read them, and what of the record they hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from agencies.models import Person
from agencies.oversight import searches
from agencies.oversight.incidents import rows
from agencies.oversight.incidents.keeping import REPORT_WITHIN
from agencies.oversight.models import Incident, IncidentNote
from marketplace.foundation import clock
from marketplace.foundation.db import Tx
from security.log import audit, scoping
from security.log.expiring import Hold
from security.log.filtering import Filters
from security.log.models import LogSubject
from security.log.scoping import Scope
from security.principal import Context, Principal


def listing(db: Tx, actor: Principal) -> list[dict[str, Any]]:
    """The agency's incidents, open ones first, then the newest: as `one` has them, without diary and scope."""
    chosen = rows.every().where(Incident.agency_id == actor.agency_id)
    found = db.all(chosen.order_by(Incident.state.desc(), Incident.known_at.desc(), Incident.id))
    return [_shown(row, clock.now(db)) for row in found]


def one(tx: Tx, incident_id: UUID, *, actor: Principal, context: Context) -> dict[str, Any]:
    """An incident with its `diary` (at, by, text) and its `scope` as it is now; reading that goes on the record.

    Also id, title, known_at, report_by, hours_left (until then, whole hours, negative when over), reported_at,
    reported, late_because, state, words, opened_at, opened_by, closed_at, finding. Who opened it or wrote a line is
    told by pseudonym, as everybody on this page. What the search finds by now is held from here on. Raises NotFound.
    """
    row = rows.row(tx, incident_id, actor)
    asked = _search(tx, row)
    found = scoping.scope(tx, asked, actor=actor)
    if row.state == rows.OPEN:
        _hold(tx, row, found)
    detail = {**asked.used(), "entries": found.entries}
    target = audit.followed(asked.follows, audit.Target("incident", row.id, row.agency_id))
    audit.record(tx, "log.read", target, actor=actor, context=context, detail=detail)
    return _shown(row, clock.now(tx)) | {"diary": _diary(tx, incident_id), "scope": found}


def search_of(tx: Tx, incident_id: UUID, *, actor: Principal) -> Filters:
    """The search of an incident. Raises NotFound."""
    return _search(tx, rows.row(tx, incident_id, actor))


def _search(db: Tx, row: Any) -> Filters:
    """What an incident's words mean; once it is closed, of the time until then: its finding was about that."""
    asked = searches.parse(db, row.filters).filters
    if row.closed_at is None:
        return asked
    return replace(asked, until=min(asked.until or row.closed_at, row.closed_at))


def holds(db: Tx) -> list[Hold]:
    """What must not expire: from the first to the last entry of every incident that is not closed."""
    chosen = select(
        Incident.agency_id, Incident.whole, Incident.first.label("first"), Incident.last.label("last")
    )
    found = db.all(chosen.where(Incident.state == rows.OPEN))
    return [Hold(None if row.whole else row.agency_id, row.first, row.last) for row in found]


def _hold(tx: Tx, row: Any, found: Scope) -> None:
    """Hold also what the search finds by now: an incident may go on while it is looked into."""
    if found.first is None or found.last is None:
        return
    empty = row.first > row.last
    wider = {
        "first": found.first if empty else min(row.first, found.first),
        "last": found.last if empty else max(row.last, found.last),
    }
    if wider != {"first": row.first, "last": row.last}:
        tx.execute(update(Incident).where(Incident.id == row.id).values(wider))


def _shown(row: Any, now: datetime) -> dict[str, Any]:
    facts = dict(row._mapping)
    report_by = row.known_at + REPORT_WITHIN
    left = (report_by - now) // timedelta(hours=1)
    return facts | {"words": facts.pop("filters"), "report_by": report_by, "hours_left": left}


def _diary(db: Tx, incident_id: UUID) -> Sequence[Any]:
    chosen = select(IncidentNote.at, LogSubject.pseudonym.label("by"), IncidentNote.text)
    chosen = chosen.join(Person, Person.id == IncidentNote.by)
    chosen = chosen.outerjoin(LogSubject, LogSubject.id == Person.subject_id)
    return db.all(
        chosen.where(IncidentNote.incident_id == incident_id).order_by(IncidentNote.at, IncidentNote.id)
    )
