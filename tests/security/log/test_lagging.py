"""A witness that fell behind is told once, and again only after it has caught up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, insert, select, update

from marketplace.foundation.db import transaction
from security.log import audit, lagging, sequencer
from security.log.models import AuditCheckpoint, AuditPending, AuditWitness
from security.principal import Principal, Role
from tests.builders import AT_WORK, a_person, changed, found

NAME = "north.example/witness"


@pytest.fixture
def officer(database: Engine) -> Principal:
    return a_person("north", roles=(Role.SECURITY_OFFICER,))


def ago(minutes: float) -> datetime:
    return datetime.now(UTC) - timedelta(minutes=minutes)


def a_witness(officer: Principal, *, size: int, seen: float | None) -> None:
    """A witness that saw a checkpoint of `size` so many minutes ago."""
    row = {
        "name": NAME, "key": NAME, "agency_id": officer.agency_id, "size": size,
        "seen_at": None if seen is None else ago(seen),
    }  # fmt: skip
    changed(insert(AuditWitness).values(row))


def signed(size: int, minutes: float) -> None:
    changed(insert(AuditCheckpoint).values(size=size, note="", signed_at=ago(minutes)))


def told() -> list[Any]:
    with transaction() as tx:
        lagging.tell(tx)
    return list(found(select(AuditPending.__table__).where(AuditPending.act == "witness.behind")))


def caught_up(size: int, minutes: float) -> None:
    changed(update(AuditWitness).values(size=size, seen_at=ago(minutes)))


def test_it_is_told_with_whose_it_is(officer: Principal) -> None:
    a_witness(officer, size=3, seen=11)
    signed(8, 10.5)
    [row] = told()
    assert (row.object_kind, row.object_id, row.object_agency_id) == ("witness", NAME, officer.agency_id)
    assert (row.subject_id, row.outcome, row.detail) == (None, "failed", {"size": 3})


def test_it_is_told_once_also_after_it_got_its_number(officer: Principal) -> None:
    a_witness(officer, size=3, seen=11)
    signed(8, 10.5)
    assert [len(told()), len(told())] == [1, 1]
    with transaction() as tx:
        sequencer.sequence(tx)
    assert told() == []


def test_after_it_has_caught_up_it_can_fall_behind_again(officer: Principal) -> None:
    a_witness(officer, size=3, seen=40)
    signed(8, 39)
    told()
    changed(update(AuditPending).values(at=ago(30)))
    caught_up(8, 20)
    assert len(told()) == 1
    signed(9, 15)
    assert len(told()) == 2


def test_one_that_was_seen_lately_is_not_behind(officer: Principal) -> None:
    a_witness(officer, size=3, seen=9)
    signed(8, 30)
    assert told() == []


def test_one_that_saw_everything_is_not_behind(officer: Principal) -> None:
    a_witness(officer, size=8, seen=60)
    signed(8, 60)
    assert told() == []


def test_after_a_quiet_hour_a_new_checkpoint_is_no_delay_yet(officer: Principal) -> None:
    a_witness(officer, size=8, seen=60)
    signed(8, 60)
    signed(9, 1)
    assert told() == []


@pytest.mark.parametrize(("minutes", "count"), [(5, 0), (11, 1)])
def test_one_that_never_came_has_as_long_from_when_it_was_registered(
    officer: Principal, minutes: float, count: int
) -> None:
    signed(8, 60)
    a_witness(officer, size=0, seen=None)
    with transaction() as tx:
        target = audit.Target("witness", NAME, officer.agency_id)
        audit.record(tx, "witness.register", target, actor=officer, context=AT_WORK)
    changed(update(AuditPending).where(AuditPending.act == "witness.register").values(at=ago(minutes)))
    assert len(told()) == count
    assert len(told()) == count
