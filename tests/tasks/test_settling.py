"""Settling: enough answers become one result with its trace, once."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import Engine, func, select, update

from agencies import notices
from marketplace.foundation import jobs
from marketplace.foundation.db import reading, transaction
from marketplace.foundation.jobs import Job
from security.principal import Principal
from tasks import settling
from tasks.models import (
    Campaign,
    CampaignProgress,
    Contribution,
    Microtask,
    Payload,
    PayloadSlot,
    Result,
    ResultPart,
)
from tests.builders import (
    a_campaign,
    a_claim,
    a_contribution,
    a_person,
    an_owner,
    changed,
    found,
    one,
    settled,
)


def answered(campaign: UUID, *values: str) -> list[UUID]:
    """One contribution per value, each by somebody else."""
    return [a_contribution(campaign, a_person("south"), value) for value in values]


def told(person: Principal) -> list[str]:
    with reading() as db:
        return [row.kind for row in notices.listing(db, person.person_id)]


def waiting_jobs(kind: str = "campaign.settle") -> int:
    count: int = one(select(func.count()).select_from(Job).where(Job.kind == kind, Job.state == jobs.READY))
    return count


def run_waiting(campaign: UUID, limit: int) -> None:
    """Do waiting jobs as the worker does, until none is left."""
    while True:
        ready = found(select(Job.id).where(Job.kind == "campaign.settle", Job.state == jobs.READY))
        if not ready:
            return
        with transaction() as tx:
            job = jobs.take(tx, ready[0].id)
        assert job is not None
        settled(campaign, limit=limit)
        with transaction() as tx:
            assert jobs.finish(tx, job)


class TestSettle:
    def test_infers_the_majority(self, database: Engine) -> None:
        campaign = a_campaign(items=1)
        answered(campaign, "bat", "bird", "bat")
        settled(campaign)
        assert one(select(Result.value)) == {"kind": "bat"}

    def test_keeps_agreement_rule_and_day(self, database: Engine) -> None:
        campaign = a_campaign(items=1)
        answered(campaign, "bat", "bird", "bat")
        settled(campaign)
        row = found(select(Result.__table__))[0]
        assert (row.agreeing, row.answers, row.tied, row.rule) == (2, 3, False, "majority-1")
        assert abs((row.settled_on - datetime.now(UTC).date()).days) <= 1

    def test_a_tie_is_said_aloud(self, database: Engine) -> None:
        campaign = a_campaign(items=1, redundancy=2)
        answered(campaign, "bat", "bird")
        settled(campaign)
        assert (one(select(Result.value)), one(select(Result.tied))) == ({"kind": "bird"}, True)

    def test_the_trace_leads_to_each_contribution(self, database: Engine) -> None:
        campaign = a_campaign(items=1)
        contributions = answered(campaign, "bat", "bird", "bat")
        settled(campaign)
        parts = [row.contribution_id for row in found(select(ResultPart.contribution_id))]
        assert sorted(parts) == sorted(contributions)

    def test_too_few_answers_are_waited_for(self, database: Engine) -> None:
        campaign = a_campaign(items=1)
        answered(campaign, "bat", "bird")
        assert settled(campaign) == 0

    def test_counts_progress(self, database: Engine) -> None:
        campaign = a_campaign(items=2, redundancy=1)
        answered(campaign, "bat")
        settled(campaign)
        assert (one(select(CampaignProgress.settled)), one(select(CampaignProgress.total))) == (1, 2)

    def test_leaves_other_campaigns_alone(self, database: Engine) -> None:
        owner = an_owner()
        here, elsewhere = (a_campaign(owner, items=1, redundancy=1) for _ in range(2))
        answered(elsewhere, "bat")
        assert settled(here) == 0

    def test_running_twice_changes_nothing(self, database: Engine) -> None:
        campaign = a_campaign(items=2, redundancy=1)
        answered(campaign, "bat", "bird")
        settled(campaign)
        before = found(select(Result.__table__).order_by(Result.microtask_id))
        assert settled(campaign) == 0
        assert found(select(Result.__table__).order_by(Result.microtask_id)) == before


class TestBatches:
    def test_a_full_batch_asks_for_the_next(self, database: Engine) -> None:
        campaign = a_campaign(items=3, redundancy=1)
        answered(campaign, "bat", "bird", "bat")
        with transaction() as tx:
            tx.execute(update(Job).values(state=jobs.DONE))
        settled(campaign, limit=2)
        assert waiting_jobs() == 1

    def test_batches_settle_everything_in_the_end(self, database: Engine) -> None:
        campaign = a_campaign(items=5, redundancy=1)
        answered(campaign, *["bat"] * 5)
        run_waiting(campaign, limit=2)
        assert one(select(CampaignProgress.settled)) == 5

    @pytest.mark.parametrize("items", [3, 4])
    def test_the_owner_is_told_once_at_the_end(self, database: Engine, items: int) -> None:
        """Also where the last batch happens to be full."""
        owner = an_owner()
        campaign = a_campaign(owner, items=items, redundancy=1)
        answered(campaign, *["bat"] * items)
        run_waiting(campaign, limit=2)
        assert told(owner) == ["campaign.settled"]


class TestOwnersNotice:
    def test_waits_for_the_last_item(self, database: Engine) -> None:
        owner = an_owner()
        campaign = a_campaign(owner, items=2, redundancy=1)
        answered(campaign, "bat")
        settled(campaign)
        assert told(owner) == []

    def test_waits_for_who_still_works(self, database: Engine) -> None:
        owner = an_owner()
        campaign = a_campaign(owner, items=2, redundancy=1)
        answered(campaign, "bat")
        a_claim(campaign, a_person())
        settled(campaign)
        assert told(owner) == []

    def test_comes_once_even_if_settling_runs_again(self, database: Engine) -> None:
        owner = an_owner()
        campaign = a_campaign(owner, items=1, redundancy=1)
        answered(campaign, "bat")
        settled(campaign)
        settled(campaign)
        assert told(owner) == ["campaign.settled"]


class TestSealed:
    def test_a_sensitive_result_is_sealed(self, database: Engine) -> None:
        campaign = a_campaign(items=1, redundancy=1, level="sensitive")
        answered(campaign, "bat")
        settled(campaign)
        assert one(select(Result.value)) is None
        assert one(select(Result.payload_id)) is not None

    def test_agreement_stays_readable_without_opening(self, database: Engine) -> None:
        campaign = a_campaign(items=1, level="sensitive")
        answered(campaign, "bat", "bat", "bird")
        settled(campaign)
        assert (one(select(Result.agreeing)), one(select(Result.answers))) == (2, 3)

    def test_an_answer_whose_key_is_gone_settles_nothing(self, database: Engine) -> None:
        campaign = a_campaign(items=1, redundancy=1, level="sensitive")
        answered(campaign, "bat")
        payload = one(select(Contribution.payload_id))
        changed(update(PayloadSlot).where(PayloadSlot.payload_id == payload).values(kind="recovery"))
        assert settled(campaign) == 0
        assert one(select(Microtask.undecided))

    def test_an_ordinary_campaign_seals_nothing(self, database: Engine) -> None:
        campaign = a_campaign(items=1, redundancy=1)
        answered(campaign, "bat")
        settled(campaign)
        assert found(select(Payload.id)) == []


class TestWhatWasLeft:
    """A job that did not decide is done all the same, and nobody answers any more who would record another."""

    def test_is_asked_for_again_and_settled_once_it_can_be(self, database: Engine) -> None:
        campaign = a_campaign(items=1, redundancy=1, level="sensitive")
        answered(campaign, "bat")
        payload = PayloadSlot.payload_id == one(select(Contribution.payload_id))
        changed(update(PayloadSlot).where(payload).values(kind="recovery"))
        run_waiting(campaign, 10)
        assert (waiting_jobs(), one(select(Microtask.undecided))) == (0, True)
        changed(update(PayloadSlot).where(payload).values(kind="campaign"))
        assert [asked_again(), asked_again(), waiting_jobs()] == [1, 1, 1]
        run_waiting(campaign, 10)
        assert (asked_again(), one(select(Microtask.undecided))) == (0, False)

    def test_is_nobodys_where_only_its_agency_can_open_it(self, database: Engine) -> None:
        campaign = a_campaign(items=1, redundancy=1, level="sensitive")
        answered(campaign, "bat")
        run_waiting(campaign, 0)
        changed(update(Microtask).values(undecided=True))
        changed(update(Campaign).values(protection="end_to_end"))
        assert (asked_again(), waiting_jobs()) == (0, 0)


def asked_again() -> int:
    with transaction() as tx:
        return settling.ask_again(tx)


def test_an_answer_that_cannot_be_opened_holds_up_only_its_own_item(database: Engine) -> None:
    posted, person = a_campaign(items=3, redundancy=1, level="sensitive"), a_person()
    for _ in range(3):
        a_contribution(posted, person)
    broken = one(select(Contribution.payload_id).limit(1))
    changed(update(Payload).where(Payload.id == broken).values(body=b"not an envelope"))
    assert settled(posted) == 2
    assert settled(posted) == 0
