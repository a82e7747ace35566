"""The clock: slots recorded once, one clock elected, acts numbered, due rows rung for."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, event, func, select, update

from marketplace.foundation import clock as moment
from marketplace.foundation import doorbell, jobs, leases
from marketplace.foundation.db import reading, transaction
from marketplace.foundation.jobs import KINDS, Job
from marketplace.foundation.leases import Lease
from security import notes
from security.log import audit, checkpoints
from security.log.models import AuditEntry, AuditPending
from tests.builders import AT_WORK, found, one
from tests.together import together
from workers import clock, sweep
from workers.clock import SLOTS, Clock

HOUR = timedelta(hours=1)
LOG = notes.signer("market.example/log", notes.LOG, bytes(range(32)))


def hold(holder: str) -> bool:
    with transaction() as tx:
        return leases.hold(tx, "clock", holder, HOUR)


def refuse(*_given: object) -> None:
    raise RuntimeError("the turn ends here")


class TestSlots:
    def test_a_slot_begins_on_the_round_moment(self) -> None:
        assert clock.slot(datetime(2026, 5, 1, 12, 34, 56, 7, tzinfo=UTC), timedelta(minutes=10)) == datetime(
            2026, 5, 1, 12, 30, tzinfo=UTC
        )

    def test_every_slot_is_a_job_that_exists(self) -> None:
        assert set(SLOTS) <= set(KINDS)

    def test_are_recorded_once_however_often_the_clock_turns(self, database: Engine) -> None:
        with transaction() as tx:
            clock.record_slots(tx)
            clock.record_slots(tx)
        assert sorted(row.kind for row in found(select(Job.kind))) == sorted(SLOTS)

    def test_are_recorded_once_by_two_clocks(self, database: Engine) -> None:
        """Two turns may fall into two slots of ten seconds; never is one slot recorded twice."""

        def record() -> None:
            with transaction() as tx:
                clock.record_slots(tx)

        together(*[record] * 6)
        keys = [row.once_key for row in found(select(Job.once_key))]
        assert len(set(keys)) == len(keys)


class TestElection:
    def test_the_first_holds_it(self, database: Engine) -> None:
        assert hold("a")

    def test_another_does_not(self, database: Engine) -> None:
        hold("a")
        assert not hold("b")

    def test_the_holder_renews_it(self, database: Engine) -> None:
        hold("a")
        assert hold("a")

    def test_when_it_is_over_another_takes_it(self, database: Engine) -> None:
        hold("a")
        with transaction() as tx:
            tx.execute(update(Lease).values(until=moment.now(tx) - timedelta(seconds=1)))
        assert hold("b")
        assert not hold("a")

    def test_of_many_at_once_one_is_elected(self, database: Engine) -> None:
        held = together(*[lambda name=str(number): hold(name) for number in range(6)])
        assert held.count(True) == 1


class TestTurn:
    def test_an_elected_clock_numbers_what_is_pending(self, database: Engine) -> None:
        with transaction() as tx:
            audit.record(tx, "log.read", actor=None, context=AT_WORK)
        assert Clock("a", LOG).turn()
        assert one(select(func.count()).select_from(AuditEntry)) == 1
        assert found(select(AuditPending.id)) == []

    def test_an_elected_clock_signs_what_it_numbered(self, database: Engine) -> None:
        with transaction() as tx:
            audit.record(tx, "log.read", actor=None, context=AT_WORK)
        Clock("a", LOG).turn()
        with reading() as db:
            signed = checkpoints.latest(db)
        assert signed is not None
        assert signed.checkpoint.size == 1

    def test_another_clock_does_nothing(self, database: Engine) -> None:
        Clock("a", LOG).turn()
        with transaction() as tx:
            audit.record(tx, "log.read", actor=None, context=AT_WORK)
        assert not Clock("b", LOG).turn()
        assert one(select(func.count()).select_from(AuditPending)) == 1

    def test_a_slot_that_is_recorded_is_not_asked_of_the_database_again(self, database: Engine) -> None:
        elected = Clock("a", LOG)
        elected.turn()
        asked: list[str] = []
        event.listen(database, "before_cursor_execute", lambda *given: asked.append(given[2]))
        elected.turn()
        # A slot of ten seconds may have begun in between; all sixteen have not.
        assert len([statement for statement in asked if "INSERT INTO job" in statement]) < len(SLOTS) / 2
        assert any("lease" in statement for statement in asked)

    def test_a_slot_whose_turn_failed_is_recorded_by_the_next(self, database: Engine) -> None:
        elected = Clock("a", LOG)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(clock.jumps, "tell", refuse)
            with pytest.raises(RuntimeError):
                elected.turn()
        elected.turn()
        assert sorted(row.kind for row in found(select(Job.kind))) == sorted(SLOTS)

    def test_more_than_a_batch_is_numbered_in_one_turn(
        self, database: Engine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(clock.sequencer, "BATCH", 2)
        monkeypatch.setattr(clock.sequencer.sequence, "__defaults__", (2,))
        with transaction() as tx:
            for _ in range(5):
                audit.record(tx, "log.read", actor=None, context=AT_WORK)
        assert clock.number_acts() == 5


class TestSweep:
    @pytest.fixture
    def rung(self, monkeypatch: pytest.MonkeyPatch) -> list[dict[int, str]]:
        heard: list[dict[int, str]] = []

        def ring(bells: Mapping[int, str]) -> int:
            heard.append(dict(bells))
            return len(bells)

        monkeypatch.setattr(doorbell, "ring_for_due", ring)
        return heard

    def test_rings_for_what_no_bell_announced(self, database: Engine, rung: list[dict[int, str]]) -> None:
        with transaction() as tx:
            job_id = jobs.record(tx, "jobs.forget_done")
        assert sweep.sweep() == 1
        assert rung == [{job_id: "short"}]

    def test_rings_for_nothing_when_nothing_is_due(
        self, database: Engine, rung: list[dict[int, str]]
    ) -> None:
        with transaction() as tx:
            jobs.record(tx, "jobs.forget_done", run_at=moment.now(tx) + HOUR)
        assert sweep.sweep() == 0
        assert rung == []
