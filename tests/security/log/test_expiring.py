"""Entries expire by their label and leave their hash behind: whatever went, every proof goes on holding."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, delete, select, update

from marketplace.foundation import clock
from marketplace.foundation.db import transaction
from marketplace.foundation.settings import Settings
from security import notes, verifier
from security.labels import Level
from security.log import audit, checking, checkpoints, expiring, proving, sequencer
from security.log.expiring import Hold, months_before
from security.log.models import AuditEntry, AuditPending
from security.principal import Principal, Role
from tests.builders import AT_WORK, a_person, changed, found

LOG = notes.signer("market.example/log", notes.LOG, bytes(range(32)))
MONTHS = {"public": 1, "internal": 3, "sensitive": 12, "restricted": 24, "none": 6}
LABELS = (*Level, None)


def an_hour_over(months: int) -> datetime:
    """An hour more than so many months ago."""
    return months_before(datetime.now(UTC), months) - timedelta(hours=1)


def entered(
    actor: Principal, count: int, *, level: Level | None = None, at: datetime | None = None
) -> list[int]:
    """So many entries as they would be if they had been written `at` that moment, signed. Returns their numbers."""
    with transaction() as tx:
        for number in range(count):
            target = audit.Target("claim", str(number), actor.agency_id, level=level)
            audit.record(tx, "claim.take", target, actor=actor, context=AT_WORK)
        if at is not None:
            tx.execute(update(AuditPending).values(at=at))
        sequencer.sequence(tx)
        size = checkpoints.sign(tx, LOG)
    assert size is not None
    return list(range(size - count, size))


def expired(months: dict[str, int] = MONTHS, holds: Iterable[Hold] = (), limit: int = 2000) -> int:
    with transaction() as tx:
        return expiring.expire(tx, months, holds, limit)


def kept() -> list[int]:
    return [row.number for row in found(select(AuditEntry.number).order_by(AuditEntry.number))]


@pytest.fixture
def officer(database: Engine) -> Principal:
    officer = a_person("north", roles=(Role.SECURITY_OFFICER,))
    changed(delete(AuditPending))
    return officer


@pytest.mark.parametrize("level", LABELS)
def test_what_is_older_than_its_labels_months_goes(officer: Principal, level: Level | None) -> None:
    months = MONTHS["none" if level is None else level.label_key]
    entered(officer, 2, level=level, at=an_hour_over(months))
    young = entered(officer, 1, level=level, at=an_hour_over(months) + timedelta(hours=2))
    assert expired() == 2
    assert kept() == young


def test_what_went_is_on_the_record_as_counts_per_label(officer: Principal) -> None:
    entered(officer, 2, level=Level.PUBLIC, at=an_hour_over(24))
    entered(officer, 3, at=an_hour_over(24))
    expired()
    [row] = found(AuditPending.__table__.select())
    assert (row.act, row.detail, row.subject_id) == ("entry.expire", {"public": 2, "none": 3}, None)


def test_doing_it_again_does_and_writes_nothing(officer: Principal) -> None:
    entered(officer, 2, at=an_hour_over(24))
    assert [expired(), expired()] == [2, 0]
    assert len(found(select(AuditPending.id))) == 1


def test_a_batch_takes_the_oldest_numbers(officer: Principal) -> None:
    numbers = entered(officer, 5, at=an_hour_over(24))
    assert expired(limit=3) == 3
    assert kept() == numbers[3:]


def test_a_hold_keeps_what_concerns_its_agency_and_nothing_else(officer: Principal) -> None:
    other, outside = a_person("south"), a_person("west")
    changed(delete(AuditPending))
    mine = entered(officer, 3, at=an_hour_over(24))
    entered(other, 2, at=an_hour_over(24))
    with transaction() as tx:
        target = audit.Target("claim", "1", officer.agency_id)
        audit.record(tx, "claim.take", target, actor=outside, context=AT_WORK)
        audit.record(tx, "sign_in.begin", None, actor=None, context=AT_WORK)
        tx.execute(update(AuditPending).values(at=an_hour_over(24)))
        sequencer.sequence(tx)
    ours = mine[-1] + 3
    expired(holds=[Hold(officer.agency_id, mine[1], ours), Hold(UUID(int=9), 0, 99)])
    assert kept() == [mine[1], mine[2], ours]


def test_nothing_that_expired_counts_as_missing(officer: Principal) -> None:
    entered(officer, 3, at=an_hour_over(24))
    held = entered(officer, 2, at=an_hour_over(24))
    entered(officer, 3, level=Level.RESTRICTED, at=an_hour_over(6))
    entered(officer, 3, at=an_hour_over(6))
    entered(officer, 2)
    expired(holds=[Hold(officer.agency_id, held[0], held[1])])
    with transaction() as tx:
        since = months_before(clock.now(tx), 1) + expiring.SLACK
        assert list(checking.faults(tx, since)) == []
    changed(delete(AuditEntry).where(AuditEntry.number == max(kept())))
    with transaction() as tx:
        assert [fault.kind for fault in checking.faults(tx, since)] == ["entry_missing"]


@pytest.mark.parametrize("seed", range(6))
def test_whatever_expired_every_kept_entry_is_proved_and_the_record_continues(
    officer: Principal, seed: int
) -> None:
    """A record of many labels and ages, with holds here and there, expired in small batches."""
    random = Random(seed)
    sizes = [0]
    for _ in range(12):
        age, level = random.choice((0, 2, 5, 8, 30)), random.choice(LABELS)
        grown = entered(officer, random.randint(1, 60), level=level, at=an_hour_over(age))
        sizes.append(grown[-1] + 1)
    first = random.randrange(sizes[-1])
    holds = [Hold(officer.agency_id, first, first + random.randint(0, 40))]
    while expired(holds=holds, limit=random.randint(1, 90)):
        pass
    stays = kept()
    assert set(range(sizes[-1])) - set(stays), "nothing expired"
    for number in random.sample(stays, min(5, len(stays))):
        proof = proved(officer, number, 1, since=random.choice(sizes[1:]))
        assert isinstance(proof["parts"][0]["entries"][0], str)
        checked(proof)
    everything = proved(officer, 0, sizes[-1])
    checked(everything)
    shown = [number for number, each in enumerate(everything["parts"][0]["entries"]) if isinstance(each, str)]
    assert shown == stays


def proved(officer: Principal, first: int, count: int, since: int | None = None) -> dict[str, Any]:
    with transaction() as tx:
        proof = proving.prove(tx, first, count, since=since, actor=officer, context=AT_WORK)
    sent: dict[str, Any] = json.loads(json.dumps(proof))
    return sent


def checked(proof: dict[str, Any]) -> None:
    assert verifier.verify(proof, verifier.Key(str(LOG.verifier)), [], 0)


@pytest.mark.parametrize(
    ("moment", "months", "before"),
    [
        ("2026-07-15", 6, "2026-01-15"), ("2026-01-15", 6, "2025-07-15"), ("2026-08-31", 6, "2026-02-28"),
        ("2028-08-31", 6, "2028-02-29"), ("2026-12-31", 1, "2026-11-30"), ("2026-12-31", 120, "2016-12-31"),
        ("2026-03-01", 1, "2026-02-01"), ("2026-01-31", 12, "2025-01-31"), ("2026-12-01", 12, "2025-12-01"),
    ],
)  # fmt: skip
def test_months_are_those_of_the_calendar(moment: str, months: int, before: str) -> None:
    assert months_before(datetime.fromisoformat(moment), months) == datetime.fromisoformat(before)


def test_everything_is_kept_since_the_shortest_of_the_labels_and_a_day(tmp_path: Any) -> None:
    environ = {
        "MARKET_HOME": str(tmp_path), "MARKET_DEMO": "1", "MARKET_REDIS_URL": "unix:///valkey.sock",
        "MARKET_SECRET_KEY": "5f0c8a4be2d94c1c9a7f3b6d1e8240bb", "MARKET_RECORD_MONTHS": "public=3,none=1",
    }  # fmt: skip
    settings = Settings.from_environ(environ)
    since = expiring.kept_since(settings, datetime(2026, 3, 31, 10, tzinfo=UTC))
    assert since == datetime(2026, 3, 1, 10, tzinfo=UTC)


def test_the_day_makes_up_for_months_that_differ_in_length() -> None:
    """In the evening of the 30th more expires than the next morning's month reaches back to."""
    evening = months_before(datetime(2026, 3, 30, 20, tzinfo=UTC), 1)
    morning = months_before(datetime(2026, 3, 31, 10, tzinfo=UTC), 1)
    assert morning < evening < morning + expiring.SLACK
