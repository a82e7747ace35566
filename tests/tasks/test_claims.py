"""Claims: taken, extended, given back, ended, on both databases."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, delete, func, select, update

from agencies import notices
from agencies.models import RoleGrant
from marketplace.foundation import clock
from marketplace.foundation.db import reading, transaction
from security.labels import Level
from security.principal import Principal, Role
from tasks import claims, leasing
from tasks.errors import (
    AlreadyAnswered,
    AlreadyTaken,
    AlreadyYours,
    ClaimOver,
    NoMoreExtensions,
    NoSuchCampaign,
    NoSuchClaim,
    NoSuchMicrotask,
    NotEligible,
    NothingLeftToClaim,
)
from tasks.models import Campaign, Claim, Microtask, Participation, QueuePlace
from tests.builders import (
    AT_WORK,
    a_campaign,
    a_claim,
    a_contribution,
    a_person,
    an_answer,
    an_owner,
    changed,
    found,
    given_back,
    item_of,
    lapsed,
    one,
    opened,
    over,
)

BEYOND = 10**9
"""A place in the queue behind every item."""

QUEUES = pytest.mark.parametrize("queue", ["listed", "any"])


def a_claim_on(microtask_id: UUID, person: Principal) -> UUID:
    with transaction() as tx:
        return claims.claim_one(tx, microtask_id, actor=person, context=AT_WORK)


def extended(claim_id: UUID, person: Principal) -> UUID:
    with transaction() as tx:
        claims.extend(tx, claim_id, actor=person, context=AT_WORK)
    return claim_id


def ended_due() -> int:
    with transaction() as tx:
        return claims.end_due(tx)


def items_of(campaign_id: UUID) -> list[UUID]:
    return [
        row.id
        for row in found(
            select(Microtask.id).where(Microtask.campaign_id == campaign_id).order_by(Microtask.number)
        )
    ]


def everything_next(campaign_id: UUID, person: Principal) -> list[UUID]:
    """The items that *next* gives until it has nothing more; each is answered."""
    given = []
    while True:
        try:
            claim_id = a_claim(campaign_id, person)
        except NothingLeftToClaim:
            return given
        given.append(item_of(claim_id))
        an_answer(claim_id, person)


class TestClaimNext:
    def test_gives_an_item_until_the_claim_period_is_over(self, database: Engine) -> None:
        campaign, person = a_campaign(claim_minutes=45), a_person()
        with transaction() as tx:
            claim_id = claims.claim_next(tx, campaign, actor=person, context=AT_WORK)
            now = clock.now(tx)
        assert one(select(Claim.expires_at).where(Claim.id == claim_id)) - now == timedelta(minutes=45)

    def test_a_listed_queue_is_given_in_order(self, database: Engine) -> None:
        campaign, person = a_campaign(items=4), a_person()
        assert everything_next(campaign, person) == items_of(campaign)

    @QUEUES
    def test_gives_every_item_exactly_once(self, database: Engine, queue: str) -> None:
        campaign, person = a_campaign(items=7, queue=queue), a_person()
        assert sorted(everything_next(campaign, person)) == sorted(items_of(campaign))

    @QUEUES
    def test_says_when_nothing_is_left(self, database: Engine, queue: str) -> None:
        campaign = a_campaign(items=1, redundancy=1, queue=queue)
        a_claim(campaign, a_person())
        with pytest.raises(NothingLeftToClaim):
            a_claim(campaign, a_person())

    @QUEUES
    def test_does_not_offer_again_what_was_given_back(self, database: Engine, queue: str) -> None:
        campaign, person = a_campaign(items=1, queue=queue), a_person()
        given_back(a_claim(campaign, person), person)
        with pytest.raises(NothingLeftToClaim):
            a_claim(campaign, person)

    @QUEUES
    def test_does_not_offer_again_what_lapsed(self, database: Engine, queue: str) -> None:
        campaign, person = a_campaign(items=1, queue=queue), a_person()
        lapsed(a_claim(campaign, person))
        with pytest.raises(NothingLeftToClaim):
            a_claim(campaign, person)

    @QUEUES
    def test_does_not_offer_again_what_was_answered_and_came_back(self, database: Engine, queue: str) -> None:
        """Somebody else's claim lapses: the item stands at the tail, behind this person's place."""
        campaign, person, other = a_campaign(items=1, queue=queue), a_person(), a_person()
        a_contribution(campaign, person)
        lapsed(a_claim(campaign, other))
        with pytest.raises(NothingLeftToClaim):
            a_claim(campaign, person)

    @QUEUES
    def test_offers_to_others_what_was_given_back(self, database: Engine, queue: str) -> None:
        campaign, first, second = a_campaign(items=1, redundancy=1, queue=queue), a_person(), a_person()
        claim = given_back(a_claim(campaign, first), first)
        assert item_of(a_claim(campaign, second)) == item_of(claim)

    def test_an_item_that_comes_back_stands_at_the_tail(self, database: Engine) -> None:
        campaign, first, second = a_campaign(items=3, redundancy=1), a_person(), a_person()
        given_back(a_claim(campaign, first), first)
        one_, two, three = items_of(campaign)
        assert everything_next(campaign, second) == [two, three, one_]

    def test_a_second_look_finds_what_was_skipped(self, database: Engine) -> None:
        """The person's place is already behind an item that they never had."""
        campaign, person = a_campaign(items=2), a_person()
        with reading() as db:
            beyond = db.scalar(select(func.max(Microtask.seq)))
        with transaction() as tx:
            tx.execute(
                QueuePlace.__table__.insert(),
                {"person_id": person.person_id, "campaign_id": campaign, "seq": beyond},
            )
        assert everything_next(campaign, person) == items_of(campaign)

    def test_a_second_look_leaves_the_place_where_it_was(self, database: Engine) -> None:
        campaign, person = a_campaign(items=2), a_person()
        with transaction() as tx:
            tx.execute(
                QueuePlace.__table__.insert(),
                {"person_id": person.person_id, "campaign_id": campaign, "seq": BEYOND},
            )
        a_claim(campaign, person)
        assert one(select(QueuePlace.seq)) == BEYOND

    @QUEUES
    def test_several_people_share_one_item(self, database: Engine, queue: str) -> None:
        campaign = a_campaign(items=1, redundancy=3, queue=queue)
        assert len({item_of(a_claim(campaign, a_person())) for _ in range(3)}) == 1

    def test_nothing_is_left_of_another_campaign(self, database: Engine) -> None:
        owner = an_owner()
        a_campaign(owner, items=5)
        empty, person = a_campaign(owner, items=1), a_person()
        a_contribution(empty, person)
        with pytest.raises(NothingLeftToClaim):
            a_claim(empty, person)

    def test_an_unknown_campaign_is_no_campaign(self, database: Engine) -> None:
        with pytest.raises(NoSuchCampaign):
            a_claim(uuid4(), a_person())

    def test_a_hidden_campaign_looks_like_an_unknown_one(self, database: Engine) -> None:
        campaign = a_campaign(an_owner(clearance=Level.RESTRICTED), level="restricted")
        with pytest.raises(NoSuchCampaign):
            a_claim(campaign, a_person(clearance=Level.SENSITIVE))

    def test_a_closed_campaign_gives_its_reason(self, database: Engine) -> None:
        campaign = a_campaign()
        changed(update(Campaign).values(state="closed"))
        with pytest.raises(NotEligible) as refused:
            a_claim(campaign, a_person())
        assert [reason.code for reason in refused.value.facts["reasons"]] == ["closed"]

    def test_a_role_that_ended_since_the_person_was_read_does_not_act(self, database: Engine) -> None:
        campaign, person = a_campaign(), a_person()
        with transaction() as tx:
            tx.execute(update(RoleGrant).values(until=clock.now(tx)))
        with pytest.raises(NotEligible):
            a_claim(campaign, person)

    def test_a_refused_claim_changes_nothing(self, database: Engine) -> None:
        campaign, person = a_campaign(), a_person()
        changed(delete(RoleGrant).where(RoleGrant.membership_id == person.membership_id))
        with pytest.raises(NotEligible):
            a_claim(campaign, person)
        assert found(select(Claim.id)) == []


