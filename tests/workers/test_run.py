"""What RQ calls: effect and `done` together, failures tried again, and never an exception for Redis to keep."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, func, select, update

from marketplace.foundation import clock, db, jobs
from marketplace.foundation.db import Tx, transaction
from marketplace.foundation.jobs import DEAD, DONE, READY, Job
from tests.builders import found, one
from workers.handling import HANDLERS, Handler, handles
from workers.run import run

KIND = "jobs.forget_done"
CANARY = "canary-of-a-payload-5519"

Doing = Callable[..., None]


@pytest.fixture
def doing(monkeypatch: pytest.MonkeyPatch) -> Iterator[Doing]:
    """Lets a job of the kind do what the test says."""

    def set_(effect: Callable[..., Any], prepare: Callable[..., Any] | None = None) -> None:
        monkeypatch.setitem(HANDLERS, KIND, Handler(KIND, effect, prepare))

    return set_  # type: ignore[return-value]


def a_job(args: dict[str, str] | None = None) -> int:
    with transaction() as tx:
        job_id = jobs.record(tx, KIND, args)
    assert job_id is not None
    return job_id


def effect(tx: Tx, **_: Any) -> None:
    jobs.record(tx, "claims.end_due")


def effects() -> int:
    count: int = one(select(func.count()).select_from(Job).where(Job.kind == "claims.end_due"))
    return count


def state(job_id: int) -> str:
    return str(one(select(Job.state).where(Job.id == job_id)))


def lose_the_lease(tx: Tx) -> None:
    """The lease ends and another runner takes the job, while this one is at work."""
    past = clock.now(tx) - timedelta(seconds=1)
    tx.execute(update(Job).values(lease_until=past, token=Job.token + 1))


class TestDone:
    def test_effect_and_done_are_one(self, database: Engine, doing: Doing) -> None:
        doing(effect)
        job_id = a_job()
        assert run(job_id) == "done"
        assert (state(job_id), effects()) == (DONE, 1)

    def test_a_second_bell_does_nothing(self, database: Engine, doing: Doing) -> None:
        doing(effect)
        job_id = a_job()
        run(job_id)
        assert run(job_id) == "not ours"
        assert effects() == 1

    def test_a_bell_for_nothing_does_nothing(self, database: Engine) -> None:
        assert run(4711) == "not ours"

    def test_the_arguments_arrive(self, database: Engine, doing: Doing) -> None:
        seen: dict[str, str] = {}
        doing(lambda _tx, **args: seen.update(args))
        run(a_job({"campaign_id": "c1"}))
        assert seen == {"campaign_id": "c1"}

    def test_what_was_prepared_outside_is_handed_to_the_effect(self, database: Engine, doing: Doing) -> None:
        seen: list[str] = []
        doing(lambda _tx, prepared: seen.append(prepared), prepare=lambda: "prepared")
        run(a_job())
        assert seen == ["prepared"]


class TestLost:
    def test_a_runner_that_lost_its_lease_leaves_no_effect(self, database: Engine, doing: Doing) -> None:
        def late(tx: Tx) -> None:
            effect(tx)
            lose_the_lease(tx)

        doing(late)
        assert run(a_job()) == "lost"
        assert effects() == 0


class TestFailed:
    def failing(self, *_: Any, **__: Any) -> None:
        raise ValueError(CANARY)

    def test_it_is_tried_again_later(self, database: Engine, doing: Doing) -> None:
        doing(self.failing)
        job_id = a_job()
        assert run(job_id) == READY
        assert state(job_id) == READY

    def test_half_an_effect_is_rolled_back(self, database: Engine, doing: Doing) -> None:
        def half(tx: Tx) -> None:
            effect(tx)
            raise ValueError

        doing(half)
        run(a_job())
        assert effects() == 0

    def test_after_the_last_attempt_it_is_given_up(self, database: Engine, doing: Doing) -> None:
        doing(self.failing)
        job_id = a_job()
        with transaction() as tx:
            tx.execute(update(Job).values(attempts=4))
        assert run(job_id) == DEAD

    def test_the_reason_is_a_type_and_a_place_and_quotes_nothing(
        self, database: Engine, doing: Doing
    ) -> None:
        doing(self.failing)
        run(a_job())
        reason = str(one(select(Job.reason)))
        assert reason.startswith("ValueError at test_run.py:")
        assert CANARY not in reason

    def test_nothing_of_it_is_written_to_the_log(
        self, database: Engine, doing: Doing, capsys: pytest.CaptureFixture[str]
    ) -> None:
        doing(self.failing)
        run(a_job())
        said = capsys.readouterr()
        assert CANARY not in said.out + said.err

    def test_what_could_not_be_prepared_is_tried_again(self, database: Engine, doing: Doing) -> None:
        doing(effect, prepare=self.failing)
        assert run(a_job()) == READY
        assert effects() == 0


class TestWithoutADatabase:
    """RQ would keep the traceback of an exception in Redis."""

    def test_a_bell_that_nobody_can_answer_raises_nothing(self) -> None:
        engine = db.engine_for("postgresql+psycopg://nobody@127.0.0.1:1/nothing")
        db.bind(engine)
        try:
            assert run(1) == "no database"
        finally:
            db.bind(None)
            engine.dispose()


def test_two_handlers_for_one_kind_are_refused() -> None:
    with pytest.raises(ValueError, match="two handlers"):
        handles(next(iter(HANDLERS)))(effect)


def test_every_job_of_a_real_day_is_done(database: Engine) -> None:
    """Every kind that needs no arguments runs on an empty marketplace."""
    for kind in ("claims.end_due", "jobs.forget_done", "sessions.forget_ended"):
        with transaction() as tx:
            job_id = jobs.record(tx, kind)
        assert job_id is not None
        assert run(job_id) == "done"
    assert {row.state for row in found(select(Job.state))} == {DONE}
