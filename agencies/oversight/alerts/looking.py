"""The job that reads the record for alerts: from where it stopped, a batch at a time, each batch with its own COMMIT.

Whoever looks holds the head, so every entry is looked at once. What is found does not depend on where a batch ends: for
everybody who is in a batch, everything near it in time is measured again, also what was looked at before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from agencies.oversight.alerts import keeping, nearness, officers, reading, rules
from agencies.oversight.alerts.detecting import Seen, flagged
from agencies.oversight.alerts.keeping import Found
from agencies.oversight.alerts.kinds import (
    CLOCK_JUMP,
    GAP,
    KINDS,
    OF_PEOPLE,
    OF_THE_RECORD,
    SIGN_IN,
    WITNESS_BEHIND,
    WITNESS_CONTRADICTS,
)
from agencies.oversight.alerts.rules import Rule
from agencies.oversight.models import Alert, AlertHead
from marketplace.foundation.db import Tx
from security.log import tree
from security.log.models import AuditEntry

BATCH = 5000
"""Entries that one transaction looks at."""
_OF_PEOPLE = frozenset().union(*(KINDS[name].acts for name in OF_PEOPLE))
_OF_THE_RECORD = {act: name for name in OF_THE_RECORD for act in KINDS[name].acts}
_NAMED = (WITNESS_CONTRADICTS, WITNESS_BEHIND)
"""Kinds that are about one thing with a name; the others are about the record as a whole."""

Closed = Mapping[tuple[UUID, str, str], int]
"""Up to which number an officer has looked into something, by agency, kind and whom it was about."""


def look(tx: Tx, limit: int = BATCH) -> bool:
    """Look at up to `limit` entries that nobody looked at, and raise what they show. Whether there are more.

    Where somebody looks already, or handles an alert just now, there is nothing to do: the next job comes soon.
    """
    begin, size = keeping.hold_if_free(tx), tree.size(tx)
    if begin is None:
        return False
    end = min(size, begin + limit)
    if begin >= end:
        return False
    for found in (*_about_people(tx, begin, end), *_about_the_record(tx, begin, end)):
        keeping.keep(tx, found)
    tx.execute(update(AlertHead).where(AlertHead.id == 1).values(number=end))
    return end < size


def _about_people(tx: Tx, begin: int, end: int) -> Iterator[Found]:
    """What the entries from `begin` to `end` show of somebody, for every agency that they concern."""
    new = [
        entry
        for entry in reading.seen(tx, _OF_PEOPLE, AuditEntry.number >= begin, AuditEntry.number < end)
        if entry.who and (entry.act != SIGN_IN or entry.new_device)
    ]
    in_force = rules.in_force(tx, {agency for entry in new for agency in entry.agencies})
    for kind in OF_PEOPLE:
        mine = _by_who(entry for entry in new if entry.act in KINDS[kind].acts)
        asked = {agency: rule for (agency, of), rule in in_force.items() if of == kind and rule.on}
        if mine and asked:
            near: nearness.Entries = mine
            if "minutes" in KINDS[kind].values:
                near = nearness.of(tx, kind, mine, list(asked.values()), end)
            yield from _of_kind(tx, kind, near, asked, begin)


def _of_kind(
    tx: Tx, kind: str, near: nearness.Entries, asked: Mapping[UUID, Rule], begin: int
) -> Iterator[Found]:
    """What the rules of one kind find, agency by agency and person by person."""
    closed = _closed(tx, kind, sorted(near))
    for who, entries in near.items():
        concerned = {agency for entry in entries for agency in entry.agencies} & asked.keys()
        for agency in sorted(concerned, key=str):
            looked_into = closed.get((agency, kind, who), -1)
            usable = [entry for entry in entries if agency in entry.agencies and entry.number > looked_into]
            yield from _measured(agency, kind, who, usable, begin, asked[agency])


def _measured(
    agency: UUID, kind: str, who: str, entries: Sequence[Seen], begin: int, rule: Rule
) -> Iterator[Found]:
    """What the rule finds, where that is more than it found before the entries from `begin` on."""
    found = flagged(kind, entries, rule.values)
    if not found:
        return
    before = flagged(kind, [entry for entry in entries if entry.number < begin], rule.values)
    known = {entry.number for entry in before}
    new = [entry for entry in found if entry.number not in known]
    if new:
        yield Found(agency, kind, who, found, new)


def _by_who(entries: Iterator[Seen]) -> dict[str, list[Seen]]:
    found: dict[str, list[Seen]] = defaultdict(list)
    for entry in entries:
        found[entry.who].append(entry)
    return found


def _closed(tx: Tx, kind: str, about: Sequence[str]) -> Closed:
    """Up to which entry somebody has looked into an alert and closed it: that is not told again."""
    chosen = select(Alert.agency_id, Alert.kind, Alert.about, Alert.last)
    mine = (Alert.state == "closed", Alert.kind == kind, Alert.about.in_(about))
    rows = tx.all(chosen.where(*mine).order_by(Alert.last)) if about else ()
    return {(row.agency_id, row.kind, row.about): row.last_number for row in rows}


def _about_the_record(tx: Tx, begin: int, end: int) -> Iterator[Found]:
    """What the entries show of the record itself: every agency that has an officer is told."""
    of_kind: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for row in reading.about_the_record(tx, _OF_THE_RECORD, begin, end):
        kind = _OF_THE_RECORD[row.act]
        of_kind[kind, (row.object_id or "") if kind in _NAMED else ""].append(row)
    agencies = sorted(officers.agencies_with_one(tx), key=str) if of_kind else []
    for (kind, about), mine in of_kind.items():
        entries = [Seen(row.number, row.at, row.act, zone=row.zone) for row in mine]
        for agency in agencies:
            yield Found(agency, kind, about, entries, entries, _more(kind, mine[-1].detail or {}))


def _more(kind: str, detail: Mapping[str, Any]) -> dict[str, Any]:
    """What an alert says of the last thing that happened."""
    if kind == CLOCK_JUMP:
        return {"seconds": detail["seconds"]}
    return {"fault": detail["kind"], "number": detail["number"]} if kind == GAP else {}
