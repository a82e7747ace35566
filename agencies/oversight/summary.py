"""The quarterly summary: what an agency's record holds of three months, in counts of entries and things.

Nothing in it is counted of a person or per person.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from agencies import people
from agencies.errors import NotPermitted
from agencies.oversight import reviews
from agencies.oversight.incidents import REPORT_WITHIN
from agencies.oversight.models import Alert, Incident, LookUp
from marketplace.foundation import clock
from marketplace.foundation.db import Tx
from marketplace.foundation.errors import NotFound
from security.log import audit, checkpoints, summing
from security.log.models import AuditWitness
from security.log.summing import Counted
from security.permissions import Permission, may, roles_with
from security.principal import Context, Principal

LOOK_UP_STATES = ("asked", "granted", "declined", "put_off")
_QUARTER = re.compile(r"([0-9]{4})-Q([1-4])")


@dataclass(frozen=True, slots=True)
class Quarter:
    """Three months of the calendar, in UTC."""

    year: int
    number: int

    def __str__(self) -> str:
        return f"{self.year}-Q{self.number}"

    @property
    def since(self) -> datetime:
        return datetime(self.year, 3 * self.number - 2, 1, tzinfo=UTC)

    @property
    def until(self) -> datetime:
        return self.following.since

    @property
    def following(self) -> Quarter:
        return Quarter(self.year + 1, 1) if self.number == 4 else Quarter(self.year, self.number + 1)


def parse(text: str) -> Quarter:
    """The quarter that a word like "2026-Q4" names. Raises NotFound."""
    found = _QUARTER.fullmatch(text)
    if found is None or not 1970 <= int(found[1]) < 9999:
        raise NotFound()
    return Quarter(int(found[1]), int(found[2]))


def of(moment: datetime) -> Quarter:
    """The quarter that a moment lies in."""
    at = moment.astimezone(UTC)
    return Quarter(at.year, (at.month + 2) // 3)


def kept(db: Tx, actor: Principal) -> list[Quarter]:
    """The quarters from the oldest entry that is kept until now, the newest first."""
    now = of(clock.now(db))
    oldest = summing.oldest(db, actor=actor)
    quarter, found = of(oldest) if oldest else now, [now]
    while quarter.since < now.since:
        found.append(quarter)
        quarter = quarter.following
    return sorted(set(found), key=lambda each: each.since, reverse=True)


def read(tx: Tx, quarter: Quarter, *, actor: Principal, context: Context) -> dict[str, Any]:
    """The summary of a quarter for the reader's agency; the reading goes on the record.

    Returns {"acts": rows of (act, done, refused), "refusals": {code: count}, "views", "exports": rows of (label, zone,
    count), "alerts": rows of (kind, finding, count), "look_ups": {purpose: {state: count}}, "incidents": rows,
    "expired": {label: count} of the whole marketplace, "seal", "reviews": rows}. Raises NotPermitted, NotFound.
    """
    if not may(people.still_member(tx, actor), Permission.READ_SUMMARY):
        wanted = sorted(role.value for role in roles_with(Permission.READ_SUMMARY))
        raise NotPermitted(permission=Permission.READ_SUMMARY.value, roles=wanted)
    if quarter.since > clock.now(tx):
        raise NotFound()
    audit.record(
        tx,
        "summary.read",
        audit.Target("summary", str(quarter), actor.agency_id),
        actor=actor,
        context=context,
    )
    counted = summing.counted(tx, quarter.since, quarter.until, actor=actor)
    return {
        "acts": _acts(counted),
        "refusals": summing.refusals(tx, quarter.since, quarter.until, actor=actor),
        "views": _by_label_and_zone(counted, summing.VIEWS),
        "exports": _by_label_and_zone(counted, summing.EXPORTS),
        "alerts": _alerts(tx, quarter, actor),
        "look_ups": _look_ups(tx, quarter, actor),
        "incidents": _incidents(tx, quarter, actor),
        "expired": summing.expired(tx, quarter.since, quarter.until),
        "seal": _seal(tx),
        "reviews": _reviews(tx, quarter, actor),
    }


def _acts(counted: Sequence[Counted]) -> list[tuple[str, int, int]]:
    done: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    for each in counted:
        (done if each.outcome == audit.DONE else refused)[each.act] += each.entries
    return [(act, done[act], refused[act]) for act in sorted({*done, *refused})]


def _by_label_and_zone(counted: Sequence[Counted], acts: Sequence[str]) -> list[tuple[str, str, int]]:
    found: Counter[tuple[str, str]] = Counter()
    for each in counted:
        if each.act in acts and each.outcome == audit.DONE:
            found[each.label, each.zone] += each.entries
    order = {label: place for place, label in enumerate(summing.LABELS)}
    return [
        (label, zone, found[label, zone])
        for label, zone in sorted(found, key=lambda key: (order[key[0]], key[1]))
    ]


def _alerts(db: Tx, quarter: Quarter, actor: Principal) -> list[tuple[str, str, int]]:
    """By kind and finding; "open" is one that is not closed yet."""
    rows = db.all(
        select(Alert.kind, Alert.finding, Alert.state).where(
            Alert.agency_id == actor.agency_id,
            Alert.raised_at >= quarter.since,
            Alert.raised_at < quarter.until,
        )
    )
    found = Counter((row.kind, row.finding if row.state == "closed" else "open") for row in rows)
    return [(kind, finding or "", count) for (kind, finding), count in sorted(found.items(), key=str)]


def _look_ups(db: Tx, quarter: Quarter, actor: Principal) -> dict[str, Mapping[str, int]]:
    """By purpose: asked, and of these granted, declined, and told later with a reason."""
    rows = db.all(
        select(LookUp.purpose, LookUp.state, LookUp.decided_by, LookUp.told_after).where(
            LookUp.agency_id == actor.agency_id,
            LookUp.asked_at >= quarter.since,
            LookUp.asked_at < quarter.until,
        )
    )
    found: dict[str, Counter[str]] = {}
    for row in rows:
        mine = found.setdefault(row.purpose, Counter(dict.fromkeys(LOOK_UP_STATES, 0)))
        mine["asked"] += 1
        declined = row.state == "declined"
        mine["declined"] += declined
        mine["granted"] += row.decided_by is not None and not declined
        mine["put_off"] += row.told_after is not None
    return {purpose: found[purpose] for purpose in sorted(found)}


def _incidents(db: Tx, quarter: Quarter, actor: Principal) -> list[dict[str, Any]]:
    """Incidents that became known in the quarter: known_at, state, reported (in_time, late, not_yet, over, no)."""
    rows = db.all(
        select(Incident.known_at, Incident.state, Incident.reported_at, Incident.late_because)
        .where(
            Incident.agency_id == actor.agency_id,
            Incident.known_at >= quarter.since,
            Incident.known_at < quarter.until,
        )
        .order_by(Incident.known_at)
    )
    return [{"known_at": row.known_at, "state": row.state, "reported": _reported(db, row)} for row in rows]


def _reported(db: Tx, row: Any) -> str:
    if row.reported_at is not None:
        return "in_time" if row.late_because is None else "late"
    if row.state == "closed":
        return "no"
    return "over" if row.known_at + REPORT_WITHIN < clock.now(db) else "not_yet"


def _seal(db: Tx) -> dict[str, Any]:
    """How far the record is signed and cosigned now: entries signed, when, entries cosigned, and each witness."""
    signed, cosigned = checkpoints.latest(db), checkpoints.latest(db, witnesses=1)
    rows = db.all(
        select(AuditWitness.name, AuditWitness.size, AuditWitness.seen_at, AuditWitness.refused).order_by(
            AuditWitness.name
        )
    )
    return {
        "signed": signed.checkpoint.size if signed else 0,
        "signed_at": signed.signed_at if signed else None,
        "cosigned": cosigned.checkpoint.size if cosigned else 0,
        "witnesses": [row._mapping for row in rows],
    }


def _reviews(db: Tx, quarter: Quarter, actor: Principal) -> list[dict[str, Any]]:
    """Access reviews that were open at some time of the quarter, as `reviews.listing` has them."""
    return [
        row
        for row in reviews.listing(db, actor)
        if row["opened_at"] < quarter.until
        and (row["closed_at"] is None or row["closed_at"] >= quarter.since)
    ]
