"""How far something reaches that a search describes: counts of entries and things, and whose pseudonyms they carry."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, union_all

from marketplace.foundation.db import Tx
from security.labels import UNLABELLED, Level
from security.log import audit
from security.log.filtering import Filters, conditions, reach
from security.log.models import AuditEntry, LogSubject
from security.principal import Principal

VIEWS = ("payload.view",)
EXPORTS = ("result.export", "log.export")
MOST_NAMED = 500
"""Pseudonyms, and campaigns, that are listed at most."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a search finds. `items` are the different things that were viewed; `more_people` says that some are not
    listed. Without an entry `first` and `last` are None."""

    entries: int = 0
    first: int | None = None
    last: int | None = None
    people: Sequence[str] = ()
    more_people: bool = False
    agencies: Sequence[UUID] = ()
    campaigns: Sequence[UUID] = ()
    labels: Mapping[str, int] = field(default_factory=dict)
    views: int = 0
    items: int = 0
    exports: int = 0


def scope(db: Tx, asked: Filters, *, actor: Principal) -> Scope:
    """How far a search reaches in what concerns the reader. Whoever calls this puts it on the record."""
    found = _found(asked, actor)
    rows = db.all(
        select(
            found.c.act, found.c.outcome, found.c.level, func.count().label("entries"),
            func.min(found.c.number).label("first"), func.max(found.c.number).label("last"),
        ).group_by(found.c.act, found.c.outcome, found.c.level)
    )  # fmt: skip
    if not rows:
        return Scope()
    labels: Counter[str] = Counter()
    for row in rows:
        labels[Level.key_of(row.level)] += row.entries
    people = _people(db, found)
    return Scope(
        entries=labels.total(),
        first=min(row.first for row in rows),
        last=max(row.last for row in rows),
        people=people[:MOST_NAMED],
        more_people=len(people) > MOST_NAMED,
        agencies=_agencies(db, found),
        campaigns=_different(db, found.c.campaign_id),
        labels={word: labels[word] for word in _ORDER if labels[word]},
        views=_done(rows, VIEWS),
        items=_items(db, found),
        exports=_done(rows, EXPORTS),
    )


def _found(asked: Filters, actor: Principal) -> Any:
    """The facts of every entry that is meant, as a subquery."""
    facts = (
        AuditEntry.number, AuditEntry.act, AuditEntry.outcome, AuditEntry.level, AuditEntry.subject_id,
        AuditEntry.agency_id, AuditEntry.object_agency_id, AuditEntry.object_id, AuditEntry.campaign_id,
    )  # fmt: skip
    wanted = conditions(asked)
    return union_all(*(select(*facts).where(mine, *wanted) for mine in reach(actor))).subquery()


def _done(rows: Sequence[Any], acts: tuple[str, ...]) -> int:
    return sum(row.entries for row in rows if row.act in acts and row.outcome == audit.DONE)


def _items(db: Tx, found: Any) -> int:
    viewed = (found.c.act.in_(VIEWS), found.c.outcome == audit.DONE)
    return int(db.scalar(select(func.count(func.distinct(found.c.object_id))).where(*viewed)))


def _people(db: Tx, found: Any) -> list[str]:
    """The pseudonyms of those who acted, in the alphabet's order; at most one more than are listed."""
    acted = select(found.c.subject_id).where(found.c.subject_id.is_not(None))
    chosen = select(LogSubject.pseudonym).where(LogSubject.id.in_(acted))
    return [row.pseudonym for row in db.all(chosen.order_by(LogSubject.pseudonym).limit(MOST_NAMED + 1))]


def _agencies(db: Tx, found: Any) -> list[UUID]:
    both = {*_different(db, found.c.agency_id), *_different(db, found.c.object_agency_id)}
    return sorted(both)


def _different(db: Tx, column: Any) -> list[UUID]:
    chosen = select(column.label("value")).where(column.is_not(None)).distinct()
    return [row.value for row in db.all(chosen.order_by(column).limit(MOST_NAMED))]


_ORDER = (*(level.label_key for level in Level), UNLABELLED)
