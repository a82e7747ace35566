"""What lies near new entries in time, for the kinds that measure a stretch of minutes.

Most people did little at that time. They are left out by one statement that adds up; only who is left is read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, or_, select

from agencies.oversight.alerts import reading
from agencies.oversight.alerts.detecting import Seen
from agencies.oversight.alerts.kinds import KINDS, SIGN_IN
from agencies.oversight.alerts.rules import Rule
from marketplace.foundation.db import Tx
from security.log.models import AuditEntry

TOGETHER = 200
"""People whose entries are read by one statement."""

Entries = Mapping[str, Sequence[Seen]]
"""By who did it."""


def of(tx: Tx, kind: str, new: Entries, rules: Sequence[Rule], end: int) -> Entries:
    """Everything of a kind's acts before the number `end` that makes a difference to the `new` entries.

    A new entry changes what is found as far as its window goes, and what is found there depends on another window.
    Who did too little for any of the `rules` is left out.
    """
    window = timedelta(minutes=max(rule.values["minutes"] for rule in rules))
    least = min(rule.values["count"] for rule in rules)
    near: dict[str, list[Seen]] = defaultdict(list)
    everybody = sorted(new)
    for first in range(0, len(everybody), TOGETHER):
        some = {who: new[who] for who in everybody[first : first + TOGETHER]}
        busy = _with_a_new_device(tx, kind, _busy(tx, kind, some, window, least, end), window, end)
        if busy:
            for entry in reading.seen(tx, KINDS[kind].acts, *_whose(busy), *_when(busy, 2 * window, end)):
                near[entry.who].append(entry)
    return near


def _busy(tx: Tx, kind: str, some: Entries, window: timedelta, least: int, end: int) -> Entries:
    """Those who did it at least so often at that time."""
    acts = sorted(KINDS[kind].acts - {SIGN_IN})
    whose = (AuditEntry.subject_id, AuditEntry.device_id)
    chosen = select(*whose, func.count().label("entries")).where(
        AuditEntry.act.in_(acts), *_whose(some), *_when(some, window, end)
    )
    often: dict[str, int] = defaultdict(int)
    for row in tx.all(chosen.group_by(*whose)):
        often[str(row.subject_id or row.device_id)] += row.entries
    return {who: mine for who, mine in some.items() if often[who] >= least}


def _with_a_new_device(tx: Tx, kind: str, some: Entries, window: timedelta, end: int) -> Entries:
    """Where the kind asks for it: those who signed in from a device that was never seen."""
    if SIGN_IN not in KINDS[kind].acts or not some:
        return some
    signed_in = reading.seen(tx, {SIGN_IN}, *_whose(some), *_when(some, window, end))
    new = {entry.who for entry in signed_in if entry.new_device}
    return {who: mine for who, mine in some.items() if who in new}


def _whose(some: Entries) -> list[Any]:
    subjects = {entry.subject_id for mine in some.values() for entry in mine} - {None}
    devices = [who for who, mine in some.items() if mine[0].subject_id is None]
    return [
        or_(
            AuditEntry.subject_id.in_(subjects),
            and_(AuditEntry.subject_id.is_(None), AuditEntry.device_id.in_(devices)),
        )
    ]


def _when(some: Entries, reach: timedelta, end: int) -> list[Any]:
    times: Iterable[datetime] = [entry.at for mine in some.values() for entry in mine]
    return [AuditEntry.at.between(min(times) - reach, max(times) + reach), AuditEntry.number < end]