class TestClaimOne:
    def test_gives_this_very_item(self, database: Engine) -> None:
        campaign, person = a_campaign(items=3), a_person()
        wanted = items_of(campaign)[1]
        assert item_of(a_claim_on(wanted, person)) == wanted

    def test_opens_again_what_was_given_back(self, database: Engine) -> None:
        campaign, person = a_campaign(), a_person()
        item = item_of(given_back(a_claim(campaign, person), person))
        assert item_of(a_claim_on(item, person)) == item

    def test_opens_again_what_lapsed(self, database: Engine) -> None:
        campaign, person = a_campaign(), a_person()
        item = item_of(lapsed(a_claim(campaign, person)))
        assert item_of(a_claim_on(item, person)) == item

    def test_leaves_the_place_in_the_queue(self, database: Engine) -> None:
        campaign, person = a_campaign(items=3), a_person()
        a_claim_on(items_of(campaign)[2], person)
        assert item_of(a_claim(campaign, person)) == items_of(campaign)[0]

    def test_what_is_in_hand_already_is_yours(self, database: Engine) -> None:
        campaign, person = a_campaign(), a_person()
        item = item_of(a_claim(campaign, person))
        with pytest.raises(AlreadyYours):
            a_claim_on(item, person)

    def test_what_was_answered_is_answered(self, database: Engine) -> None:
        campaign, person = a_campaign(items=1), a_person()
        a_contribution(campaign, person)
        with pytest.raises(AlreadyAnswered):
            a_claim_on(items_of(campaign)[0], person)

    def test_what_has_no_place_is_taken(self, database: Engine) -> None:
        campaign = a_campaign(items=1, redundancy=1)
        item = item_of(a_claim(campaign, a_person()))
        with pytest.raises(AlreadyTaken):
            a_claim_on(item, a_person())

    def test_an_unknown_item_is_no_item(self, database: Engine) -> None:
        with pytest.raises(NoSuchMicrotask):
            a_claim_on(uuid4(), a_person())

    def test_an_item_of_a_hidden_campaign_looks_like_none(self, database: Engine) -> None:
        campaign = a_campaign(an_owner(clearance=Level.RESTRICTED), level="restricted")
        with pytest.raises(NoSuchMicrotask):
            a_claim_on(items_of(campaign)[0], a_person())


