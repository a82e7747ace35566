"""The timeline counts what the list shows: each entry once, in the bar of its moment, and nobody else's."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, delete, insert

from marketplace.foundation.db import reading, transaction
from security.log import queries, sequencer
from security.log.filtering import Filters
from security.log.models import AuditEntry, AuditPending
from security.log.queries import Bar
from security.principal import Principal, Role
from tests.builders import a_person, changed

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
QUARTER = timedelta(minutes=15)


@pytest.fixture
def people(database: Engine) -> dict[str, Principal]:
    """Somebody of three agencies, and an officer of `north`; what their joining wrote is gone."""
    found = {slug: a_person(slug) for slug in ("north", "south", "west")}
    found["officer"] = a_person("north", roles=(Role.SECURITY_OFFICER,))
    changed(delete(AuditPending))
    changed(delete(AuditEntry))
    return found


def acted(who: Principal, minutes: float, *, on: Principal | None = None, outcome: str = "done") -> None:
    """Somebody did something `minutes` after noon, perhaps on the data of another one's agency."""
    row = {
        "at": NOON + timedelta(minutes=minutes), "act": "payload.view", "outcome": outcome,
        "subject_id": who.subject_id, "agency_id": who.agency_id,
        "object_agency_id": (on or who).agency_id, "channel": "web",
    }  # fmt: skip
    changed(insert(AuditPending).values(row))


def counted(officer: Principal, asked: Filters | None = None, bars: int = 4) -> list[tuple[int, int]]:
    with transaction() as tx:
        sequencer.sequence(tx)
    with reading() as db:
        found = queries.timeline(db, asked or Filters(), NOON, NOON + bars * QUARTER, QUARTER, actor=officer)
    assert [bar.start for bar in found] == [NOON + at * QUARTER for at in range(bars)]
    return [(bar.done, bar.refused) for bar in found]


def test_an_entry_is_counted_in_the_bar_of_its_moment(people: dict[str, Principal]) -> None:
    for minutes in (0, 14.99, 15, 59.99):
        acted(people["north"], minutes)
    assert counted(people["officer"]) == [(2, 0), (1, 0), (0, 0), (1, 0)]


def test_what_lies_outside_is_not(people: dict[str, Principal]) -> None:
    acted(people["north"], -0.01)
    acted(people["north"], 60)
    assert counted(people["officer"]) == [(0, 0)] * 4


def test_refused_and_failed_are_counted_apart(people: dict[str, Principal]) -> None:
    for outcome in ("done", "refused", "failed"):
        acted(people["north"], 1, outcome=outcome)
    assert counted(people["officer"])[0] == (1, 2)


def test_an_act_of_ours_on_our_own_data_is_one_entry(people: dict[str, Principal]) -> None:
    acted(people["north"], 1, on=people["north"])
    acted(people["south"], 1, on=people["north"])
    assert counted(people["officer"])[0] == (2, 0)


def test_what_concerns_others_only_is_not_counted(people: dict[str, Principal]) -> None:
    acted(people["south"], 1, on=people["west"])
    acted(people["north"], 1, on=people["west"])
    assert counted(people["officer"])[0] == (1, 0)


def test_it_counts_what_was_searched_for(people: dict[str, Principal]) -> None:
    acted(people["north"], 1)
    acted(people["south"], 1, on=people["north"])
    asked = Filters(subject_id=people["south"].subject_id)
    assert counted(people["officer"], asked)[0] == (1, 0)
    assert counted(people["officer"], replace(asked, first=0, last=0))[0] == (0, 0)
    assert counted(people["officer"], replace(asked, first=1, last=1))[0] == (1, 0)


def test_a_last_bar_may_be_shorter(people: dict[str, Principal]) -> None:
    acted(people["north"], 16)
    with transaction() as tx:
        sequencer.sequence(tx)
    with reading() as db:
        until = NOON + timedelta(minutes=20)
        found = queries.timeline(db, Filters(), NOON, until, QUARTER, actor=people["officer"])
    assert found == [Bar(NOON, 0, 0), Bar(NOON + QUARTER, 1, 0)]
