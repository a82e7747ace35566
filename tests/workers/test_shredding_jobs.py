"""What the clock and the workers shred, as they do it: a slot, then batches, to the last of a campaign."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, select, update

from agencies import device_keys
from agencies.oversight import erasure
from marketplace.foundation import jobs
from marketplace.foundation.db import reading, transaction
from marketplace.foundation.jobs import Job
from security.principal import Role
from tasks import facts, shredding
from tasks.models import Campaign, Contribution, Draft, Payload, PayloadSlot
from tests.agencies.oversight.test_erasure import left
from tests.builders import (
    AT_WORK,
    a_campaign,
    a_contribution,
    a_person,
    an_owner,
    changed,
    found,
    one,
)
from tests.tasks.test_drafts import Work
from workers import clock, run

YESTERDAY = datetime.now(UTC).date() - timedelta(days=1)


def work_off() -> list[str]:
    """Run every job that is due until nothing is; returns their kinds."""
    done = []
    while True:
        with reading() as db:
            waiting = list(jobs.due(db))
        if not waiting:
            return done
        for job in waiting:
            done.append(one(select(Job.kind).where(Job.id == job)))
            run.run(job)


class TestASlot:
    def test_shreds_what_is_over_to_the_last_batch_and_nothing_else(self, database: Engine) -> None:
        items = shredding.AT_ONCE + 1
        over = a_campaign(an_owner(), items=items, redundancy=1, level="sensitive")
        a_contribution(over, a_person())
        kept = a_campaign(an_owner(), items=1, redundancy=1, level="sensitive")
        changed(update(Campaign).where(Campaign.id == over).values(keep_until=YESTERDAY))
        with transaction() as tx:
            clock.record_slots(tx)
        done = work_off()
        assert done.count("campaign.shred") == 2
        with reading() as db:
            assert shredding.shredded_on(db, facts.campaign(db, over)) is not None
            assert shredding.shredded_on(db, facts.campaign(db, kept)) is None
        left_over = found(select(Payload.id).where(Payload.shredded_on.is_(None)))
        assert len(left_over) == 2, "the item and the key of the campaign that is kept"
        assert len(found(select(PayloadSlot.payload_id).distinct())) == 2

    def test_shreds_old_drafts(self, database: Engine) -> None:
        work = Work()
        work.saves()
        changed(update(Draft).values(keep_until=YESTERDAY))
        with transaction() as tx:
            clock.record_slots(tx)
        assert "drafts.shred_over" in work_off()
        assert found(select(Draft.payload_id)) == []


class TestSomebodyWhoIsErased:
    def test_loses_drafts_and_devices_and_keeps_what_they_submitted(self, database: Engine) -> None:
        """The answer stays sealed to its campaign, as an open one stays in its row: results keep their trace."""
        work = Work()
        a_contribution(work.campaign_id, work.person)
        work.saves()
        answered = one(select(Contribution.payload_id))
        dora = a_person(work.person.agency_slug, roles=(Role.DATA_PROTECTION,))
        left(work.person)
        with transaction() as tx:
            erasure.erase_from_record(tx, work.person.person_id, actor=dora, context=AT_WORK)
        work_off()
        assert found(select(Draft.payload_id)) == []
        with reading() as db:
            assert list(device_keys.live_of(db, work.person.person_id)) == []
        assert one(select(Payload.shredded_on).where(Payload.id == answered)) is None
        assert one(select(PayloadSlot.kind).where(PayloadSlot.payload_id == answered)) == "campaign"
