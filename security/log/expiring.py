"""Bodies of entries expire, after as many months as their label says. What they leave behind is their leaf hash.

The tree is never touched: every proof of an entry that is kept, and every proof that the record continues an earlier
one, holds as before (security/log/bundles.py puts the hash in the place of an entry that is gone).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, not_, or_, select

from marketplace.foundation import clock
from marketplace.foundation.db import Tx
from security.labels import UNLABELLED, Level
from security.log import audit
from security.log.models import AuditEntry
from security.principal import JOB

if TYPE_CHECKING:
    from marketplace.foundation.settings import Settings

BATCH = 2000
"""Entries that one transaction deletes at most."""
SLACK = timedelta(days=1)
"""Entries are numbered a little out of the order of their times, months differ in length, and the job runs daily."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Numbers from `first` to `last` that stay as far as they concern an agency: its people's acts or its data.

    Without an agency every one of them stays.
    """

    agency_id: UUID | None
    first: int
    last: int


def expire(tx: Tx, months: Mapping[str, int], holds: Iterable[Hold] = (), limit: int = BATCH) -> int:
    """Delete up to `limit` entries that are older than their label's `months`. Returns how many there were.

    What went is on the record, as counts per label; where nothing went, nothing is written.
    """
    due = and_(or_(*_over(clock.now(tx), months)), *(not_(_held(hold)) for hold in holds))
    chosen = select(AuditEntry.number).where(due).order_by(AuditEntry.number).limit(limit)
    numbers = [row.number for row in tx.all(chosen)]
    gone = delete(AuditEntry).where(AuditEntry.number.in_(numbers)).returning(AuditEntry.level)
    rows = tx.all(gone) if numbers else ()  # of two jobs at a time, each counts what it took away
    if not rows:
        return 0
    counts = Counter(Level.key_of(row.level) for row in rows)
    audit.record(tx, "entry.expire", audit.Target("log"), actor=None, context=JOB, detail=dict(counts))
    return len(rows)


def kept_since(settings: Settings, now: datetime) -> datetime:
    """The moment from which on every entry must still be there: what is younger has not expired under any label."""
    return months_before(now, min(settings.record_months.values())) + SLACK


def months_before(moment: datetime, months: int) -> datetime:
    """The same day of an earlier calendar month, or that month's last day where it is shorter."""
    years, month = divmod(moment.year * 12 + moment.month - 1 - months, 12)
    first = moment.replace(year=years, month=month + 1, day=1)
    following = (first + timedelta(days=31)).replace(day=1)
    return first.replace(day=min(moment.day, (following - timedelta(days=1)).day))


def _over(now: datetime, months: Mapping[str, int]) -> list[ColumnElement[bool]]:
    """What an entry of each label is that has expired."""
    labels = {level.label_key: AuditEntry.level == int(level) for level in Level}
    labels[UNLABELLED] = AuditEntry.level.is_(None)
    return [
        and_(AuditEntry.at < months_before(now, months[word]), labelled) for word, labelled in labels.items()
    ]


def _held(hold: Hold) -> ColumnElement[bool]:
    """Whether a hold keeps an entry. `IS NOT DISTINCT`, because an entry may belong to no agency."""
    numbered = AuditEntry.number.between(hold.first, hold.last)
    if hold.agency_id is None:
        return numbered
    concerned = or_(
        AuditEntry.agency_id.is_not_distinct_from(hold.agency_id),
        AuditEntry.object_agency_id.is_not_distinct_from(hold.agency_id),
    )
    return and_(numbered, concerned)
