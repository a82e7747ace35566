"""The job that lets entries of the record expire: as the settings say, except what an open incident needs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Engine, delete, insert, select, update

from agencies.oversight.models import Incident
from marketplace.foundation import jobs
from marketplace.foundation.db import transaction
from marketplace.foundation.ids import new_id
from marketplace.foundation.jobs import READY, Job
from marketplace.foundation.settings import Settings
from security.log import audit, expiring, sequencer
from security.log.models import AuditEntry, AuditPending
from security.principal import Principal, Role
from tests.builders import AT_WORK, a_person, changed, found
from workers import starting
from workers.run import run


@pytest.fixture
def officer(database: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Principal:
    environ = {
        "MARKET_HOME": str(tmp_path), "MARKET_DEMO": "1", "MARKET_REDIS_URL": "unix:///run/valkey/valkey.sock",
        "MARKET_SECRET_KEY": "5f0c8a4be2d94c1c9a7f3b6d1e8240bb", "MARKET_RECORD_MONTHS": "none=2",
    }  # fmt: skip
    monkeypatch.setattr(starting, "_settings", [Settings.from_environ(environ)])
    officer = a_person("north", roles=(Role.SECURITY_OFFICER,))
    changed(delete(AuditPending))
    return officer


def old(actor: Principal, count: int) -> None:
    """So many entries, three months old."""
    with transaction() as tx:
        for _ in range(count):
            audit.record(tx, "claim.take", None, actor=actor, context=AT_WORK)
        tx.execute(update(AuditPending).values(at=datetime.now(UTC) - timedelta(days=93)))
        sequencer.sequence(tx, count)


def incident(officer: Principal, first: int, last: int) -> UUID:
    row = {
        "id": new_id(), "agency_id": officer.agency_id, "title": "A laptop", "known_at": datetime.now(UTC),
        "opened_by": officer.person_id, "opened_at": datetime.now(UTC), "filters": {}, "first": first, "last": last,
    }  # fmt: skip
    changed(insert(Incident).values(row))
    return row["id"]  # type: ignore[return-value]


def ran() -> None:
    with transaction() as tx:
        job_id = jobs.record(tx, "record.expire", merge_key="record.expire")
    assert job_id is not None
    assert run(job_id) == "done"


def kept() -> list[int]:
    return [row.number for row in found(select(AuditEntry.number).order_by(AuditEntry.number))]


def waiting() -> list[int]:
    return [row.id for row in found(select(Job.id).where(Job.kind == "record.expire", Job.state == READY))]


def test_what_an_open_incident_concerns_stays_until_it_is_closed(officer: Principal) -> None:
    old(officer, 6)
    known = incident(officer, 2, 3)
    ran()
    assert kept() == [2, 3]
    changed(update(Incident).where(Incident.id == known).values(state="closed", finding="Found again."))
    ran()
    assert kept() == []


def test_a_full_batch_lets_another_job_go_on_until_nothing_is_left(officer: Principal) -> None:
    old(officer, expiring.BATCH + 1)
    ran()
    assert kept() == [expiring.BATCH]
    (again,) = waiting()
    assert run(again) == "done"
    assert (kept(), waiting()) == ([], [])
