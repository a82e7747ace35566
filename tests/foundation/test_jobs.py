"""Job rows: recorded with the change, taken by one, finished by the token, tried again, given up."""

from datetime import timedelta
from threading import Event, Thread
from typing import Any

import pytest
from sqlalchemy import Engine, func, select, update

from marketplace.foundation import clock, jobs
from marketplace.foundation.db import Tx, reading, transaction
from marketplace.foundation.errors import NotFound
from marketplace.foundation.jobs import DEAD, DONE, KINDS, READY, RUNNING, Job, NotDead, Taken, UnknownKind
from tests.builders import changed, found, one, rolled_back
from tests.together import PATIENCE, together

KIND = "jobs.forget_done"
SETTLE = "campaign.settle"


def a_job(kind: str = KIND, args: dict[str, Any] | None = None, **given: Any) -> int:
    with transaction() as tx:
        job_id = jobs.record(tx, kind, args, **given)
    assert job_id is not None
    return job_id


def taken(job_id: int) -> Taken | None:
    with transaction() as tx:
        return jobs.take(tx, job_id)


def in_hand(job_id: int) -> Taken:
    job = taken(job_id)
    assert job is not None
    return job


def finished(job: Taken) -> bool:
    with transaction() as tx:
        return jobs.finish(tx, job)


def failed(job: Taken, reason: str = "ValueError at mail.py:12") -> str | None:
    with transaction() as tx:
        return jobs.fail(tx, job, reason)


def a_dead_job(**given: Any) -> int:
    job_id = a_job(**given)
    changed(update(Job).where(Job.id == job_id).values(attempts=99))
    failed(in_hand(job_id))
    return job_id


def row(job_id: int) -> Any:
    return found(select(Job.__table__).where(Job.id == job_id))[0]


def make_due(job_id: int) -> None:
    with transaction() as tx:
        past = clock.now(tx) - timedelta(seconds=1)
        tx.execute(update(Job).where(Job.id == job_id).values(run_at=past))


def lose_the_lease(job_id: int) -> None:
    with transaction() as tx:
        past = clock.now(tx) - timedelta(seconds=1)
        tx.execute(update(Job).where(Job.id == job_id).values(lease_until=past))


def due() -> dict[int, str]:
    with reading() as db:
        return jobs.due(db)


class TestRecord:
    def test_a_row_waits_from_now_on(self, database: Engine) -> None:
        job_id = a_job()
        assert (row(job_id).state, list(due())) == (READY, [job_id])

    def test_a_row_for_later_is_not_due(self, database: Engine) -> None:
        with transaction() as tx:
            jobs.record(tx, KIND, run_at=clock.now(tx) + timedelta(hours=1))
        assert due() == {}

    def test_a_row_for_later_rings_no_bell(self, database: Engine) -> None:
        with transaction() as tx:
            jobs.record(tx, KIND, run_at=clock.now(tx) + timedelta(hours=1))
            assert tx.bells == {}

    def test_an_unknown_kind_is_refused(self, database: Engine) -> None:
        with transaction() as tx, pytest.raises(UnknownKind):
            jobs.record(tx, "rm.rf")

    def test_arguments_are_kept_as_texts(self, database: Engine) -> None:
        assert row(a_job(args={"number": 5})).args == {"number": "5"}


class TestOnceKey:
    def test_a_second_row_is_never_written(self, database: Engine) -> None:
        a_job(once_key="sweep:12:00")
        with transaction() as tx:
            assert jobs.record(tx, KIND, once_key="sweep:12:00") is None
        assert one(select(func.count()).select_from(Job)) == 1

    def test_not_even_when_the_first_is_done(self, database: Engine) -> None:
        finished(in_hand(a_job(once_key="sweep:12:00")))
        with transaction() as tx:
            assert jobs.record(tx, KIND, once_key="sweep:12:00") is None

    def test_many_at_once_write_one(self, database: Engine) -> None:
        def record() -> int | None:
            with transaction() as tx:
                return jobs.record(tx, KIND, once_key="sweep:12:00")

        outcomes = together(*[record] * 8)
        assert [outcome for outcome in outcomes if outcome is not None] == [one(select(Job.id))]


