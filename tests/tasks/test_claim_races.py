"""Several people, or one person in two tabs, at the same moment: the database decides, and decides once."""

from collections.abc import Callable
from threading import Event, Thread
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, func, select, update

from marketplace.foundation.db import transaction
from security.principal import Principal
from tasks import claims, contributions
from tasks.errors import AlreadyAnswered, AlreadyTaken, AlreadyYours, ClaimOver, NothingLeftToClaim
from tasks.models import Claim, Contribution, Microtask
from tests.builders import (
    AT_WORK,
    a_campaign,
    a_claim,
    a_person,
    an_answer,
    found,
    given_back,
    item_of,
    lapsed,
    one,
    over,
    some_people,
)
from tests.tasks.invariants import assert_places_are_kept
from tests.together import PATIENCE, losers, together, winners

CLAIMANTS = 40
ROUNDS = 3


def next_of(campaign: UUID, person: Principal) -> Callable[[], UUID]:
    return lambda: a_claim(campaign, person)


def this(item: UUID, person: Principal) -> Callable[[], UUID]:
    def claim() -> UUID:
        with transaction() as tx:
            return claims.claim_one(tx, item, actor=person, context=AT_WORK)

    return claim


def submitted(claim: UUID, person: Principal) -> Callable[[], UUID]:
    return lambda: an_answer(claim, person)


def released(claim: UUID, person: Principal) -> Callable[[], UUID]:
    return lambda: given_back(claim, person)


def extended(claim: UUID, person: Principal) -> Callable[[], None]:
    def extend() -> None:
        with transaction() as tx:
            claims.extend(tx, claim, actor=person, context=AT_WORK)

    return extend


def ended_due() -> int:
    with transaction() as tx:
        return claims.end_due(tx)


class TestLastPlace:
    @pytest.mark.parametrize("queue", ["listed", "any"])
    def test_forty_who_ask_for_the_next_give_one_winner(self, database: Engine, queue: str) -> None:
        campaign = a_campaign(items=1, redundancy=1, queue=queue)
        outcomes = together(*[next_of(campaign, person) for person in some_people(CLAIMANTS)])
        assert len(winners(outcomes)) == 1
        assert set(losers(outcomes)) == {NothingLeftToClaim}

    def test_forty_who_ask_for_this_item_give_one_winner(self, database: Engine) -> None:
        a_campaign(items=1, redundancy=1)
        item = one(select(Microtask.id))
        outcomes = together(*[this(item, person) for person in some_people(CLAIMANTS)])
        assert len(winners(outcomes)) == 1
        assert set(losers(outcomes)) == {AlreadyTaken}

    def test_the_losers_leave_nothing_behind(self, database: Engine) -> None:
        campaign = a_campaign(items=1, redundancy=1)
        together(*[next_of(campaign, person) for person in some_people(20)])
        assert one(select(func.count()).select_from(Claim)) == 1
        assert_places_are_kept()

    @pytest.mark.parametrize("queue", ["listed", "any"])
    def test_as_many_win_as_there_are_places(self, database: Engine, queue: str) -> None:
        """Nobody is told that nothing is left while a place is free."""
        campaign = a_campaign(items=4, redundancy=3, queue=queue)
        outcomes = together(*[next_of(campaign, person) for person in some_people(20)])
        assert len(winners(outcomes)) == 12
        assert_places_are_kept()

    def test_as_many_get_this_item_as_it_has_places(self, database: Engine) -> None:
        a_campaign(items=1, redundancy=5)
        item = one(select(Microtask.id))
        outcomes = together(*[this(item, person) for person in some_people(12)])
        assert len(winners(outcomes)) == 5

    def test_a_place_is_not_called_taken_because_its_item_is_being_written(self, database: Engine) -> None:
        """Somebody's answer to the same item is not committed yet; the item has places left all the time."""
        campaign, writer, person = a_campaign(items=1, redundancy=3), a_person(), a_person()
        claim, item = a_claim(campaign, writer), one(select(Microtask.id))
        outcome: list[Any] = []
        asking = Thread(target=lambda: outcome.extend(together(this(item, person))))
        with transaction() as tx:
            contributions.submit(tx, claim, {"kind": "bird"}, actor=writer, context=AT_WORK)
            asking.start()
            asking.join(0.2)
        asking.join(PATIENCE)
        assert losers(outcome) == []

    def test_next_does_not_give_up_because_the_last_item_is_being_written(self, database: Engine) -> None:
        campaign, writer, person = a_campaign(items=1, redundancy=3), a_person(), a_person()
        claim = a_claim(campaign, writer)
        outcome: list[Any] = []
        asking = Thread(target=lambda: outcome.extend(together(next_of(campaign, person))))
        with transaction() as tx:
            contributions.submit(tx, claim, {"kind": "bird"}, actor=writer, context=AT_WORK)
            asking.start()
            asking.join(0.2)
        asking.join(PATIENCE)
        assert losers(outcome) == []


