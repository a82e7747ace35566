"""Incidents as rows: read, found for whoever may see them, checked, and put on the record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select

from agencies import people
from agencies.models import Person
from agencies.oversight.incidents.errors import BadIncident, IncidentOver
from agencies.oversight.models import Incident
from marketplace.foundation.db import Query, Tx
from marketplace.foundation.errors import NotFound
from security.log import audit
from security.log.models import LogSubject
from security.permissions import Permission
from security.principal import Context, Principal

OPEN, CLOSED = "open", "closed"


def held(tx: Tx, incident_id: UUID, actor: Principal) -> Any:
    """An open incident of the actor's agency, held until COMMIT. Raises NotPermitted, NotFound, IncidentOver."""
    people.still_may(tx, actor, Permission.OVERSEE)
    found = tx.one_or_none(_one(incident_id, actor).with_for_update(of=Incident))
    if found is None:
        raise NotFound()
    if found.state != OPEN:
        raise IncidentOver()
    return found


def row(db: Tx, incident_id: UUID, actor: Principal) -> Any:
    """An incident of the actor's agency. Raises NotFound."""
    found = db.one_or_none(_one(incident_id, actor))
    if found is None:
        raise NotFound()
    return found


def every() -> Query:
    """SELECT of incidents, each with the pseudonym of whoever opened it."""
    chosen = select(
        Incident.id, Incident.agency_id, Incident.title, Incident.known_at, Incident.opened_at, Incident.filters,
        Incident.first.label("first"), Incident.last.label("last"), Incident.state, Incident.reported_at,
        Incident.reported.label("reported"), Incident.late_because, Incident.closed_at, Incident.finding,
        LogSubject.pseudonym.label("opened_by"),
    )  # fmt: skip
    by = chosen.join(Person, Person.id == Incident.opened_by)
    return by.outerjoin(LogSubject, LogSubject.id == Person.subject_id)


def _one(incident_id: UUID, actor: Principal) -> Query:
    return every().where(Incident.id == incident_id, Incident.agency_id == actor.agency_id)


def length(field: str, text: str, most: tuple[int, int]) -> dict[str, str]:
    """A fault of the field where the text is shorter or longer than it may be."""
    return {} if most[0] <= len(text) <= most[1] else {field: "length"}


def or_raise(faults: Mapping[str, str]) -> None:
    """Raises BadIncident with a code per field, where there are faults."""
    if faults:
        raise BadIncident(errors={field: [code] for field, code in faults.items()})


def record(
    tx: Tx,
    act: str,
    incident_id: UUID,
    actor: Principal,
    context: Context,
    detail: dict[str, Any] | None = None,
) -> None:
    """Put an act on an incident on the record."""
    target = audit.Target("incident", incident_id, actor.agency_id)
    audit.record(tx, act, target, actor=actor, context=context, detail=detail)
