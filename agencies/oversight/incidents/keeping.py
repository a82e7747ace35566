"""What becomes of an incident: a line in its diary, word to the authority, the end.

The clock is that of Art. 33(1) GDPR: the authority is told within 72 hours after the controller has become aware of a
breach; whoever tells it later gives the reasons for the delay.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import insert, update

from agencies.oversight.incidents import rows
from agencies.oversight.incidents.errors import ReportedAlready
from agencies.oversight.models import Incident, IncidentNote
from marketplace.foundation import clock
from marketplace.foundation.db import Tx
from marketplace.foundation.ids import new_id
from security.principal import Context, Principal

REPORT_WITHIN = timedelta(hours=72)
HOW, LONG = (3, 300), (3, 4000)
"""How few and how many characters a way of reporting, and a note or a finding may have."""


def note(tx: Tx, incident_id: UUID, text: str, *, actor: Principal, context: Context) -> UUID:
    """Write a line into the diary. Raises NotPermitted, NotFound, IncidentOver, BadIncident (text)."""
    rows.held(tx, incident_id, actor)
    rows.or_raise(rows.length("text", text, LONG))
    note_id = _note(tx, incident_id, text, actor)
    rows.record(tx, "incident.note", incident_id, actor, context)
    return note_id


def report(
    tx: Tx,
    incident_id: UUID,
    reported_at: datetime | None,
    how: str,
    *,
    late_because: str = "",
    actor: Principal,
    context: Context,
) -> None:
    """Note when and how the authority was told, and after the 72 hours why not before.

    Raises NotPermitted, NotFound, IncidentOver, ReportedAlready; BadIncident with what is wrong (reported_at, how,
    late_because).
    """
    row = rows.held(tx, incident_id, actor)
    if row.reported_at is not None:
        raise ReportedAlready()
    faults = rows.length("how", how, HOW)
    late = False
    if reported_at is None or not row.known_at <= reported_at <= clock.now(tx):
        faults["reported_at"] = "moment"
    elif late := reported_at > row.known_at + REPORT_WITHIN:
        faults |= rows.length("late_because", late_because, LONG)
    rows.or_raise(faults)
    told = {"reported_at": reported_at, "reported": how, "late_because": late_because if late else None}
    tx.execute(update(Incident).where(Incident.id == incident_id).values(told))
    rows.record(tx, "incident.report", incident_id, actor, context, {"late": late})


def close(tx: Tx, incident_id: UUID, finding: str, *, actor: Principal, context: Context) -> None:
    """Close an incident with what was found; its entries may expire from now on.

    Raises NotPermitted, NotFound, IncidentOver, BadIncident (finding).
    """
    row = rows.held(tx, incident_id, actor)
    rows.or_raise(rows.length("finding", finding, LONG))
    ended = {"state": rows.CLOSED, "closed_at": clock.now(tx), "finding": finding}
    tx.execute(update(Incident).where(Incident.id == incident_id).values(ended))
    detail = {"reported": row.reported_at is not None}
    rows.record(tx, "incident.close", incident_id, actor, context, detail)


def _note(tx: Tx, incident_id: UUID, text: str, actor: Principal) -> UUID:
    note_id = new_id()
    row = {
        "id": note_id,
        "incident_id": incident_id,
        "at": clock.now(tx),
        "by": actor.person_id,
        "text": text,
    }
    tx.execute(insert(IncidentNote).values(row))
    return note_id
