"""Need-to-know: a campaign that exists only for those who were let in, while it lasts."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, select, update

from agencies.models import Membership, Person
from agencies.people_errors import NoLongerAMember, OwnAffair
from marketplace.foundation import clock
from marketplace.foundation.db import reading, transaction
from security.labels import Level
from security.log.models import AuditPending
from security.principal import Principal, Role
from tasks import facts, need_to_know
from tasks.errors import (
    BadDay,
    NobodyThere,
    NoSuchCampaign,
    NoSuchClaim,
    NotUnderNeedToKnow,
    NotYoursToGive,
)
from tasks.models import NeedToKnowGrant
from tests.builders import (
    AT_WORK,
    a_campaign,
    a_claim,
    a_person,
    an_answer,
    an_owner,
    changed,
    found,
    one,
)


def today() -> date:
    with reading() as db:
        return clock.now(db).date()


def email_of(person: Principal) -> str:
    return str(one(select(Person.email).where(Person.id == person.person_id)))


def let_in(campaign: UUID, person: Principal, by: Principal, days: int = 1, **given: Any) -> UUID:
    wanted = {
        "agency": person.agency_slug,
        "email": email_of(person),
        "until": today() + timedelta(days=days),
    }
    with transaction() as tx:
        return need_to_know.give(tx, campaign, **wanted | given, actor=by, context=AT_WORK)


def ended(campaign: UUID, person: Principal, by: Principal) -> None:
    with transaction() as tx:
        need_to_know.end(tx, campaign, person.membership_id, actor=by, context=AT_WORK)


def inside(campaign: UUID, by: Principal) -> list[str]:
    with reading() as db:
        listed = need_to_know.listing(db, campaign, actor=by, context=AT_WORK)
    return [row["name"] for row in listed["people"]]


def listed(by: Principal) -> list[dict[str, Any]]:
    with reading() as db:
        return need_to_know.campaigns(db, actor=by, context=AT_WORK)


def knows(campaign: UUID, person: Principal) -> bool:
    with reading() as db:
        try:
            facts.known(db, campaign, person, AT_WORK)
        except NoSuchCampaign:
            return False
        return True


@pytest.fixture
def owner(database: Engine) -> Principal:
    return an_owner("north")


@pytest.fixture
def campaign(owner: Principal) -> UUID:
    return a_campaign(owner, need_to_know=True)


class TestKnowing:
    def test_nobody_but_its_owner_knows_it(self, owner: Principal, campaign: UUID) -> None:
        assert knows(campaign, owner)
        assert not knows(campaign, an_owner("north"))
        assert not knows(campaign, a_person("south"))

    def test_who_was_let_in_knows_it(self, owner: Principal, campaign: UUID) -> None:
        person = a_person("south")
        let_in(campaign, person, owner)
        assert knows(campaign, person)

    def test_to_the_end_of_the_last_day(self, owner: Principal, campaign: UUID) -> None:
        person = a_person("south")
        let_in(campaign, person, owner, days=0)
        assert knows(campaign, person)
        changed(update(NeedToKnowGrant).values(until=today() - timedelta(days=1)))
        assert not knows(campaign, person)
        assert inside(campaign, owner) == []

    def test_being_let_in_lifts_no_clearance(self, database: Engine) -> None:
        owner = an_owner("north", clearance=Level.RESTRICTED)
        campaign = a_campaign(owner, need_to_know=True, level="restricted")
        person = a_person("south", clearance=Level.SENSITIVE)
        let_in(campaign, person, owner)
        assert not knows(campaign, person)

    def test_what_is_in_hand_is_gone_when_it_ends(self, owner: Principal, campaign: UUID) -> None:
        person = a_person("south")
        let_in(campaign, person, owner)
        claim = a_claim(campaign, person)
        ended(campaign, person, owner)
        with pytest.raises(NoSuchClaim):
            an_answer(claim, person)


class TestLettingIn:
    def test_who_is_in_is_listed(self, owner: Principal, campaign: UUID) -> None:
        let_in(campaign, a_person("south", name="Sam"), owner)
        let_in(campaign, a_person("west", name="Ann"), owner)
        assert inside(campaign, owner) == ["Ann", "Sam"]

    def test_again_changes_the_day(self, owner: Principal, campaign: UUID) -> None:
        person = a_person("south")
        let_in(campaign, person, owner, days=1)
        let_in(campaign, person, owner, days=9)
        assert [row.until for row in found(select(NeedToKnowGrant.until))] == [today() + timedelta(days=9)]

    def test_ending_twice_is_ending_once(self, owner: Principal, campaign: UUID) -> None:
        person = a_person("south")
        let_in(campaign, person, owner)
        ended(campaign, person, owner)
        ended(campaign, person, owner)
        acts = [row.act for row in found(select(AuditPending.act).order_by(AuditPending.id))]
        assert [act for act in acts if act.startswith("need_to_know")] == [
            "need_to_know.give",
            "need_to_know.end",
        ]

    def test_is_on_the_record_with_whom_and_for_what(self, owner: Principal, campaign: UUID) -> None:
        person = a_person("south")
        let_in(campaign, person, owner)
        row = found(select(AuditPending).where(AuditPending.act == "need_to_know.give"))[0]
        assert (row.subject_id, row.object_id, row.campaign_id) == (
            owner.subject_id,
            str(person.subject_id),
            campaign,
        )

    def test_the_security_officer_lets_in_without_knowing_it(self, campaign: UUID) -> None:
        officer, person = a_person("north", roles=(Role.SECURITY_OFFICER,)), a_person("south")
        let_in(campaign, person, officer)
        assert knows(campaign, person)
        assert not knows(campaign, officer)

    def test_an_owner_who_was_let_in_may_let_others_in(self, owner: Principal, campaign: UUID) -> None:
        second, person = an_owner("north"), a_person("south")
        let_in(campaign, second, owner)
        let_in(campaign, person, second)
        assert knows(campaign, person)


class TestList:
    def test_the_officer_finds_every_campaign_of_their_agency(self, owner: Principal, campaign: UUID) -> None:
        a_campaign(owner)
        a_campaign(an_owner("south"), need_to_know=True)
        let_in(campaign, a_person("south", name="Sam"), owner)
        (row,) = listed(a_person("north", roles=(Role.SECURITY_OFFICER,)))
        assert (row["id"], [person["name"] for person in row["people"]]) == (campaign, ["Sam"])

    def test_an_owner_finds_what_they_may_know(self, owner: Principal, campaign: UUID) -> None:
        second = an_owner("north")
        assert [row["id"] for row in listed(owner)] == [campaign]
        assert listed(second) == []
        let_in(campaign, second, owner)
        assert [row["id"] for row in listed(second)] == [campaign]

    def test_who_lets_nobody_in_finds_nothing(self, owner: Principal, campaign: UUID) -> None:
        person = a_person("north")
        let_in(campaign, person, owner)
        assert listed(person) == []

    @pytest.mark.parametrize(
        ("level", "told"), [("internal", True), ("sensitive", True), ("restricted", False)]
    )
    def test_a_name_is_told_as_far_as_the_clearance_reaches(
        self, database: Engine, level: str, told: bool
    ) -> None:
        campaign = a_campaign(
            an_owner("north", clearance=Level.RESTRICTED), need_to_know=True, level=level, name="Plan"
        )
        officer = a_person("north", roles=(Role.SECURITY_OFFICER,), clearance=Level.SENSITIVE)
        with reading() as db:
            one = need_to_know.listing(db, campaign, actor=officer, context=AT_WORK)
        for row in (one, *listed(officer)):
            assert (row["name"], row["level"]) == ("Plan" if told else None, level)


class TestRefused:
    def test_nobody_lets_themselves_in(self, campaign: UUID) -> None:
        officer = a_person("north", roles=(Role.SECURITY_OFFICER, Role.CONTRIBUTOR))
        with pytest.raises(OwnAffair):
            let_in(campaign, officer, officer)

    def test_who_may_not_know_it_finds_nothing(self, campaign: UUID) -> None:
        for stranger in (
            an_owner("north"),
            a_person("south"),
            a_person("south", roles=(Role.SECURITY_OFFICER,)),
        ):
            with pytest.raises(NoSuchCampaign):
                let_in(campaign, a_person("west"), stranger)

    def test_who_only_does_the_work_lets_nobody_in(self, owner: Principal, campaign: UUID) -> None:
        person = a_person("north")
        let_in(campaign, person, owner)
        with pytest.raises(NotYoursToGive):
            let_in(campaign, a_person("west"), person)

    def test_a_role_that_ended_meanwhile(self, owner: Principal, campaign: UUID) -> None:
        changed(update(Membership).where(Membership.id == owner.membership_id).values(ended_at=_now()))
        with pytest.raises(NoLongerAMember):
            let_in(campaign, a_person("west"), owner)

    @pytest.mark.parametrize("days", [-1, 366])
    def test_a_day_that_makes_no_sense(self, owner: Principal, campaign: UUID, days: int) -> None:
        with pytest.raises(BadDay):
            let_in(campaign, a_person("west"), owner, days=days)

    @pytest.mark.parametrize("given", [{"email": "nobody@agency.example"}, {"agency": "nowhere"}])
    def test_somebody_who_is_not_there(self, owner: Principal, campaign: UUID, given: dict[str, str]) -> None:
        with pytest.raises(NobodyThere):
            let_in(campaign, a_person("west"), owner, **given)

    def test_where_nobody_has_to_be_let_in(self, owner: Principal) -> None:
        with pytest.raises(NotUnderNeedToKnow):
            let_in(a_campaign(owner), a_person("west"), owner)


def _now() -> Any:
    with reading() as db:
        return clock.now(db)
