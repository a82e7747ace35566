"""The alerts of an agency, for its officers. Pseudonyms only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import case, select

from agencies.oversight.alerts.errors import NoSuchAlert
from agencies.oversight.models import Alert
from marketplace.foundation.db import Query, Tx
from security.log.models import LogSubject

STATES = ("open", "taken", "closed")
PAGE = 50


def listing(
    db: Tx, agency_id: UUID, *, state: str | None = None, skip: int = 0, limit: int = PAGE
) -> list[dict[str, Any]]:
    """An agency's alerts, those that are not closed first, each part newest first; one more than `limit`."""
    chosen = _every().where(Alert.agency_id == agency_id)
    if state is not None:
        chosen = chosen.where(Alert.state == state)
    closed_last = case((Alert.state == "closed", 1), else_=0)
    ordered = chosen.order_by(closed_last, Alert.raised_at.desc(), Alert.id)
    return [_shown(row) for row in db.all(ordered.offset(skip).limit(limit + 1))]


def not_closed(db: Tx, agency_id: UUID, limit: int) -> list[dict[str, Any]]:
    """What waits for an agency's officers, newest first."""
    chosen = _every().where(Alert.agency_id == agency_id, Alert.state != "closed")
    return [_shown(row) for row in db.all(chosen.order_by(Alert.raised_at.desc(), Alert.id).limit(limit))]


def one(db: Tx, alert_id: UUID, agency_id: UUID) -> dict[str, Any]:
    """One alert of the agency. Raises NoSuchAlert."""
    row = db.one_or_none(_every().where(Alert.id == alert_id, Alert.agency_id == agency_id))
    if row is None:
        raise NoSuchAlert()
    return _shown(row)


def _every() -> Query:
    return select(Alert.__table__, LogSubject.pseudonym).outerjoin(
        LogSubject, LogSubject.id == Alert.subject_id
    )


def _shown(row: Any) -> dict[str, Any]:
    """The row by the model's names: id, kind, about, subject_id, pseudonym, first, last, facts, raised_at, ..."""
    columns: Mapping[str, Any] = row._mapping
    return {
        "id": row.id,
        "kind": row.kind,
        "about": row.about,
        "subject_id": row.subject_id,
        "pseudonym": columns["pseudonym"],
        "first": row.first_number,
        "last": row.last_number,
        "facts": row.facts,
        "raised_at": row.raised_at,
        "last_at": row.last_at,
        "state": row.state,
        "holder_id": row.holder_id,
        "finding": row.finding,
        "note": row.note,
        "closed_at": row.closed_at,
        "incident_id": row.incident_id,
    }
