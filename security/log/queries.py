"""The officer's list: entries that concern the reader's agency, by its people or by its data. Names stay closed.

The marketplace's officer reads the entries of every agency, as closed as these.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select

from marketplace.foundation.db import Query, Tx
from security.labels import Level
from security.log import audit, subjects
from security.log.acts import ACTS
from security.log.models import AuditEntry, LogSubject
from security.permissions import Permission, may
from security.principal import Context, Principal

_BEGINNING = re.compile(r"[0-9a-f-]{8,35}")


def entries(
    tx: Tx,
    filters: Mapping[str, Any],
    *,
    actor: Principal,
    context: Context,
    before: int | None = None,
    limit: int = 50,
) -> dict[str, Any]:
    """A page of entries, newest first; the reading itself goes on the record first.

    `filters`: act, outcome, zone (words), level (Level), pseudonym, object_id, campaign_id, agency_id (of the actor),
    since, until (moments), reference, without_readings (leaves out readings of the record).
    Returns {"rows": [...], "next": number or None, "acts": every act name}.
    """
    used = {name: str(value) for name, value in filters.items() if value not in (None, "")}
    audit.record(
        tx,
        "log.read",
        audit.Target("log", None, actor.agency_id),
        actor=actor,
        context=context,
        detail=used or None,
    )
    chosen = _filtered(tx, select(AuditEntry.__table__, LogSubject.pseudonym), filters)
    chosen = chosen.outerjoin(LogSubject, LogSubject.id == AuditEntry.subject_id)
    if not may(actor, Permission.READ_WHOLE_RECORD):
        mine = (AuditEntry.agency_id == actor.agency_id, AuditEntry.object_agency_id == actor.agency_id)
        chosen = chosen.where(or_(*mine))
    if before is not None:
        chosen = chosen.where(AuditEntry.number < before)
    rows = tx.all(chosen.order_by(AuditEntry.number.desc()).limit(limit + 1))
    shown = rows[:limit]
    return {
        "rows": [_shown(row) for row in shown],
        "next": shown[-1].number if len(rows) > limit else None,
        "acts": sorted(ACTS),
    }


def _filtered(tx: Tx, chosen: Query, filters: Mapping[str, Any]) -> Query:
    same = {
        "act": AuditEntry.act,
        "outcome": AuditEntry.outcome,
        "zone": AuditEntry.zone,
        "campaign_id": AuditEntry.campaign_id,
        "agency_id": AuditEntry.agency_id,
        "reference": AuditEntry.reference,
    }
    for name, column in same.items():
        if filters.get(name):
            chosen = chosen.where(column == filters[name])
    if filters.get("object_id"):
        chosen = chosen.where(_is_object(filters["object_id"]))
    if filters.get("without_readings"):
        chosen = chosen.where(AuditEntry.act != "log.read")
    level: Level | None = filters.get("level")
    if level is not None:
        chosen = chosen.where(AuditEntry.level == int(level))
    if filters.get("pseudonym"):
        # A pseudonym nobody has finds nothing, rather than everything.
        chosen = chosen.where(
            AuditEntry.subject_id == (subjects.find(tx, filters["pseudonym"]) or UUID(int=0))
        )
    since: datetime | None = filters.get("since")
    until: datetime | None = filters.get("until")
    if since is not None:
        chosen = chosen.where(AuditEntry.at >= since)
    if until is not None:
        chosen = chosen.where(AuditEntry.at < until)
    return chosen


def _is_object(wanted: str) -> ColumnElement[bool]:
    """The whole id, or its beginning as lists show it: at least eight digits."""
    if _BEGINNING.fullmatch(wanted):
        return AuditEntry.object_id.startswith(wanted)
    return AuditEntry.object_id == wanted


def _shown(row: Any) -> dict[str, Any]:
    return {
        "number": row.number,
        "at": row.at,
        "pseudonym": row.pseudonym,
        "agency_id": row.agency_id,
        "act": row.act,
        "object_kind": row.object_kind,
        "object_id": row.object_id,
        "object_agency_id": row.object_agency_id,
        "campaign_id": row.campaign_id,
        "purpose": row.purpose,
        "channel": row.channel,
        "zone": row.zone,
        "device": row.device,
        "level": None if row.level is None else Level(row.level).label_key,
        "outcome": row.outcome,
        "reference": row.reference,
        "detail": row.detail,
    }
