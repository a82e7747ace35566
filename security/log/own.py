"""What the record has about one person: what others did that concerns them, and what they did themselves.

Who acted is told as an agency, never as a pseudonym. A name that was opened under a deferral appears once the person
is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select

from marketplace.foundation import clock
from marketplace.foundation.db import Tx
from security.labels import Level
from security.log import audit, proving
from security.log.filtering import Filters, conditions
from security.log.models import AuditEntry
from security.principal import Context, Principal

PAGE = 50
MOST_PROVED = 200
"""Entries in one proof of one's own."""
READING = "log.read_own"
PUT_OFF = "told_after"
"""Under this word an entry says from which day on its person is told."""
_SHOWN = (
    "number", "at", "agency_id", "act", "object_kind", "object_id", "purpose", "channel", "zone", "level", "outcome",
    "reference",
)  # fmt: skip


class Side(StrEnum):
    """Which entries: those of others about the person, or the person's own acts."""

    ABOUT = "about"
    BY = "by"


def entries(
    tx: Tx,
    side: Side,
    asked: Filters,
    *,
    actor: Principal,
    context: Context,
    before: int | None = None,
    limit: int = PAGE,
) -> dict[str, Any]:
    """A page of one's own entries, newest first, as {"rows": [...], "next": number or None}. It goes on the record.

    A row has number, at, agency_id, act, purpose, channel, zone, outcome, level (a key), object_kind and object_id
    (None where the object is a person).
    """
    _read(tx, side, asked, actor, context)
    wanted = _of(tx, side, actor.subject_id, asked, before)
    rows = _newest(tx, wanted, limit + 1)
    return {
        "rows": [shown(row) for row in rows[:limit]],
        "next": rows[limit - 1].number if len(rows) > limit else None,
    }


def proof(
    tx: Tx,
    side: Side,
    asked: Filters,
    *,
    actor: Principal,
    context: Context,
    before: int | None = None,
    limit: int = PAGE,
) -> dict[str, Any]:
    """The proof that a page of one's own entries is on the record; at most MOST_PROVED. Raises NotSignedYet."""
    _read(tx, side, asked, actor, context)
    return prove(tx, _newest(tx, _of(tx, side, actor.subject_id, asked, before), min(limit, MOST_PROVED)))


def about(db: Tx, subject_id: UUID, agency_id: UUID) -> Sequence[Any]:
    """Everything that others did about a person, as far as it concerns one agency: by its people, or on its data.

    Rows of `audit_entry`, newest first. Whoever calls this puts the reading on the record.
    """
    concerns = or_(AuditEntry.agency_id == agency_id, AuditEntry.object_agency_id == agency_id)
    return _newest(db, [*_of(db, Side.ABOUT, subject_id, Filters(), None), concerns], None)


def prove(db: Tx, rows: Sequence[Any]) -> dict[str, Any]:
    """The proof of single entries, as rows of `audit_entry`. Raises NotSignedYet."""
    size = max((row.number for row in rows), default=0) + 1
    parts = [(row.number, [bytes(row.body)]) for row in sorted(rows, key=lambda row: row.number)]
    return proving.document(db, proving.newest(db, size), parts)


def shown(row: Any) -> dict[str, Any]:
    """An entry as its person may read it: no pseudonym, no session, no device."""
    found = {name: getattr(row, name) for name in _SHOWN}
    if row.object_kind == "person":
        found["object_id"] = None
    return found | {"level": None if row.level is None else Level(row.level).label_key}


def _read(tx: Tx, side: Side, asked: Filters, actor: Principal, context: Context) -> None:
    # The object is the record, not the person: else each look at this page would be one more entry about them.
    target = audit.Target("log", None, actor.agency_id)
    detail = {"side": side.value} | asked.used()
    audit.record(tx, READING, target, actor=actor, context=context, detail=detail)


def _of(
    db: Tx, side: Side, subject_id: UUID, asked: Filters, before: int | None
) -> list[ColumnElement[bool]]:
    wanted = conditions(asked)
    if before is not None:
        wanted.append(AuditEntry.number < before)
    if side is Side.BY:
        return [AuditEntry.subject_id == subject_id, *wanted]
    return [
        AuditEntry.object_id == str(subject_id),
        AuditEntry.object_kind == "person",
        AuditEntry.subject_id.is_distinct_from(subject_id),
        _told(db),
        *wanted,
    ]


def _told(db: Tx) -> ColumnElement[bool]:
    """Not one of which the person is told on a later day."""
    later = AuditEntry.detail[PUT_OFF].as_string()
    today = clock.now(db).date().isoformat()
    return or_(AuditEntry.detail.is_(None), later.is_(None), later <= today)


def _newest(db: Tx, wanted: list[ColumnElement[bool]], limit: int | None) -> Sequence[Any]:
    chosen = select(AuditEntry.__table__).where(*wanted).order_by(AuditEntry.number.desc())
    return db.all(chosen if limit is None else chosen.limit(limit))