class TestAnyOrder:
    def test_an_item_that_comes_back_hides_none_of_the_others(self, database: Engine) -> None:
        campaign, person, other = a_campaign(items=30, redundancy=1, queue="any"), a_person(), a_person()
        a_campaign(items=200)  # the shared sequence goes on: a returned item's place lies far behind
        given_back = a_claim(campaign, other)
        with transaction() as tx:
            claims.release(tx, given_back, actor=other, context=AT_WORK)
        assert len({a_claim(campaign, person) for _ in range(30)}) == 30


class TestExtend:
    def test_keeps_the_claim_for_another_period_from_now(self, database: Engine) -> None:
        campaign, person = a_campaign(claim_minutes=30), a_person()
        claim = a_claim(campaign, person)
        with transaction() as tx:
            claims.extend(tx, claim, actor=person, context=AT_WORK)
            now = clock.now(tx)
        assert one(select(Claim.expires_at)) - now == timedelta(minutes=30)

    def test_works_as_often_as_promised(self, database: Engine) -> None:
        person = a_person()
        claim = a_claim(a_campaign(), person)
        for _ in range(claims.MOST_EXTENSIONS):
            extended(claim, person)
        assert one(select(Claim.extensions)) == claims.MOST_EXTENSIONS

    def test_and_no_oftener(self, database: Engine) -> None:
        person = a_person()
        claim = a_claim(a_campaign(), person)
        for _ in range(claims.MOST_EXTENSIONS):
            extended(claim, person)
        with pytest.raises(NoMoreExtensions):
            extended(claim, person)

    def test_a_claim_whose_time_is_over_is_over(self, database: Engine) -> None:
        person = a_person()
        claim = over(a_claim(a_campaign(), person))
        with pytest.raises(ClaimOver):
            extended(claim, person)

    @pytest.mark.parametrize("end", [an_answer, given_back, lambda claim, _: lapsed(claim)])
    def test_a_claim_that_ended_is_over(self, database: Engine, end: Any) -> None:
        person = a_person()
        claim = a_claim(a_campaign(), person)
        end(claim, person)
        with pytest.raises(ClaimOver):
            extended(claim, person)


class TestRelease:
    def test_frees_the_place(self, database: Engine) -> None:
        campaign, person = a_campaign(items=1, redundancy=1), a_person()
        given_back(a_claim(campaign, person), person)
        assert (one(select(Microtask.need)), one(select(Microtask.open))) == (1, True)

    def test_twice_is_the_same_as_once(self, database: Engine) -> None:
        campaign, person = a_campaign(items=1, redundancy=1), a_person()
        given_back(given_back(a_claim(campaign, person), person), person)
        assert one(select(Microtask.need)) == 1

    def test_a_claim_whose_time_is_over_can_still_be_given_back(self, database: Engine) -> None:
        person = a_person()
        given_back(over(a_claim(a_campaign(), person)), person)
        assert one(select(Claim.ended)) == "given_back"

    def test_what_was_answered_cannot_be_given_back(self, database: Engine) -> None:
        person = a_person()
        claim = a_claim(a_campaign(), person)
        an_answer(claim, person)
        with pytest.raises(ClaimOver):
            given_back(claim, person)

    def test_what_lapsed_cannot_be_given_back(self, database: Engine) -> None:
        person = a_person()
        claim = lapsed(a_claim(a_campaign(), person))
        with pytest.raises(ClaimOver):
            given_back(claim, person)


