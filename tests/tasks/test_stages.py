"""A campaign moves by named acts from stage to stage; until it is opened nobody outside its agency knows of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, func, select, update

from agencies.models import Notice
from marketplace.foundation import clock
from marketplace.foundation.db import reading, transaction
from security.labels import Level
from security.log.models import AuditPending
from security.principal import Principal, Role
from tasks import board, campaigns, claims, facts, queries, shredding
from tasks.errors import (
    BadRemark,
    NoSuchCampaign,
    NotEligible,
    NothingLeftToClaim,
    NotYoursToMove,
    Shredded,
    WrongStage,
)
from tasks.models import Campaign, Claim, Microtask
from tasks.stages import ACTS, Stage, offered
from tests.builders import (
    AT_WORK,
    a_campaign,
    a_claim,
    a_person,
    a_spec,
    an_answer,
    an_owner,
    found,
    one,
    rows,
)

ADMIN = (Role.AGENCY_ADMIN,)
RECORDED = {
    "submit": "campaign.submit",
    "withdraw": "campaign.withdraw",
    "approve": "campaign.approve",
    "send_back": "campaign.send_back",
    "discard": "campaign.discard",
    "pause": "campaign.pause",
    "resume": "campaign.resume",
    "close": "campaign.close",
    "cancel": "campaign.cancel",
}
"""What the record calls each act."""
REMARK = "Say what the results are for."


def posted(owner: Principal, *, draft: bool = False, **given: Any) -> UUID:
    """A campaign that nobody has opened."""
    with transaction() as tx:
        asked = (a_spec(**given), rows(2))
        return campaigns.post(tx, *asked, actor=owner, context=AT_WORK, draft=draft)


def moved(campaign_id: UUID, act: str, actor: Principal, remark: str = "") -> Stage:
    with transaction() as tx:
        return campaigns.move(tx, campaign_id, act, actor=actor, context=AT_WORK, remark=remark)


def stage_of(campaign_id: UUID) -> Stage:
    with reading() as db:
        return facts.campaign(db, campaign_id).stage


def put(campaign_id: UUID, stage: Stage) -> None:
    state = "open" if stage is Stage.OPEN else "closed"
    with transaction() as tx:
        tx.execute(update(Campaign).where(Campaign.id == campaign_id).values(stage=stage, state=state))


def on_the_board(person: Principal) -> list[UUID]:
    with reading() as db:
        shown = board.board(db, person, AT_WORK)
        return [row["id"] for row in shown["can"] + shown["away"]]


def knows(person: Principal, campaign_id: UUID) -> bool:
    with reading() as db:
        try:
            facts.known(db, campaign_id, person, AT_WORK)
        except NoSuchCampaign:
            return False
        return True


def told(person: Principal) -> list[str]:
    return [row.kind for row in found(select(Notice.kind).where(Notice.person_id == person.person_id))]


def described(campaign_id: UUID, person: Principal) -> dict[str, Any]:
    with reading() as db:
        return queries.described(db, campaign_id, person, AT_WORK)


class TestBeforeItIsOpened:
    def test_it_waits_and_nobody_can_take_it(self, database: Engine) -> None:
        campaign_id, colleague = posted(an_owner("harbour")), a_person("harbour")
        assert stage_of(campaign_id) is Stage.SUBMITTED
        assert on_the_board(colleague) == []
        with pytest.raises(NoSuchCampaign):
            a_claim(campaign_id, colleague)

    @pytest.mark.parametrize("stage", [Stage.DRAFT, Stage.SUBMITTED, Stage.DISCARDED])
    @pytest.mark.parametrize("agency", ["harbour", "railways"])
    @pytest.mark.parametrize("role", Role)
    def test_only_those_of_its_agency_who_prepare_and_oversee_know_of_it(
        self, database: Engine, role: Role, agency: str, stage: Stage
    ) -> None:
        campaign_id = posted(an_owner("harbour"))
        put(campaign_id, stage)
        inside = {Role.TASK_OWNER, Role.APPRAISER, Role.AGENCY_ADMIN, Role.SECURITY_OFFICER}
        person = a_person(agency, roles=(role,))
        assert knows(person, campaign_id) == (agency == "harbour" and role in inside)

    @pytest.mark.parametrize("role", [Role.TASK_OWNER, Role.CONTRIBUTOR])
    @pytest.mark.parametrize("agency", ["harbour", "railways"])
    def test_lists_leave_out_what_is_not_known(self, database: Engine, agency: str, role: Role) -> None:
        campaign_id = posted(an_owner("harbour"))
        person = a_person(agency, roles=(role,))
        with reading() as db:
            listed = [row["id"] for row in queries.campaigns_of(db, person, AT_WORK)]
        assert (campaign_id in listed) == (agency == "harbour" and role is Role.TASK_OWNER)
        assert on_the_board(person) == []

    def test_those_who_may_open_it_are_told(self, database: Engine) -> None:
        approver, low = (
            a_person("harbour", roles=ADMIN),
            a_person("harbour", roles=ADMIN, clearance=Level.PUBLIC),
        )
        owner = a_person("harbour", roles=(Role.TASK_OWNER, Role.AGENCY_ADMIN))
        posted(owner)
        assert (told(approver), told(low), told(owner)) == (["campaign.submit"], [], [])

    def test_its_owner_is_shown_that_nobody_is_cleared_to_open_it(self, database: Engine) -> None:
        owner = an_owner("harbour")
        a_person("harbour", roles=ADMIN, clearance=Level.PUBLIC)
        campaign_id = posted(owner)
        assert described(campaign_id, owner)["approvable"] is False
        a_person("harbour", roles=ADMIN)
        assert described(campaign_id, owner)["approvable"] is True

    def test_a_draft_is_submitted_when_its_owner_says_so(self, database: Engine) -> None:
        owner, approver = an_owner("harbour"), a_person("harbour", roles=ADMIN)
        campaign_id = posted(owner, draft=True)
        assert (stage_of(campaign_id), told(approver)) == (Stage.DRAFT, [])
        with transaction() as tx:
            today = clock.now(tx).date()
            tx.execute(update(Campaign).values(posted_on=today - timedelta(days=3)))
        assert moved(campaign_id, "submit", owner) is Stage.SUBMITTED
        assert told(approver) == ["campaign.submit"]
        with reading() as db:
            (row,) = campaigns.waiting(db, actor=approver, context=AT_WORK)
        assert row["submitted_on"] == today


class TestApproval:
    def test_opens_it_from_this_day_and_tells_its_owner(self, database: Engine) -> None:
        owner, approver = an_owner("harbour"), a_person("harbour", roles=ADMIN)
        person = a_person("railways")
        campaign_id = posted(owner)
        with transaction() as tx:
            yesterday = clock.now(tx).date() - timedelta(days=1)
            tx.execute(update(Campaign).values(posted_on=yesterday))
        assert moved(campaign_id, "approve", approver) is Stage.OPEN
        assert on_the_board(person) == [campaign_id]
        assert one(select(Campaign.posted_on)) == yesterday + timedelta(days=1)
        assert told(owner) == ["campaign.approve"]
        a_claim(campaign_id, person)

    def test_is_nobodys_for_their_own(self, database: Engine) -> None:
        owner = a_person("harbour", roles=(Role.TASK_OWNER, Role.AGENCY_ADMIN))
        campaign_id = posted(owner)
        with pytest.raises(NotYoursToMove) as refused:
            moved(campaign_id, "approve", owner)
        assert [reason.code for reason in refused.value.facts["reasons"]] == ["own_affair"]

    def test_sends_back_what_should_change_until_it_is_submitted_again(self, database: Engine) -> None:
        owner, approver = an_owner("harbour"), a_person("harbour", roles=ADMIN)
        campaign_id = posted(owner)
        assert moved(campaign_id, "send_back", approver, f" {REMARK} ") is Stage.DRAFT
        assert described(campaign_id, owner)["remark"] == REMARK
        assert told(owner) == ["campaign.send_back"]
        moved(campaign_id, "submit", owner)
        assert described(campaign_id, owner)["remark"] is None

    @pytest.mark.parametrize("remark", ["", "  \n", "x" * 2_001, "nul\x00"])
    def test_sends_nothing_back_without_a_sentence(self, database: Engine, remark: str) -> None:
        campaign_id, approver = posted(an_owner("harbour")), a_person("harbour", roles=ADMIN)
        with pytest.raises(BadRemark):
            moved(campaign_id, "send_back", approver, remark)
        assert stage_of(campaign_id) is Stage.SUBMITTED

    def test_of_two_at_once_the_second_is_told(self, database: Engine) -> None:
        campaign_id, approver = posted(an_owner("harbour")), a_person("harbour", roles=ADMIN)
        moved(campaign_id, "approve", approver)
        with pytest.raises(WrongStage):
            moved(campaign_id, "approve", approver)

    def test_waits_in_a_list_with_the_oldest_first(self, database: Engine) -> None:
        approver = a_person("harbour", roles=(Role.AGENCY_ADMIN, Role.TASK_OWNER))
        owner = an_owner("harbour", name="Ines")
        theirs, own = posted(owner), posted(approver)
        posted(owner, draft=True)
        posted(an_owner("railways"))
        with transaction() as tx:
            earlier = clock.now(tx).date() - timedelta(days=2)
            tx.execute(update(Campaign).where(Campaign.id == own).values(posted_on=earlier))
        with reading() as db:
            waiting = campaigns.waiting(db, actor=approver, context=AT_WORK)
        assert [(row["id"], row["yours"]) for row in waiting] == [(own, False), (theirs, True)]
        assert (waiting[1]["owner"], waiting[1]["items"]) == ("Ines", 2)

    def test_is_listed_for_approvers_only(self, database: Engine) -> None:
        with pytest.raises(NotYoursToMove), reading() as db:
            campaigns.waiting(db, actor=an_owner("harbour"), context=AT_WORK)


class TestActs:
    @pytest.mark.parametrize("stage", Stage)
    @pytest.mark.parametrize("act", ACTS)
    def test_leads_on_from_its_own_stages_only(self, database: Engine, act: str, stage: Stage) -> None:
        owner, approver = an_owner("harbour"), a_person("harbour", roles=ADMIN)
        campaign_id = posted(owner)
        put(campaign_id, stage)
        actor = owner if ACTS[act].by is Role.TASK_OWNER else approver
        known = described(campaign_id, actor)
        if stage in ACTS[act].come_from:
            assert act in known["acts"]
            assert moved(campaign_id, act, actor, REMARK) is stage_of(campaign_id) is ACTS[act].to
            assert one(select(Campaign.state)) == ("open" if ACTS[act].to is Stage.OPEN else "closed")
            acts = [row.act for row in found(select(AuditPending.act))]
            assert acts.count(RECORDED[act]) == 1
        else:
            assert act not in known["acts"]
            with pytest.raises(WrongStage):
                moved(campaign_id, act, actor, REMARK)
            assert stage_of(campaign_id) is stage

    @pytest.mark.parametrize("act", ACTS)
    @pytest.mark.parametrize(
        "actor",
        [
            lambda: a_person("harbour"),
            lambda: a_person("harbour", roles=(Role.APPRAISER,)),
            lambda: a_person("railways", roles=(Role.TASK_OWNER, Role.AGENCY_ADMIN)),
        ],
        ids=["contributor", "appraiser", "another-agency"],
    )
    def test_are_refused_to_everybody_else(
        self, database: Engine, act: str, actor: Callable[[], Principal]
    ) -> None:
        campaign_id = a_campaign(an_owner("harbour"))
        before = Stage.OPEN if Stage.OPEN in ACTS[act].come_from else min(ACTS[act].come_from)
        put(campaign_id, before)
        with pytest.raises((NotYoursToMove, NoSuchCampaign)):
            moved(campaign_id, act, actor(), REMARK)
        assert stage_of(campaign_id) is before

    def test_are_named_only_where_they_can_be_done(self, database: Engine) -> None:
        owner = an_owner("harbour")
        asked = (owner, owner.agency_id, owner.person_id)
        assert {stage: offered(stage, *asked) for stage in Stage} == {
            Stage.DRAFT: ["submit", "discard"],
            Stage.SUBMITTED: ["withdraw", "discard"],
            Stage.DISCARDED: [],
            Stage.OPEN: ["pause", "close", "cancel"],
            Stage.PAUSED: ["resume", "close", "cancel"],
            Stage.CLOSED: [],
            Stage.CANCELLED: [],
        }


class TestWhatBecomesOfWork:
    def test_paused_nobody_takes_more_and_what_is_in_hand_is_finished(self, database: Engine) -> None:
        owner, person = an_owner(), a_person()
        campaign_id = a_campaign(owner)
        claim_id = a_claim(campaign_id, person)
        moved(campaign_id, "pause", owner)
        with pytest.raises(NotEligible):
            a_claim(campaign_id, a_person())
        an_answer(claim_id, person)
        moved(campaign_id, "resume", owner)
        a_claim(campaign_id, a_person())

    def test_cancelled_what_is_in_hand_goes_back_and_people_are_told(self, database: Engine) -> None:
        owner, person = an_owner(), a_person()
        campaign_id = a_campaign(owner)
        a_claim(campaign_id, person)
        moved(campaign_id, "cancel", owner)
        assert one(select(func.count()).select_from(Claim).where(Claim.live)) == 0
        assert found(select(Microtask.need).distinct()) == [(3,)]
        assert told(person) == ["campaign.cancel"]
        with pytest.raises((NotEligible, NothingLeftToClaim)):
            a_claim(campaign_id, person)

    def test_cancelled_it_stays_known_to_those_who_did_it(self, database: Engine) -> None:
        owner, person = an_owner(), a_person()
        campaign_id = a_campaign(owner)
        moved(campaign_id, "cancel", owner)
        assert knows(person, campaign_id)

    def test_an_item_that_was_given_back_by_a_cancellation_is_no_longer_held(self, database: Engine) -> None:
        owner, person = an_owner(), a_person()
        campaign_id = a_campaign(owner)
        claim_id = a_claim(campaign_id, person)
        moved(campaign_id, "cancel", owner)
        with reading() as db:
            assert claims.mine(db, claim_id, person).ended == "given_back"

    def test_shredded_before_it_was_opened_it_stays_unknown(self, database: Engine) -> None:
        owner, person = an_owner("harbour"), a_person("harbour")
        campaign_id = posted(owner, level="sensitive")
        with transaction() as tx:
            shredding.shred_campaign(tx, campaign_id, actor=owner, context=AT_WORK)
        assert stage_of(campaign_id) is Stage.DISCARDED
        assert not knows(person, campaign_id)
        approver = a_person("harbour", roles=ADMIN)
        with pytest.raises(Shredded):
            moved(campaign_id, "approve", approver)

    @pytest.mark.parametrize("stage", [Stage.CANCELLED, Stage.CLOSED])
    def test_shredded_afterwards_it_ends_as_it_had_ended(self, database: Engine, stage: Stage) -> None:
        owner = an_owner()
        campaign_id = a_campaign(owner, level="sensitive")
        put(campaign_id, stage)
        with transaction() as tx:
            shredding.shred_campaign(tx, campaign_id, actor=owner, context=AT_WORK)
        assert stage_of(campaign_id) is stage

    def test_what_a_release_without_stages_closed_is_closed(self, database: Engine) -> None:
        campaign_id = a_campaign(an_owner())
        with transaction() as tx:
            tx.execute(update(Campaign).values(state="closed"))
        assert stage_of(campaign_id) is Stage.CLOSED
