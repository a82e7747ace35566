"""Counts of entries over a time, by what they are and never by who acted: the ground of summaries."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Text, cast, func, select, union_all

from marketplace.foundation.db import Tx
from security.labels import UNLABELLED, Level
from security.log.filtering import reach
from security.log.models import AuditEntry
from security.log.scoping import EXPORTS, VIEWS
from security.principal import Principal

__all__ = ["EXPORTS", "LABELS", "VIEWS", "Counted", "counted", "expired", "oldest", "refusals"]

LABELS = (*(level.label_key for level in Level), UNLABELLED)
"""From open to closed; `none` is for things without a label."""
BY_RULES = ("access.refuse", "sign_in.fail")


@dataclass(frozen=True, slots=True)
class Counted:
    """So many entries of one kind."""

    act: str
    outcome: str
    label: str
    zone: str
    entries: int


def counted(db: Tx, since: datetime, until: datetime, *, actor: Principal) -> list[Counted]:
    """What concerns the reader between two moments, by act, outcome, label and zone."""
    kinds = (AuditEntry.act, AuditEntry.outcome, AuditEntry.level, AuditEntry.zone)
    found = _between(kinds, since, until, actor)
    rows = db.all(select(*found.c, func.count().label("entries")).group_by(*found.c))
    return [
        Counted(row.act, row.outcome, Level.key_of(row.level), row.zone or "public", int(row.entries))
        for row in rows
    ]


def refusals(db: Tx, since: datetime, until: datetime, *, actor: Principal) -> dict[str, int]:
    """How many refusals each rule made, the most frequent first; where no rule is named, the kind of refusal."""
    detail = cast(AuditEntry.detail, Text).label("detail")
    found = _between((detail,), since, until, actor, AuditEntry.act.in_(BY_RULES))
    rows = db.all(select(found.c.detail, func.count().label("entries")).group_by(found.c.detail))
    codes: Counter[str] = Counter()
    for row in rows:
        known = json.loads(row.detail) if row.detail else {}
        for code in known.get("reasons") or [known.get("error") or "other"]:
            codes[code] += int(row.entries)
    return dict(sorted(codes.items(), key=lambda item: (-item[1], item[0])))


def expired(db: Tx, since: datetime, until: datetime) -> dict[str, int]:
    """How many entries of the whole record expired between two moments, by label."""
    rows = db.all(
        select(AuditEntry.detail).where(
            AuditEntry.act == "entry.expire", AuditEntry.at >= since, AuditEntry.at < until
        )
    )
    counts: Counter[str] = Counter()
    for row in rows:
        counts.update(row.detail)
    return {label: counts[label] for label in LABELS if counts[label]}


def oldest(db: Tx, *, actor: Principal) -> datetime | None:
    """When the oldest entry that is kept and concerns the reader was written; None where there is none."""
    moments = [
        db.scalar(select(AuditEntry.at).where(mine).order_by(AuditEntry.number).limit(1))
        for mine in reach(actor)
    ]
    return min((moment for moment in moments if moment is not None), default=None)


def _between(
    columns: Sequence[Any], since: datetime, until: datetime, actor: Principal, *more: ColumnElement[bool]
) -> Any:
    """These columns of what concerns the reader between two moments, as a subquery."""
    wanted = (AuditEntry.at >= since, AuditEntry.at < until, *more)
    return union_all(*(select(*columns).where(mine, *wanted) for mine in reach(actor))).subquery()
