"""Erasing somebody: what their devices signed leads to them no more, and nobody waits for what cannot come."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, delete, func, select, update

from agencies import device_keys
from agencies.device_models import DeviceKey
from agencies.models import Notice
from agencies.oversight import erasure
from marketplace.foundation import jobs
from marketplace.foundation.db import reading, transaction
from marketplace.foundation.jobs import Job
from security.log.models import AuditEntry
from security.principal import Principal, Role
from tasks import forgetting
from tasks.errors import DeviceBeyondProof, SealerUnknown
from tasks.models import Contribution, KeyRelease, Payload, PayloadSlot
from tests import end_to_end
from tests.agencies.oversight.test_erasure import left
from tests.builders import AT_WORK, a_campaign, a_contribution, a_person, changed, found, one
from tests.end_to_end import Waiting
from tests.on_device import device_of
from tests.witnessed import witness
from workers import run

LONG_AGO = datetime.now(UTC) - timedelta(days=200)


@pytest.fixture
def waiting(database: Engine) -> Waiting:
    """Somebody has an item of a campaign sealed end to end."""
    return end_to_end.a_claimed_item("north", contributions=2)


def erase(person: Principal) -> None:
    """The person left, is erased, and the jobs of it are done."""
    dora = a_person(person.agency_slug, roles=(Role.DATA_PROTECTION,))
    left(person)
    with transaction() as tx:
        erasure.erase_from_record(tx, person.person_id, actor=dora, context=AT_WORK)


def work_off() -> None:
    with reading() as db:
        due = list(jobs.due(db))
    for job in due:
        run.run(job)


def signers() -> set[str | None]:
    return {row.signer for row in found(select(Payload.signer))}


def keep_entries() -> None:
    with transaction() as tx:
        device_keys.keep_entries(tx)


class TestSomebodyWhoIsErased:
    def test_is_not_found_by_the_answers_that_they_gave(self, database: Engine) -> None:
        campaign, person = a_campaign(items=2, redundancy=2, level="sensitive"), a_person()
        a_contribution(campaign, person)
        mine = device_of(person).thumbprint
        other = a_person()
        a_contribution(campaign, other)
        theirs = device_of(other).thumbprint
        assert {mine, theirs} <= signers()
        erase(person)
        work_off()
        assert mine not in signers()
        assert theirs in signers()
        answer = one(select(Contribution.payload_id).where(Contribution.person_id == person.person_id))
        row = found(select(Payload.__table__).where(Payload.id == answer))[0]
        assert (row.signature, row.shredded_on) == (None, None)
        assert row.body

    def test_holds_no_campaigns_key_any_more(self, waiting: Waiting) -> None:
        mine = waiting.posting.device.thumbprint
        held = select(func.count()).select_from(PayloadSlot).where(PayloadSlot.key_id == mine)
        assert one(held) == 1
        erase(waiting.owner)
        work_off()
        assert one(held) == 0
        assert one(select(func.count()).select_from(PayloadSlot).where(PayloadSlot.kind == "processing")) == 1

    def test_leaves_nothing_of_their_devices_in_jobs_that_name_them(self, waiting: Waiting) -> None:
        erase(waiting.owner)
        args = [
            row.args
            for row in found(select(Job.args).where(Job.kind.in_(["devices.forget", "drafts.shred_of"])))
        ]
        assert sorted(sorted(each) for each in args) == [["devices"], ["person_id"]]

    def test_signed_more_than_fits_into_one_job(self, database: Engine) -> None:
        campaign, person = a_campaign(items=3, redundancy=1, level="sensitive"), a_person()
        for _ in range(3):
            a_contribution(campaign, person)
        more = []
        for _ in range(2):
            with transaction() as tx:
                more.append(forgetting.forget_devices(tx, [device_of(person).thumbprint], limit=2))
        assert more == [True, False]
        assert device_of(person).thumbprint not in signers()


class TestWorkOfAnErasedOwner:
    def test_is_refused_with_what_to_do_also_before_the_job_is_done(self, waiting: Waiting) -> None:
        assert waiting.open().item is None
        erase(waiting.owner)
        for _ in range(2):
            with pytest.raises(SealerUnknown, match="post it"):
                waiting.open()
            work_off()

    def test_asks_nobody_for_a_key(self, waiting: Waiting) -> None:
        erase(waiting.owner)
        with pytest.raises(SealerUnknown):
            waiting.open()
        assert found(select(KeyRelease.claim_id)) == []

    def test_is_told_once_to_the_officers_of_its_agency(self, waiting: Waiting) -> None:
        officer = a_person("north", roles=(Role.SECURITY_OFFICER,))
        erase(waiting.owner)
        work_off()
        rows = found(select(Notice.person_id, Notice.path).where(Notice.kind == forgetting.NOTICE))
        assert [(row.person_id, row.path) for row in rows] == [
            (officer.person_id, f"/campaigns/{waiting.campaign}/room")
        ]

    def test_of_the_server_goes_on(self, database: Engine) -> None:
        owner = a_person("north", roles=(Role.TASK_OWNER,))
        campaign = a_campaign(owner, items=1, redundancy=1, level="sensitive")
        device_of(owner)
        erase(owner)
        work_off()
        a_contribution(campaign, a_person())
        assert found(select(Notice.id).where(Notice.kind == forgetting.NOTICE)) == []


class TestARecordThatExpired:
    def test_takes_nothing_from_those_whose_entry_was_kept(self, waiting: Waiting) -> None:
        witness()
        keep_entries()
        changed(delete(AuditEntry))
        changed(update(DeviceKey).values(enrolled_at=LONG_AGO).where(DeviceKey.entry_number.is_not(None)))
        assert waiting.open().item is None
        with reading() as db:
            device = device_keys.one(db, waiting.device.thumbprint)
            assert device_keys.evidence(db, device.id) is not None

    def test_and_a_device_whose_entry_nobody_kept_is_to_be_set_up_anew(self, waiting: Waiting) -> None:
        witness()
        changed(delete(AuditEntry))
        mine = DeviceKey.thumbprint == waiting.device.thumbprint
        changed(update(DeviceKey).where(mine).values(enrolled_at=LONG_AGO))
        with pytest.raises(DeviceBeyondProof, match="set it up again"):
            waiting.open()
        assert found(select(KeyRelease.claim_id)) == []

    def test_and_an_item_whose_sealer_cannot_be_shown_is_refused(self, waiting: Waiting) -> None:
        changed(
            update(DeviceKey)
            .where(DeviceKey.thumbprint == waiting.posting.device.thumbprint)
            .values(enrolled_at=LONG_AGO)
        )
        with pytest.raises(SealerUnknown):
            waiting.open()
