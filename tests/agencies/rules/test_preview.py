"""Counting who could still do something: by the works council's leave, never about few."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine

from agencies.errors import NumberNotApproved
from agencies.numbers import register
from agencies.rules import preview
from agencies.rules.preview import OwnPeople, Reach
from marketplace.foundation.db import reading, transaction
from security.access.rules import RuleSet
from security.labels import Level
from security.principal import Principal, Role
from tests.builders import AT_WORK, a_person, some_people

OFFICE = preview.circumstances("office", "managed", "multi", 0)
HOME = preview.circumstances("home", "managed", "multi", 0)
TASK = preview.a_task("north", "internal")


def rules(*musts: Any) -> RuleSet:
    given = [
        {"id": f"r{at}", "does": ["claim"], "must": must, "reason": {"en": "So."}, "remedy": "ask_owner"}
        for at, must in enumerate(musts)
    ]
    return RuleSet.parse({"format": "marketplace-rules-1", "agency": "north", "rules": given})


ONLY_OFFICE = rules({"is": ["context.zone", "office"]})
ONLY_CLEARED = rules({"at_least": ["principal.clearance", "sensitive"]})


@pytest.fixture
def council(database: Engine) -> Principal:
    return a_person("north", roles=(Role.WORKS_COUNCIL,), clearance=Level.PUBLIC)


def approved(council: Principal) -> None:
    with transaction() as tx:
        register.approve(tx, preview.QUESTION, actor=council, context=AT_WORK)


def reach(council: Principal, old: RuleSet, new: RuleSet, how: Any = OFFICE) -> Reach:
    with reading() as db:
        return OwnPeople(db, council.agency_id).reach(old, new, "claim", how, TASK)


def test_nothing_is_counted_without_the_councils_leave(council: Principal) -> None:
    some_people(12, "north")
    with reading() as db:
        assert OwnPeople(db, council.agency_id).k is None
    with pytest.raises(NumberNotApproved):
        reach(council, rules(), ONLY_OFFICE)


def test_many_who_lose_something_are_counted_in_steps(council: Principal) -> None:
    approved(council)
    some_people(23, "north")
    assert reach(council, rules(), ONLY_OFFICE, HOME) == Reach(25, None, True, 10)
    assert reach(council, rules(), ONLY_OFFICE) == Reach(25, 25, False, 10)


@pytest.mark.parametrize("cleared", [13, 14, 22])
def test_a_change_of_few_looks_like_no_change(council: Principal, cleared: int) -> None:
    approved(council)
    some_people(cleared, "north")
    unmoved = reach(council, rules(), rules())
    some_people(5, "north", clearance=Level.INTERNAL)
    seen = reach(council, rules(), ONLY_CLEARED)
    assert seen.before == seen.after
    assert not seen.moved
    assert unmoved.before == unmoved.after


def test_few_people_are_not_counted_at_all(council: Principal) -> None:
    approved(council)
    some_people(9, "north")
    assert reach(council, rules(), ONLY_OFFICE, HOME) == Reach(None, None, False, 10)


def test_people_of_other_agencies_do_not_count(council: Principal) -> None:
    approved(council)
    some_people(30, "south")
    assert reach(council, rules(), rules()).before is None


def test_who_may_not_by_the_marketplaces_own_rules_is_not_counted(council: Principal) -> None:
    approved(council)
    some_people(20, "north", roles=(Role.OPERATOR,))
    assert reach(council, rules(), rules()).before is None