class TestEndDue:
    def test_an_expired_claim_frees_the_microtask(self, database: Engine) -> None:
        campaign = a_campaign(items=1, redundancy=1)
        claim = lapsed(a_claim(campaign, a_person()))
        assert item_of(a_claim(campaign, a_person())) == item_of(claim)

    def test_leaves_claims_whose_time_is_not_over(self, database: Engine) -> None:
        a_claim(a_campaign(), a_person())
        assert ended_due() == 0

    def test_says_how_many_there_were(self, database: Engine) -> None:
        campaign = a_campaign()
        for _ in range(2):
            over(a_claim(campaign, a_person()))
        assert ended_due() == 2

    def test_frees_every_place_of_one_item(self, database: Engine) -> None:
        campaign = a_campaign(items=1, redundancy=3)
        for _ in range(3):
            over(a_claim(campaign, a_person()))
        ended_due()
        assert one(select(Microtask.need)) == 3

    def test_a_second_round_finds_nothing(self, database: Engine) -> None:
        lapsed(a_claim(a_campaign(), a_person()))
        assert ended_due() == 0

    def test_tells_the_holder(self, database: Engine) -> None:
        person = a_person()
        lapsed(a_claim(a_campaign(), person))
        with reading() as db:
            assert [row.kind for row in notices.listing(db, person.person_id)] == ["claim.lapsed"]

    def test_a_bounded_round_leaves_the_rest_for_the_next(self, database: Engine) -> None:
        campaign = a_campaign()
        for _ in range(3):
            over(a_claim(campaign, a_person()))
        with transaction() as tx:
            assert len(leasing.lapse(tx, limit=2)) == 2
        assert ended_due() == 1


class TestOpenItem:
    def test_shows_the_item_to_its_holder(self, database: Engine) -> None:
        person = a_person()
        assert opened(a_claim(a_campaign(), person), person) == {"entry": "Entry 1"}

    @pytest.mark.parametrize(
        "end", [an_answer, given_back, lambda claim, _: lapsed(claim), lambda claim, _: over(claim)]
    )
    def test_shows_nothing_once_the_claim_is_over(self, database: Engine, end: Any) -> None:
        person = a_person()
        claim = a_claim(a_campaign(), person)
        end(claim, person)
        with pytest.raises(ClaimOver):
            opened(claim, person)

    def test_shows_nothing_once_the_role_has_ended(self, database: Engine) -> None:
        person = a_person()
        claim = a_claim(a_campaign(), person)
        with transaction() as tx:
            tx.execute(update(RoleGrant).values(until=clock.now(tx)))
        with pytest.raises(NotEligible):
            opened(claim, person)


class TestForeignClaims:
    """Somebody else's claim looks like one that does not exist, whatever is asked of it."""

    @pytest.mark.parametrize("act", [extended, given_back, opened, an_answer])
    def test_look_absent(self, database: Engine, act: Any) -> None:
        claim = a_claim(a_campaign(), a_person())
        with pytest.raises(NoSuchClaim):
            act(claim, a_person())

    @pytest.mark.parametrize("act", [extended, given_back, opened, an_answer])
    def test_say_what_an_unknown_one_says(self, database: Engine, act: Any) -> None:
        person, stranger = a_person(), a_person()
        claim = a_claim(a_campaign(), person)
        with pytest.raises(NoSuchClaim) as foreign:
            act(claim, stranger)
        with pytest.raises(NoSuchClaim) as unknown:
            act(uuid4(), stranger)
        assert (foreign.value.message, foreign.value.facts) == (unknown.value.message, unknown.value.facts)


class TestLiveIn:
    def test_finds_the_claim_to_go_on_with(self, database: Engine) -> None:
        campaign, person = a_campaign(), a_person()
        claim = a_claim(campaign, person)
        with reading() as db:
            assert claims.live_in(db, campaign, person) == claim

    def test_finds_nothing_once_its_time_is_over(self, database: Engine) -> None:
        campaign, person = a_campaign(), a_person()
        over(a_claim(campaign, person))
        with reading() as db:
            assert claims.live_in(db, campaign, person) is None

    def test_finds_nothing_of_others(self, database: Engine) -> None:
        campaign = a_campaign()
        a_claim(campaign, a_person())
        with reading() as db:
            assert claims.live_in(db, campaign, a_person()) is None


@pytest.mark.parametrize(
    ("end", "state"),
    [(an_answer, "answered"), (given_back, "given_back"), (lambda claim, _: lapsed(claim), "lapsed")],
)
def test_the_participation_says_what_became_of_it(database: Engine, end: Any, state: str) -> None:
    person = a_person()
    end(a_claim(a_campaign(), person), person)
    assert one(select(Participation.state)) == state


def test_only_contributors_may_claim(database: Engine) -> None:
    with pytest.raises(NotEligible):
        a_claim(a_campaign(), a_person(roles=(Role.SECURITY_OFFICER,)))
