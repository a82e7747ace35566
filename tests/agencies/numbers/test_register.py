"""One door for numbers: nothing is counted that was not agreed to, and nothing shown about a few."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, insert, select
from sqlalchemy.exc import IntegrityError

from agencies.errors import NotPermitted, NumberNotApproved, UnknownNumber
from agencies.numbers import guard, questions, register
from agencies.numbers.models import NumberApproval, NumberCell, released
from agencies.numbers.questions import Question
from marketplace.foundation.db import reading, transaction
from security.log.models import AuditPending
from security.principal import Principal, Role
from tasks import numbers
from tests.builders import (
    AT_WORK,
    a_campaign,
    a_contribution,
    a_person,
    an_owner,
    changed,
    found,
    some_people,
)


@pytest.fixture
def council(database: Engine) -> Principal:
    return a_person("north", roles=(Role.WORKS_COUNCIL,))


def approved(council: Principal, code: str, **given: Any) -> None:
    with transaction() as tx:
        register.approve(tx, code, actor=council, context=AT_WORK, **given)


def counted(council: Principal) -> None:
    with transaction() as tx:
        numbers.count(tx, council.agency_id)


def shown(council: Principal, code: str) -> Sequence[tuple[str, int]]:
    with reading() as db:
        rows = register.listing(db, council.agency_id)
    return [(cell["cell"], cell["people"]) for row in rows if row["code"] == code for cell in row["cells"]]


def test_nothing_is_counted_before_the_works_council_agrees(council: Principal) -> None:
    some_people(20, "north")
    counted(council)
    assert found(select(NumberCell.code)) == []


def test_an_approved_number_is_shown_in_steps_of_five(council: Principal) -> None:
    some_people(21, "north")  # and the works council makes 22
    approved(council, "members")
    counted(council)
    assert shown(council, "members") == [("all", 20)]


def test_fewer_than_k_people_are_not_shown(council: Principal) -> None:
    some_people(8, "north")
    approved(council, "members")
    counted(council)
    assert shown(council, "members") == []


def test_a_part_with_few_people_is_not_shown_beside_the_others(council: Principal) -> None:
    some_people(12, "north")
    some_people(3, "north", roles=(Role.APPRAISER,))
    approved(council, "roles")
    counted(council)
    assert shown(council, "roles") == [("contributor", 10)]


def test_one_person_more_is_not_seen_in_the_number(council: Principal) -> None:
    some_people(21, "north")
    approved(council, "members")
    counted(council)
    before = shown(council, "members")
    some_people(9, "north")
    counted(council)
    assert shown(council, "members") == before


def test_a_withdrawn_number_is_deleted_at_once(council: Principal) -> None:
    some_people(12, "north")
    approved(council, "members")
    counted(council)
    with transaction() as tx:
        register.withdraw(tx, "members", actor=council, context=AT_WORK)
    assert found(select(NumberCell.code)) == []
    assert shown(council, "members") == []


def test_another_wording_of_the_question_needs_a_new_agreement(
    council: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    some_people(12, "north")
    approved(council, "members")
    counted(council)
    monkeypatch.setitem(questions.QUESTIONS, "members", Question("Who is fast?", "To rank them."))  # type: ignore[arg-type]
    with reading() as db:
        assert register.approved(db, council.agency_id) == {}


def test_one_agency_s_agreement_counts_nobody_of_another(council: Principal) -> None:
    other = a_person("south", roles=(Role.WORKS_COUNCIL,))
    some_people(12, "north")
    some_people(12, "south")
    approved(council, "members")
    for each in (council, other):
        counted(each)
    assert shown(other, "members") == []


def test_only_a_works_council_agrees(council: Principal) -> None:
    admin = a_person("north", roles=(Role.AGENCY_ADMIN,))
    with pytest.raises(NotPermitted):
        approved(admin, "members")


def test_nobody_can_agree_to_a_question_that_is_not_in_the_register(council: Principal) -> None:
    with pytest.raises(UnknownNumber):
        approved(council, "fastest_people")


def test_agreeing_to_a_smaller_group_than_ten_is_not_possible(council: Principal) -> None:
    approved(council, "members", k=3)
    assert found(select(NumberApproval.k)) == [(10,)]
    with pytest.raises(IntegrityError):
        changed(NumberApproval.__table__.update().values(k=9))


def test_agreeing_and_withdrawing_are_on_the_record(council: Principal) -> None:
    approved(council, "members")
    with transaction() as tx:
        register.withdraw(tx, "members", actor=council, context=AT_WORK)
    acts = [row.act for row in found(select(AuditPending.act).order_by(AuditPending.id))]
    assert acts[-2:] == ["number.approve", "number.withdraw"]


def test_a_count_of_the_moment_needs_an_agreement_too(council: Principal) -> None:
    with reading() as db, pytest.raises(NumberNotApproved):
        register.guarded(db, council.agency_id, "rules_preview", 40)
    approved(council, "rules_preview")
    with reading() as db:
        assert register.guarded(db, council.agency_id, "rules_preview", 43) == 45
        assert register.guarded(db, council.agency_id, "rules_preview", 9) is None


def test_contributing_counts_people_and_not_answers(council: Principal) -> None:
    people = some_people(11, "north")
    campaign = a_campaign(an_owner("south"), items=2, redundancy=12)
    for person in people:
        a_contribution(campaign, person)
        a_contribution(campaign, person)
    for code in ("contributing", "contributing_elsewhere"):
        approved(council, code)
    counted(council)
    assert shown(council, "contributing") == [("all", 10)]
    assert shown(council, "contributing_elsewhere") == [("all", 10)]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(people=st.integers(0, 60), kept=st.integers(0, 60), k=st.integers(10, 20))
def test_the_view_says_what_the_pure_guard_says(council: Principal, people: int, kept: int, k: int) -> None:
    approved(council, "members", k=k)
    day = found(select(NumberApproval.approved_at))[0][0].date()
    row = {
        "agency_id": council.agency_id, "code": "members", "cell": "all", "day": day,
        "question": questions.QUESTIONS["members"].text, "people": people, "shown": kept,
    }  # fmt: skip
    changed(delete(NumberCell))
    changed(insert(NumberCell).values(row))
    expected = guard.released(kept, k) if people >= k else None
    assert [each.people for each in found(select(released.c.people))] == (
        [] if expected is None else [expected]
    )
