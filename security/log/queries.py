"""The officer's list and its timeline: entries that concern the reader's agency, by its people or by its data.

Names stay closed. The marketplace's officer reads the entries of every agency, as closed as these.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, cast, extract, func, select, union_all

from marketplace.foundation.db import Query, Tx
from security.labels import Level
from security.log import audit
from security.log.acts import ACTS, BY_PSEUDONYM, CLOSED
from security.log.filtering import Filters, conditions, reach
from security.log.models import AuditEntry, LogSubject
from security.principal import Context, Principal

_SHOWN = (
    "number", "at", "agency_id", "act", "object_kind", "object_id", "object_agency_id", "campaign_id", "purpose",
    "channel", "zone", "device", "device_id", "session", "outcome", "reference", "rules", "detail",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Bar:
    """How many entries there were from `start` on for one width of the timeline."""

    start: datetime
    done: int
    refused: int
    """Refused or failed."""


def entries(
    tx: Tx,
    asked: Filters,
    *,
    actor: Principal,
    context: Context,
    before: int | None = None,
    limit: int = 50,
    act: str = "log.read",
) -> dict[str, Any]:
    """A page of entries, newest first; the reading itself goes on the record first, as `act`.

    Returns {"rows": [...], "next": number or None, "acts": every act name}. In a row `pseudonym` is who acted, and
    `object_pseudonym` the person whom they followed by it; whom somebody chose by name has none. There is never an id
    of either, nor of a thing that would give a pseudonym away (`acts.CLOSED`).
    """
    target = audit.followed(asked.follows, audit.Target("log", None, actor.agency_id))
    audit.record(tx, act, target, actor=actor, context=context, detail=asked.used() or None)
    wanted = conditions(asked)
    if before is not None:
        wanted.append(AuditEntry.number < before)
    numbers = _numbers(reach(actor), wanted, limit + 1)
    rows = tx.all(
        select(AuditEntry.__table__)
        .where(AuditEntry.number.in_(select(numbers.c.number)))
        .order_by(AuditEntry.number.desc())
        .limit(limit + 1)
    )
    shown = rows[:limit]
    pseudonyms = _pseudonyms(tx, shown)
    return {
        "rows": [_shown(row, pseudonyms) for row in shown],
        "next": shown[-1].number if len(rows) > limit else None,
        "acts": sorted(ACTS),
    }


def timeline(
    db: Tx, asked: Filters, since: datetime, until: datetime, width: timedelta, *, actor: Principal
) -> list[Bar]:
    """Counts of what a search finds between two moments, one bar per `width`, without gaps.

    It belongs to a reading by `entries`, which is what goes on the record. `since` is a multiple of `width`.
    """
    seconds, begin = int(width.total_seconds()), int(since.timestamp())
    place = ((_epoch(db, AuditEntry.at) - begin) // seconds).label("place")
    done = (AuditEntry.outcome == audit.DONE).label("done")
    wanted = [*conditions(asked), AuditEntry.at >= since, AuditEntry.at < until]
    found = union_all(*(select(place, done).where(*wanted, mine) for mine in reach(actor))).subquery()
    counting = select(found.c.place, found.c.done, func.count().label("entries"))
    rows = db.all(counting.group_by(found.c.place, found.c.done))
    counts = {(row.place, bool(row.done)): int(row.entries) for row in rows}
    return [
        Bar(since + at * width, counts.get((at, True), 0), counts.get((at, False), 0))
        for at in range(ceil((until - since) / width))
    ]


def _numbers(alternatives: list[ColumnElement[bool]], wanted: list[ColumnElement[bool]], limit: int) -> Any:
    """The newest numbers over alternatives that exclude each other, each walked along its own index."""
    parts = [
        select(
            select(AuditEntry.number)
            .where(mine, *wanted)
            .order_by(AuditEntry.number.desc())
            .limit(limit)
            .subquery()
            .c.number
        )
        for mine in alternatives
    ]
    return union_all(*parts).subquery()


def _epoch(db: Tx, column: Any) -> ColumnElement[Any]:
    """Seconds since 1970."""
    if db.dialect == "postgresql":
        return cast(func.floor(extract("epoch", column)), BigInteger)
    return cast(func.strftime("%s", column), BigInteger)


def _pseudonyms(db: Tx, rows: Iterable[Any]) -> Mapping[UUID, str]:
    people = {row.subject_id for row in rows} | {_followed(row) for row in rows}
    found: Query = select(LogSubject.id, LogSubject.pseudonym).where(LogSubject.id.in_(people - {None}))
    return {row.id: row.pseudonym for row in db.all(found)}


def _followed(row: Any) -> UUID | None:
    """The person whom the act followed by their pseudonym."""
    by_pseudonym = row.object_kind == "person" and row.act in BY_PSEUDONYM
    return UUID(row.object_id) if by_pseudonym and row.object_id else None


def _shown(row: Any, pseudonyms: Mapping[UUID, str]) -> dict[str, Any]:
    shown = {name: getattr(row, name) for name in _SHOWN}
    person = _followed(row)
    if row.object_kind == "person" or row.object_kind in CLOSED:
        shown["object_id"] = None
    return shown | {
        "pseudonym": pseudonyms.get(row.subject_id),
        "object_pseudonym": None if person is None else pseudonyms.get(person),
        "level": None if row.level is None else Level(row.level).label_key,
    }