class TestOnePersonTwice:
    def test_two_tabs_get_two_items(self, database: Engine) -> None:
        campaign, person = a_campaign(items=4), a_person()
        outcomes = together(*[next_of(campaign, person)] * 4)
        items = [item_of(claim) for claim in winners(outcomes)]
        assert len(set(items)) == len(items)
        assert set(losers(outcomes)) <= {NothingLeftToClaim, AlreadyYours}
        assert_places_are_kept()

    @pytest.mark.parametrize("queue", ["listed", "any"])
    def test_two_tabs_never_hold_one_item_twice(self, database: Engine, queue: str) -> None:
        campaign, person = a_campaign(items=1, redundancy=5, queue=queue), a_person()
        outcomes = together(*[next_of(campaign, person)] * 6)
        assert len(winners(outcomes)) == 1
        assert set(losers(outcomes)) <= {NothingLeftToClaim, AlreadyYours}
        assert_places_are_kept()

    def test_opening_this_item_in_two_tabs_opens_it_once(self, database: Engine) -> None:
        a_campaign(items=1, redundancy=5)
        person, item = a_person(), one(select(Microtask.id))
        outcomes = together(*[this(item, person)] * 6)
        assert len(winners(outcomes)) == 1
        assert set(losers(outcomes)) == {AlreadyYours}
        assert_places_are_kept()

    def test_two_answers_to_one_claim_leave_one(self, database: Engine) -> None:
        person = a_person()
        claim = a_claim(a_campaign(items=1), person)
        outcomes = together(*[submitted(claim, person)] * 6)
        assert len(winners(outcomes)) == 1
        assert set(losers(outcomes)) == {AlreadyAnswered}
        assert one(select(func.count()).select_from(Contribution)) == 1

    def test_two_late_answers_to_one_claim_leave_one(self, database: Engine) -> None:
        person = a_person()
        claim = lapsed(a_claim(a_campaign(items=1), person))
        outcomes = together(*[submitted(claim, person)] * 6)
        assert len(winners(outcomes)) == 1
        assert set(losers(outcomes)) == {AlreadyAnswered}
        assert_places_are_kept()

    def test_giving_back_in_two_tabs_frees_one_place(self, database: Engine) -> None:
        person = a_person()
        claim = a_claim(a_campaign(items=1, redundancy=2), person)
        outcomes = together(*[released(claim, person)] * 6)
        assert set(losers(outcomes)) <= {ClaimOver}
        assert one(select(Microtask.need)) == 2

    def test_extending_in_many_tabs_keeps_the_limit(self, database: Engine) -> None:
        person = a_person()
        claim = a_claim(a_campaign(items=1), person)
        together(*[extended(claim, person)] * 8)
        assert one(select(Claim.extensions)) == claims.MOST_EXTENSIONS


