"""Any order of claiming, answering, giving back and lapsing keeps every place: a machine tries many orders."""

from __future__ import annotations

import contextlib
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Engine, delete, select

from marketplace.foundation.db import transaction
from security.principal import Principal
from tasks import claims
from tasks.errors import (
    AlreadyAnswered,
    AlreadyTaken,
    AlreadyYours,
    ClaimOver,
    NoMoreExtensions,
    NothingLeftToClaim,
)
from tasks.models import Claim, Contribution, Microtask, Participation
from tests.builders import (
    AT_WORK,
    a_campaign,
    a_claim,
    an_answer,
    given_back,
    item_of,
    lapsed,
    one,
    over,
    some_people,
)
from tests.tasks.invariants import assert_places_are_kept

PEOPLE = 4
ITEMS = 3


class Claiming(RuleBasedStateMachine):
    """A few people on a small campaign."""

    held = Bundle("held")
    people = st.integers(0, PEOPLE - 1)

    def __init__(self) -> None:
        super().__init__()
        self.persons = some_people(PEOPLE)
        self.campaign = a_campaign(items=ITEMS, redundancy=2, queue=self.queue)
        with transaction() as tx:
            rows = tx.all(select(Microtask.id).where(Microtask.campaign_id == self.campaign))
        self.items = sorted(row.id for row in rows)
        self.offered: set[tuple[UUID, UUID]] = set()

    queue = "listed"

    def had(self, person: Principal, item: UUID) -> bool:
        return (person.person_id, item) in self.offered

    def note(self, person: Principal, claim: UUID) -> tuple[UUID, int]:
        self.offered.add((person.person_id, item_of(claim)))
        return claim, self.persons.index(person)

    @rule(target=held, who=people)
    def take_the_next(self, who: int) -> tuple[UUID, int] | None:
        person = self.persons[who]
        try:
            claim = a_claim(self.campaign, person)
        except NothingLeftToClaim:
            left = [item for item in self.items if not self.had(person, item) and self.is_open(item)]
            assert left == [], "said that nothing is left while something was"
            return None
        assert not self.had(person, item_of(claim)), "offered again what the person had"
        return self.note(person, claim)

    @rule(target=held, who=people, which=st.integers(0, ITEMS - 1))
    def take_this(self, who: int, which: int) -> tuple[UUID, int] | None:
        person, item = self.persons[who], self.items[which]
        try:
            with transaction() as tx:
                claim = claims.claim_one(tx, item, actor=person, context=AT_WORK)
        except (AlreadyAnswered, AlreadyYours):
            assert self.had(person, item)
            return None
        except AlreadyTaken:
            assert not self.is_open(item)
            return None
        return self.note(person, claim)

    @rule(claim=held)
    def answer(self, claim: tuple[UUID, int] | None) -> None:
        if claim is not None:
            with contextlib.suppress(ClaimOver, AlreadyAnswered):
                an_answer(claim[0], self.persons[claim[1]])

    @rule(claim=held)
    def give_back(self, claim: tuple[UUID, int] | None) -> None:
        if claim is not None:
            with contextlib.suppress(ClaimOver):
                given_back(claim[0], self.persons[claim[1]])

    @rule(claim=held)
    def lapse(self, claim: tuple[UUID, int] | None) -> None:
        if claim is not None:
            lapsed(claim[0])

    @rule(claim=held)
    def let_the_time_pass(self, claim: tuple[UUID, int] | None) -> None:
        if claim is not None:
            over(claim[0])

    @rule(claim=held)
    def extend(self, claim: tuple[UUID, int] | None) -> None:
        if claim is not None:
            with contextlib.suppress(ClaimOver, NoMoreExtensions), transaction() as tx:
                claims.extend(tx, claim[0], actor=self.persons[claim[1]], context=AT_WORK)

    @rule(claim=consumes(held))
    def forget(self, claim: tuple[UUID, int] | None) -> None:
        """Nothing happens to this claim any more."""

    @invariant()
    def places_are_kept(self) -> None:
        assert_places_are_kept()

    def is_open(self, item: UUID) -> bool:
        return bool(one(select(Microtask.open).where(Microtask.id == item)))

    def teardown(self) -> None:
        with transaction() as tx:
            for table in (Contribution, Claim, Participation, Microtask):
                tx.execute(delete(table))


class ClaimingInAnyOrder(Claiming):
    """The same on a queue without an order."""

    queue = "any"


def run(machine: type[Claiming], examples: int, steps: int) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.parametrize("machine", [Claiming, ClaimingInAnyOrder])
def test_every_place_is_free_held_or_used_in_any_order_of_events(
    database: Engine, machine: type[Claiming]
) -> None:
    quick = database.dialect.name == "sqlite"
    run(machine, examples=12 if quick else 4, steps=25)
