"""`marketplace job`: on the database, with the operator's settings."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import Result
from sqlalchemy import Engine, select, update

from marketplace.foundation import db, doorbell, jobs
from marketplace.foundation.db import reading, transaction
from security.log.models import AuditPending
from tests.cli.conftest import Terminal


@dataclass
class Operator(Terminal):
    """A terminal with the operator's settings. A command's own engine ends with the command, as with its process."""

    database: Engine

    def type(self, *words: str, token: str | None = None) -> Result:
        result = super().type(*words, token=token)
        if db.engine() is not self.database:
            db.engine().dispose()
        db.bind(self.database)
        doorbell.bind(None)
        return result


@pytest.fixture
def operator(database: Engine, tmp_path: Path) -> Operator:
    environment = {
        "MARKET_HOME": str(tmp_path / "home"),
        "MARKET_DEMO": "1",
        "MARKET_DATABASE_URL": database.url.render_as_string(hide_password=False),
        "MARKET_REDIS_URL": f"unix://{tmp_path}/no-valkey.sock",
        "MARKET_SECRET_KEY": "0123456789abcdef" * 4,
    }
    return Operator(tmp_path, environment, database)


def test_jobs_are_listed_by_state(operator: Operator) -> None:
    assert "no jobs" in operator.type("job", "list").stdout
    waiting, dead = a_job(), a_job(jobs.DEAD)
    lines = operator.type("job", "list").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["JOB", str(dead), str(waiting)]
    given_up = json.loads(operator.type("job", "list", "--state", "dead", "--json").stdout)
    assert [row["id"] for row in given_up] == [dead]
    assert given_up[0]["run_at"].endswith("Z")
    assert operator.type("job", "list", "--state", "lost").exit_code == 2


def test_a_job_that_was_given_up_runs_again_and_the_record_says_so(operator: Operator) -> None:
    dead = a_job(jobs.DEAD)
    done = operator.type("job", "retry", str(dead))
    assert (done.exit_code, done.stdout) == (0, f"Job {dead} runs again.\n")
    with reading() as tx:
        [row] = jobs.listing(tx)
        assert (row.state, row.attempts) == (jobs.READY, 0)
        [act] = tx.all(select(AuditPending.act, AuditPending.object_id, AuditPending.channel))
    assert tuple(act) == ("job.retry", str(dead), "cli")


def test_only_what_was_given_up_can_be_retried(operator: Operator) -> None:
    for number in (a_job(), 999_999):
        refused = operator.type("job", "retry", str(number))
        assert isinstance(refused.exception, (jobs.NotDead, jobs.NotFound))
    assert operator.type("job", "retry", "seven").exit_code == 2
    with reading() as tx:
        assert tx.all(select(AuditPending.act)) == []


def a_job(state: str = jobs.READY) -> int:
    with transaction() as tx:
        number = jobs.record(tx, "claims.end_due")
        assert number is not None
        tx.execute(update(jobs.Job).where(jobs.Job.id == number).values(state=state, attempts=3))
    return number
