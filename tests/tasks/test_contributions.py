"""Submitting: accepted with its claim, late while the place is free, otherwise refused with nothing changed."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, func, select, update

from agencies.models import RoleGrant
from marketplace.foundation import clock
from marketplace.foundation.db import transaction
from marketplace.foundation.jobs import Job
from tasks import claims, contributions
from tasks.errors import AlreadyAnswered, BadAnswer, ClaimOver, NotEligible
from tasks.models import Claim, Contribution, Microtask, Participation
from tests.builders import (
    AT_WORK,
    a_campaign,
    a_claim,
    a_contribution,
    a_person,
    an_answer,
    found,
    given_back,
    lapsed,
    one,
    over,
)


def everything() -> list[Any]:
    """The work tables as they are, to show that nothing changed."""
    tables = (Claim, Contribution, Microtask, Participation, Job)
    return [sorted(str(tuple(row)) for row in found(select(table.__table__))) for table in tables]


class TestSubmit:
    def test_counts_one_answer(self, database: Engine) -> None:
        a_contribution(a_campaign(items=1), a_person())
        assert (one(select(Microtask.answers)), one(select(Microtask.need))) == (1, 2)

    def test_keeps_the_answer_and_the_note(self, database: Engine) -> None:
        a_contribution(a_campaign(), a_person(), "bat", note="  Small wings. ")
        assert one(select(Contribution.answer)) == {"kind": "bat", "note": "Small wings."}

    def test_keeps_the_day(self, database: Engine) -> None:
        with transaction() as tx:
            today = clock.now(tx).date()
        a_contribution(a_campaign(), a_person())
        assert one(select(Contribution.day)) in (today, datetime.now(UTC).date())

    def test_ends_the_claim(self, database: Engine) -> None:
        a_contribution(a_campaign(), a_person())
        assert (one(select(Claim.live)), one(select(Claim.ended))) == (False, "submitted")

    def test_the_last_answer_asks_for_a_decision(self, database: Engine) -> None:
        campaign = a_campaign(items=1, redundancy=2)
        for _ in range(2):
            a_contribution(campaign, a_person())
        assert one(select(Microtask.undecided))
        assert [row.args for row in found(select(Job.args))] == [{"campaign_id": str(campaign)}]

    def test_before_the_last_answer_nothing_is_decided(self, database: Engine) -> None:
        a_contribution(a_campaign(items=1, redundancy=2), a_person())
        assert not one(select(Microtask.undecided))
        assert found(select(Job.id)) == []

    def test_many_last_answers_leave_one_job_waiting(self, database: Engine) -> None:
        campaign, person = a_campaign(items=3, redundancy=1), a_person()
        for _ in range(3):
            a_contribution(campaign, person)
        assert one(select(func.count()).select_from(Job)) == 1

    def test_a_claim_whose_time_is_over_but_which_nobody_ended_still_holds_its_place(
        self, database: Engine
    ) -> None:
        person = a_person()
        claim = over(a_claim(a_campaign(items=1, redundancy=1), person))
        an_answer(claim, person)
        assert one(select(Microtask.answers)) == 1

    def test_a_second_answer_to_the_same_claim_is_refused(self, database: Engine) -> None:
        person = a_person()
        claim = a_claim(a_campaign(), person)
        an_answer(claim, person)
        with pytest.raises(AlreadyAnswered):
            an_answer(claim, person)

    def test_what_was_given_back_cannot_be_answered(self, database: Engine) -> None:
        person = a_person()
        claim = given_back(a_claim(a_campaign(), person), person)
        with pytest.raises(ClaimOver):
            an_answer(claim, person)

    def test_a_role_that_ended_since_the_person_was_read_does_not_act(self, database: Engine) -> None:
        person = a_person()
        claim = a_claim(a_campaign(), person)
        with transaction() as tx:
            tx.execute(update(RoleGrant).values(until=clock.now(tx)))
        with pytest.raises(NotEligible):
            an_answer(claim, person)


class TestLateSubmit:
    def test_is_accepted_while_the_place_is_free(self, database: Engine) -> None:
        person = a_person()
        claim = lapsed(a_claim(a_campaign(items=1, redundancy=1), person))
        an_answer(claim, person)
        assert (one(select(Microtask.answers)), one(select(Microtask.need))) == (1, 0)

    def test_closes_the_item_when_it_takes_the_last_place(self, database: Engine) -> None:
        person = a_person()
        claim = lapsed(a_claim(a_campaign(items=1, redundancy=1), person))
        an_answer(claim, person)
        assert not one(select(Microtask.open))

    def test_is_refused_when_the_place_is_taken(self, database: Engine) -> None:
        campaign, person = a_campaign(items=1, redundancy=1), a_person()
        claim = lapsed(a_claim(campaign, person))
        a_claim(campaign, a_person())
        with pytest.raises(ClaimOver):
            an_answer(claim, person)

    def test_when_refused_changes_nothing(self, database: Engine) -> None:
        campaign, person = a_campaign(items=1, redundancy=1), a_person()
        claim = lapsed(a_claim(campaign, person))
        a_contribution(campaign, a_person())
        before = everything()
        with pytest.raises(ClaimOver):
            an_answer(claim, person)
        assert everything() == before

    def test_is_refused_when_the_item_is_in_hand_again(self, database: Engine) -> None:
        """The person took the item anew: the answer belongs to the new claim."""
        person = a_person()
        old = lapsed(a_claim(a_campaign(items=1), person))
        with transaction() as tx:
            claims.claim_one(tx, one(select(Microtask.id)), actor=person, context=AT_WORK)
        with pytest.raises(ClaimOver):
            an_answer(old, person)


BAD_ANSWERS = {
    "no answer": {},
    "an empty answer": {"kind": ""},
    "none of the options": {"kind": "whale"},
    "a list": {"kind": ["bird"]},
    "an object": {"kind": {"bird": 1}},
    "a number": {"kind": 1},
    "an unknown question": {"kind": "bird", "colour": "red"},
    "a note that is too long": {"kind": "bird", "note": "x" * 2_001},
    "a note that is no text": {"kind": "bird", "note": ["a"]},
    "a note that is false": {"kind": "bird", "note": False},
    "a note with NUL": {"kind": "bird", "note": "a\x00b"},
    "a note with half a character": {"kind": "bird", "note": "\ud800"},
    "no object": ["bird"],
    "nothing": None,
}


@pytest.mark.parametrize("answer", BAD_ANSWERS.values(), ids=BAD_ANSWERS.keys())
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_bad_answer_is_refused_with_its_place_and_changes_nothing(database: Engine, answer: Any) -> None:
    person = a_person()
    claim = a_claim(a_campaign(), person)
    before = everything()
    with pytest.raises(BadAnswer) as refused, transaction() as tx:
        contributions.submit(tx, claim, answer, actor=person, context=AT_WORK)
    assert refused.value.facts["errors"]
    assert everything() == before
