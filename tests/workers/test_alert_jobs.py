"""The jobs of alerts: looking goes on until everything is looked at; checks tell what does not fit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert, select, update

from agencies.oversight.alerts import looking
from agencies.oversight.models import Alert, AlertHead
from marketplace.foundation import jobs
from marketplace.foundation.db import transaction
from marketplace.foundation.jobs import READY, Job
from marketplace.foundation.settings import Settings
from security import notes
from security.labels import Level
from security.log import audit, checkpoints, sequencer
from security.log.models import AuditCheckpoint, AuditEntry, AuditHead, AuditPending, AuditWitness
from security.principal import Principal, Role
from tests.agencies.oversight.alerts.noticing import at, happened
from tests.builders import AT_WORK, a_person, changed, found, one
from workers import starting
from workers.run import run

LOG = notes.signer("market.example/log", notes.LOG, bytes(range(32)))
NO_BODY = {"body": b"", "leaf": b""}


@pytest.fixture
def officer(database: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Principal:
    environ = {
        "MARKET_HOME": str(tmp_path), "MARKET_DEMO": "1", "MARKET_REDIS_URL": "unix:///run/valkey/valkey.sock",
        "MARKET_SECRET_KEY": "5f0c8a4be2d94c1c9a7f3b6d1e8240bb",
    }  # fmt: skip
    monkeypatch.setattr(starting, "_settings", [Settings.from_environ(environ)])
    return a_person("north", roles=(Role.SECURITY_OFFICER,))


def ran(kind: str) -> None:
    with transaction() as tx:
        job_id = jobs.record(tx, kind)
    assert job_id is not None
    assert run(job_id) == "done"


def waiting(kind: str) -> list[int]:
    return [row.id for row in found(select(Job.id).where(Job.kind == kind, Job.state == READY))]


def told(act: str) -> list[str]:
    return [row.object_id for row in found(select(AuditPending.object_id).where(AuditPending.act == act))]


def test_looking_raises_what_is_new(officer: Principal) -> None:
    happened("result.export", officer, 0, level=Level.SENSITIVE)
    ran("alerts.look")
    assert [row.kind for row in found(select(Alert.kind))] == ["sensitive_export"]
    assert waiting("alerts.look") == []


def test_where_a_batch_is_full_another_job_goes_on(officer: Principal) -> None:
    size = looking.BATCH + 1
    rows = [
        {"number": number, "act": "claim.take", "at": at(0), "outcome": "done", "channel": "web"} | NO_BODY
        for number in range(size)
    ]  # fmt: skip
    changed(insert(AuditEntry).values(rows[0]))
    with transaction() as tx:
        tx.execute(insert(AuditEntry), rows[1:])
        tx.execute(update(AuditHead).values(size=size))
    ran("alerts.look")
    [more] = waiting("alerts.look")
    assert run(more) == "done"
    assert (waiting("alerts.look"), one(select(AlertHead.number))) == ([], size)


@pytest.mark.parametrize(("kind", "wrong"), [("record.check", [2]), ("record.check_all", [0, 1, 2])])
def test_a_check_tells_once_what_does_not_fit(officer: Principal, kind: str, wrong: list[int]) -> None:
    happened("claim.take", officer, 0)
    changed(update(AuditEntry).values(at=datetime.now(UTC) - timedelta(days=30)))
    with transaction() as tx:
        audit.record(tx, "claim.take", actor=officer, context=AT_WORK)
        sequencer.sequence(tx)
        checkpoints.sign(tx, LOG)
    changed(update(AuditEntry).values(body=b"{}"))
    for _ in range(2):
        ran(kind)
        assert sorted(told("record.fault")) == [f"entry_changed-{number}" for number in wrong]


def test_asking_the_witnesses_tells_who_fell_behind(officer: Principal) -> None:
    hours_ago = datetime.now(UTC) - timedelta(hours=2)
    changed(insert(AuditCheckpoint).values(size=8, note="", signed_at=hours_ago))
    row = {"name": "w/1", "key": "w/1", "agency_id": officer.agency_id, "size": 3, "seen_at": hours_ago}
    changed(insert(AuditWitness).values(row))
    ran("witness.ask_all")
    assert told("witness.behind") == ["w/1"]
