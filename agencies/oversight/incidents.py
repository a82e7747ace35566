"""Incidents: what happened to data, from the moment it was known until it is closed."""

from __future__ import annotations

from sqlalchemy import select

from agencies.oversight.models import Incident
from marketplace.foundation.db import Tx
from security.log.expiring import Hold

OPEN, CLOSED = "open", "closed"


def holds(db: Tx) -> list[Hold]:
    """What must not expire: from the first to the last entry of every incident that is not closed."""
    rows = db.all(
        select(Incident.agency_id, Incident.first.label("first"), Incident.last.label("last")).where(
            Incident.state == OPEN
        )
    )
    return [Hold(row.agency_id, row.first, row.last) for row in rows]