class TestTwoEndsOfOneClaim:
    """Whatever wins, the claim ends once, and places, claims and answers still add up."""

    @pytest.mark.parametrize("round_", range(ROUNDS))
    def test_submit_against_lapse(self, database: Engine, round_: int) -> None:
        person = a_person()
        claim = over(a_claim(a_campaign(items=1, redundancy=1), person))
        outcomes = together(submitted(claim, person), ended_due)
        assert losers(outcomes) == []
        assert one(select(Microtask.answers)) == 1
        assert_places_are_kept()

    @pytest.mark.parametrize("round_", range(ROUNDS))
    def test_submit_against_release(self, database: Engine, round_: int) -> None:
        person = a_person()
        claim = a_claim(a_campaign(items=1, redundancy=1), person)
        outcomes = together(submitted(claim, person), released(claim, person))
        assert losers(outcomes) == [ClaimOver]
        assert_places_are_kept()

    @pytest.mark.parametrize("round_", range(ROUNDS))
    def test_release_against_lapse(self, database: Engine, round_: int) -> None:
        person = a_person()
        claim = over(a_claim(a_campaign(items=1, redundancy=1), person))
        outcomes = together(released(claim, person), ended_due)
        assert set(losers(outcomes)) <= {ClaimOver}
        assert one(select(Microtask.need)) == 1
        assert_places_are_kept()

    @pytest.mark.parametrize("round_", range(ROUNDS))
    def test_extend_against_lapse(self, database: Engine, round_: int) -> None:
        """The time is over for both: extending is refused whether or not the slot was there first."""
        person = a_person()
        claim = over(a_claim(a_campaign(items=1), person))
        outcomes = together(extended(claim, person), ended_due)
        assert losers(outcomes) == [ClaimOver]
        assert_places_are_kept()

    def test_two_rounds_of_lapsing_end_each_claim_once(self, database: Engine) -> None:
        campaign = a_campaign(items=3, redundancy=3)
        for person in some_people(9):
            over(a_claim(campaign, person))
        assert sum(together(*[ended_due] * 4)) == 9
        assert [row.need for row in found(select(Microtask.need))] == [3, 3, 3]

    @pytest.mark.parametrize("round_", range(ROUNDS))
    def test_a_late_answer_against_the_next_claimant(self, database: Engine, round_: int) -> None:
        campaign, late, other = a_campaign(items=1, redundancy=1), a_person(), a_person()
        claim = lapsed(a_claim(campaign, late))
        outcomes = together(submitted(claim, late), next_of(campaign, other))
        assert len(winners(outcomes)) == 1
        assert_places_are_kept()

    @pytest.mark.parametrize("round_", range(ROUNDS))
    def test_a_late_answer_against_opening_the_item_again(self, database: Engine, round_: int) -> None:
        campaign, person = a_campaign(items=1, redundancy=2), a_person()
        claim = lapsed(a_claim(campaign, person))
        outcomes = together(submitted(claim, person), this(item_of(claim), person))
        assert len(winners(outcomes)) == 1
        assert set(losers(outcomes)) <= {ClaimOver, AlreadyAnswered}
        assert_places_are_kept()


def test_a_last_answer_while_others_finish_leaves_one_job_per_campaign(database: Engine) -> None:
    campaign = a_campaign(items=1, redundancy=8)
    people = some_people(8)
    held = [(a_claim(campaign, person), person) for person in people]
    outcomes = together(*[submitted(claim, person) for claim, person in held])
    assert losers(outcomes) == []
    assert one(select(Microtask.answers)) == 8
    assert_places_are_kept()


def test_a_scramble_of_everything_keeps_the_places(database: Engine) -> None:
    """Ten people claim, answer, give back and lapse at once, for a few rounds."""
    campaign = a_campaign(items=3, redundancy=3, queue="any")
    stop = Event()

    def work(person: Principal, turn: int) -> None:
        for step in range(4):
            if stop.is_set():
                return
            try:
                claim = a_claim(campaign, person)
            except (NothingLeftToClaim, AlreadyYours):
                continue
            if (turn + step) % 3 == 0:
                given_back(claim, person)
            elif (turn + step) % 3 == 1:
                with transaction() as tx:
                    tx.execute(update(Claim).where(Claim.id == claim).values(expires_at=claims.clock.now(tx)))
                    claims.end_due(tx)
            else:
                an_answer(claim, person)

    people = some_people(10)
    outcomes = together(
        *[lambda person=person, turn=turn: work(person, turn) for turn, person in enumerate(people)]
    )
    assert losers(outcomes) == []
    assert_places_are_kept()