class TestMergeKey:
    def test_recording_again_moves_the_waiting_row(self, database: Engine) -> None:
        with transaction() as tx:
            later = clock.now(tx) + timedelta(hours=1)
            first = jobs.record(tx, SETTLE, merge_key="consensus:1", run_at=later)
        assert a_job(SETTLE, merge_key="consensus:1") == first
        assert list(due()) == [first]

    def test_merging_goes_on_when_the_statement_has_been_prepared(self, database: Engine) -> None:
        # After some uses on one connection PostgreSQL plans a statement once, without knowing its parameters.
        with transaction() as tx:
            made = {jobs.record(tx, SETTLE, merge_key="consensus:1") for _ in range(30)}
        assert len(made) == 1

    def test_other_keys_do_not_merge(self, database: Engine) -> None:
        assert a_job(SETTLE, merge_key="consensus:1") != a_job(SETTLE, merge_key="consensus:2")

    def test_recording_while_it_runs_makes_a_row_that_waits(self, database: Engine) -> None:
        running = a_job(SETTLE, merge_key="consensus:1")
        in_hand(running)
        assert a_job(SETTLE, merge_key="consensus:1") != running

    def test_two_of_a_key_never_run_together(self, database: Engine) -> None:
        in_hand(a_job(SETTLE, merge_key="consensus:1"))
        assert taken(a_job(SETTLE, merge_key="consensus:1")) is None

    def test_the_second_runs_after_the_first(self, database: Engine) -> None:
        first = in_hand(a_job(SETTLE, merge_key="consensus:1"))
        second = a_job(SETTLE, merge_key="consensus:1")
        finished(first)
        assert taken(second) is not None

    def test_many_at_once_leave_one_waiting(self, database: Engine) -> None:
        together(*[lambda: a_job(SETTLE, merge_key="consensus:1")] * 8)
        assert [row.state for row in found(select(Job.state))] == [READY]

    def test_a_change_made_while_a_runner_takes_wakes_somebody_up(self, database: Engine) -> None:
        """The runner takes in the middle of the change's transaction: it waits for COMMIT, or a new row waits."""
        job_id = a_job(SETTLE, merge_key="consensus:1")
        outcome: list[Taken | None] = []
        runner = Thread(target=lambda: outcome.append(taken(job_id)))
        with transaction() as tx:
            jobs.record(tx, SETTLE, merge_key="consensus:1")
            runner.start()
            runner.join(0.2)
            assert outcome == []
        runner.join(PATIENCE)
        waits = found(select(Job.id).where(Job.state == READY))
        assert outcome[0] is not None or waits

    def test_a_change_made_while_a_taking_is_not_committed_waits_as_a_row_of_its_own(
        self, database: Engine
    ) -> None:
        job_id = a_job(SETTLE, merge_key="consensus:1")
        recorded, started = [], Event()

        def change() -> None:
            started.set()
            recorded.append(a_job(SETTLE, merge_key="consensus:1"))

        other = Thread(target=change)
        with transaction() as tx:
            assert jobs.take(tx, job_id) is not None
            other.start()
            started.wait(PATIENCE)
            other.join(0.2)
            assert recorded == []
        other.join(PATIENCE)
        assert recorded != [job_id]
        assert row(recorded[0]).state == READY

    def test_no_wake_up_is_lost_in_a_scramble(self, database: Engine) -> None:
        """Whatever was recorded is followed by a run that began after it: nothing stays waiting unseen."""

        def run() -> None:
            for job_id in due():
                job = taken(job_id)
                if job is not None:
                    finished(job)

        together(*[lambda: a_job(SETTLE, merge_key="consensus:1"), run] * 6)
        states = sorted(row.state for row in found(select(Job.state)))
        assert set(states) <= {DONE, READY}
        assert states.count(READY) <= 1
        assert len(due()) == states.count(READY)


