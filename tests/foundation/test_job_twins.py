"""Jobs with one merge key, at the same moment: the one that meets its twin is done, and nothing is postponed."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Engine, select, update

from marketplace.foundation import clock, jobs
from marketplace.foundation.db import reading, transaction
from marketplace.foundation.jobs import Job
from tests.together import together


def taken(merge_key: str = "consensus:1") -> jobs.Taken:
    with transaction() as tx:
        job_id = jobs.record(tx, "campaign.settle", merge_key=merge_key)
        assert job_id is not None
    with transaction() as tx:
        job = jobs.take(tx, job_id)
        assert job is not None
        return job


def states() -> list[str]:
    with reading() as db:
        return [row.state for row in db.all(select(Job.state).order_by(Job.id))]


def test_a_failing_job_meets_a_twin_that_is_recorded_at_the_same_moment(database: Engine) -> None:
    for round_ in range(5):
        job = taken(f"consensus:{round_}")

        def fail(job: jobs.Taken = job) -> str | None:
            with transaction() as tx:
                return jobs.fail(tx, job, "reason")

        def record(key: str = f"consensus:{round_}") -> None:
            with transaction() as tx:
                jobs.record(tx, "campaign.settle", merge_key=key)

        outcomes = together(fail, record)
        assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        assert outcomes[0] in ("ready", "done")
    assert "running" not in states()


def test_recording_again_never_postpones_what_is_due(database: Engine) -> None:
    with transaction() as tx:
        job_id = jobs.record(tx, "campaign.settle", merge_key="consensus:1")
        earlier = clock.now(tx) - timedelta(minutes=5)
        tx.execute(update(Job).where(Job.id == job_id).values(run_at=earlier))
    with transaction() as tx:
        jobs.record(tx, "campaign.settle", merge_key="consensus:1")
    with reading() as db:
        assert db.scalar(select(Job.run_at)) == earlier


def test_a_kind_that_this_release_does_not_know_is_left_to_a_newer_worker(database: Engine) -> None:
    with transaction() as tx:
        job_id = jobs.record(tx, "campaign.settle")
        tx.execute(update(Job).values(kind="campaign.of_the_future"))
        assert job_id is not None
    with transaction() as tx:
        assert jobs.take(tx, job_id) is None
        assert jobs.due(tx) == {}
    assert states() == ["ready"]
