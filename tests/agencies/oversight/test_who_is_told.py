"""Whoever has something to do in the officer's room hears of it, and nobody else does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, select

from agencies.models import Notice
from agencies.oversight import requests, reviews
from marketplace.foundation.db import transaction
from security.principal import Principal, Role
from tests.agencies.oversight.looking_up import a_second, asked, declined, granted
from tests.agencies.people_at_work import an_admin
from tests.builders import AT_WORK, a_person, found


def an_officer(agency: str = "north") -> Principal:
    return a_person(agency, roles=(Role.SECURITY_OFFICER,))


@pytest.fixture
def officer(database: Engine) -> Principal:
    return an_officer()


def told(person: Principal) -> list[str]:
    chosen = select(Notice.kind).where(Notice.person_id == person.person_id).order_by(Notice.place)
    return [row.kind for row in found(chosen)]


def test_a_look_up_is_told_to_those_who_may_answer_it(officer: Principal) -> None:
    second, colleague, stranger = a_second(), an_officer(), a_second("south")
    asked(officer, a_person("north"))
    assert [told(each) for each in (officer, second, colleague, stranger)] == [
        [],
        ["look_up.waits"],
        ["look_up.waits"],
        [],
    ]


def test_whom_a_look_up_is_about_does_not_hear_that_it_was_asked(officer: Principal) -> None:
    colleague = an_officer()
    asked(officer, colleague)
    assert told(colleague) == []


@pytest.mark.parametrize("answer", [granted, declined])
def test_whoever_asked_hears_of_the_answer(officer: Principal, answer: object) -> None:
    assert callable(answer)
    answer(asked(officer, a_person("north")), a_second())
    assert told(officer) == ["look_up.answered"]


def test_a_question_is_told_to_data_protection_of_the_agency(officer: Principal) -> None:
    maja, dora, other = a_person("north"), a_second(), a_second("south")
    with transaction() as tx:
        requests.ask(tx, actor=maja, context=AT_WORK)
    assert [told(each) for each in (maja, dora, other, officer)] == [[], ["data_request.waits"], [], []]


def test_a_review_is_told_to_those_who_decide_in_it(officer: Principal) -> None:
    admin, colleague, maja = an_admin("north"), an_officer(), a_person("north")
    with transaction() as tx:
        due = datetime.now(UTC).date() + timedelta(days=30)
        reviews.open_round(tx, due, actor=officer, context=AT_WORK)
    assert [told(each) for each in (officer, admin, colleague, maja)] == [
        [],
        ["review.opened"],
        ["review.opened"],
        [],
    ]