class TestTake:
    def test_gives_kind_arguments_and_a_token(self, database: Engine) -> None:
        job_id = a_job(SETTLE, {"campaign_id": "c1"})
        assert taken(job_id) == Taken(job_id, SETTLE, {"campaign_id": "c1"}, token=1, attempts=1)

    def test_many_at_once_have_one_winner(self, database: Engine) -> None:
        job_id = a_job()
        outcomes = together(*[lambda: taken(job_id)] * 10)
        assert sum(outcome is not None for outcome in outcomes) == 1

    def test_many_at_once_over_twins_have_one_winner(self, database: Engine) -> None:
        first = a_job(SETTLE, merge_key="consensus:1")
        in_hand(first)
        second = a_job(SETTLE, merge_key="consensus:1")
        lose_the_lease(first)
        outcomes = together(*[lambda: taken(first), lambda: taken(second)] * 4)
        assert [type(outcome) for outcome in outcomes if outcome is not None] == [Taken]

    def test_what_is_not_due_is_left(self, database: Engine) -> None:
        with transaction() as tx:
            job_id = jobs.record(tx, KIND, run_at=clock.now(tx) + timedelta(hours=1))
        assert job_id is not None
        assert taken(job_id) is None

    def test_what_is_running_is_left(self, database: Engine) -> None:
        job_id = a_job()
        in_hand(job_id)
        assert taken(job_id) is None

    def test_what_is_done_is_left(self, database: Engine) -> None:
        job_id = a_job()
        finished(in_hand(job_id))
        assert taken(job_id) is None

    def test_what_does_not_exist_is_left(self, database: Engine) -> None:
        assert taken(4711) is None

    def test_a_lease_that_is_over_is_taken_again_with_a_higher_token(self, database: Engine) -> None:
        job_id = a_job()
        in_hand(job_id)
        lose_the_lease(job_id)
        again = in_hand(job_id)
        assert (again.token, again.attempts) == (2, 2)

    def test_the_sweep_finds_a_lease_that_is_over(self, database: Engine) -> None:
        job_id = a_job()
        in_hand(job_id)
        lose_the_lease(job_id)
        assert due() == {job_id: "short"}

    def test_a_job_that_keeps_killing_its_runner_is_given_up(self, database: Engine) -> None:
        job_id = a_job()
        for _ in range(KINDS[KIND].attempts):
            in_hand(job_id)
            lose_the_lease(job_id)
        assert taken(job_id) is None
        assert row(job_id).state == DEAD


class TestFinish:
    def test_marks_it_done(self, database: Engine) -> None:
        job_id = a_job()
        assert finished(in_hand(job_id))
        assert row(job_id).state == DONE

    def test_a_runner_that_lost_its_lease_is_told_no(self, database: Engine) -> None:
        job_id = a_job()
        late = in_hand(job_id)
        lose_the_lease(job_id)
        in_hand(job_id)
        assert finished(late) is False

    def test_a_runner_that_lost_its_lease_leaves_no_effect(self, database: Engine) -> None:
        job_id = a_job()
        late = in_hand(job_id)
        lose_the_lease(job_id)
        current = in_hand(job_id)

        def effect(tx: Tx) -> None:
            jobs.record(tx, KIND, once_key="the effect")
            assert jobs.finish(tx, late) is False

        rolled_back(effect)
        assert one(select(func.count()).select_from(Job)) == 1
        assert finished(current)

    def test_a_second_finish_is_told_no(self, database: Engine) -> None:
        job = in_hand(a_job())
        finished(job)
        assert finished(job) is False


class TestFail:
    def test_it_comes_back_after_a_pause(self, database: Engine) -> None:
        job_id = a_job()
        assert failed(in_hand(job_id)) == READY
        assert due() == {}

    def test_the_pause_doubles(self, database: Engine) -> None:
        job_id = a_job()
        pauses = []
        for _ in range(3):
            make_due(job_id)
            job = in_hand(job_id)
            with transaction() as tx:
                jobs.fail(tx, job, "")
                now = clock.now(tx)
            pauses.append((row(job_id).run_at - now).total_seconds())
        assert pauses == [2, 4, 8]

    def test_the_pause_is_never_longer_than_an_hour(self, database: Engine) -> None:
        job_id = a_job("notice.send")
        changed(update(Job).values(attempts=6))
        job = in_hand(job_id)
        with transaction() as tx:
            jobs.fail(tx, Taken(job.id, job.kind, job.args, job.token, 7), "")
            assert row_in(tx, job_id).run_at - clock.now(tx) <= timedelta(hours=1)

    def test_after_the_last_attempt_it_is_given_up(self, database: Engine) -> None:
        job_id = a_job()
        changed(update(Job).values(attempts=KINDS[KIND].attempts - 1))
        assert failed(in_hand(job_id)) == DEAD

    def test_a_job_that_was_given_up_is_not_taken(self, database: Engine) -> None:
        assert taken(a_dead_job()) is None

    def test_the_reason_is_kept_and_cut_to_size(self, database: Engine) -> None:
        job_id = a_job()
        failed(in_hand(job_id), "x" * 1000)
        assert row(job_id).reason == "x" * 400

    def test_a_runner_that_lost_its_lease_changes_nothing(self, database: Engine) -> None:
        job_id = a_job()
        late = in_hand(job_id)
        lose_the_lease(job_id)
        in_hand(job_id)
        assert failed(late) is None
        assert row(job_id).state == RUNNING

    def test_a_waiting_twin_does_its_work(self, database: Engine) -> None:
        first = in_hand(a_job(SETTLE, merge_key="consensus:1"))
        second = a_job(SETTLE, merge_key="consensus:1")
        assert failed(first) == DONE
        assert row(second).state == READY

    def test_what_a_twin_does_is_forgotten_like_everything_that_is_done(self, database: Engine) -> None:
        first = in_hand(a_job(SETTLE, merge_key="consensus:1"))
        a_job(SETTLE, merge_key="consensus:1")
        failed(first)
        assert row(first.id).ended_at is not None


def row_in(tx: Any, job_id: int) -> Any:
    return tx.one_or_none(select(Job.__table__).where(Job.id == job_id))


class TestRetry:
    def test_starts_over_at_once(self, database: Engine) -> None:
        job_id = a_dead_job()
        with transaction() as tx:
            jobs.retry(tx, job_id)
        assert in_hand(job_id).attempts == 1

    def test_rings(self, database: Engine) -> None:
        job_id = a_dead_job()
        with transaction() as tx:
            jobs.retry(tx, job_id)
            assert tx.bells == {job_id: "short"}

    def test_only_what_was_given_up(self, database: Engine) -> None:
        job_id = a_job()
        with transaction() as tx, pytest.raises(NotDead):
            jobs.retry(tx, job_id)

    def test_nothing_that_does_not_exist(self, database: Engine) -> None:
        with transaction() as tx, pytest.raises(NotFound):
            jobs.retry(tx, 4711)

    def test_where_a_twin_waits_the_twin_does_it(self, database: Engine) -> None:
        dead = a_dead_job(kind=SETTLE, merge_key="consensus:1")
        a_job(SETTLE, merge_key="consensus:1")
        with transaction() as tx:
            jobs.retry(tx, dead)
        assert (row(dead).state, row(dead).ended_at is not None) == (DONE, True)


class TestForgetDone:
    def test_old_done_rows_go_and_others_stay(self, database: Engine) -> None:
        old, young, dead = a_job(), a_job(), a_dead_job()
        finished(in_hand(old))
        finished(in_hand(young))
        with transaction() as tx:
            long_ago = clock.now(tx) - timedelta(days=30)
        changed(update(Job).where(Job.id.in_([old, dead])).values(ended_at=long_ago))
        with transaction() as tx:
            jobs.forget_done(tx)
        assert sorted(row.id for row in found(select(Job.id))) == sorted([young, dead])


class TestListing:
    def test_newest_first(self, database: Engine) -> None:
        first, second = a_job(), a_job()
        with reading() as db:
            assert [row.id for row in jobs.listing(db)] == [second, first]

    def test_of_one_state(self, database: Engine) -> None:
        a_job()
        dead = a_dead_job()
        with reading() as db:
            assert [row.id for row in jobs.listing(db, state=DEAD)] == [dead]


def test_every_kind_runs_on_a_queue_that_exists() -> None:
    assert {kind.queue for kind in KINDS.values()} <= set(jobs.QUEUES)
