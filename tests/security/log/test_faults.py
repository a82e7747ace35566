"""What a check of the record finds is told once: what is new every hour, everything once a day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, delete, select, update

from marketplace.foundation.db import reading, transaction
from security import notes
from security.log import audit, checking, checkpoints, faults, sequencer
from security.log.checking import CHUNK, Fault
from security.log.models import AuditCheckpoint, AuditEntry, AuditPending
from tests.builders import AT_WORK, changed, found

LOG = notes.signer("market.example/log", notes.LOG, bytes(range(32)))
MONTHS = datetime.now(UTC) - timedelta(days=180)


def entries(count: int, days: float = 0) -> None:
    """So many entries, so many days old, under a checkpoint."""
    with transaction() as tx:
        for _ in range(count):
            audit.record(tx, "claim.take", actor=None, context=AT_WORK)
        tx.execute(update(AuditPending).values(at=datetime.now(UTC) - timedelta(days=days)))
        while sequencer.sequence(tx):
            pass
        checkpoints.sign(tx, LOG)


def new(begin: int = 0) -> list[Fault]:
    with reading() as db:
        return faults.untold(db, MONTHS, begin)


def told(found_: list[Fault]) -> list[Any]:
    with transaction() as tx:
        faults.tell(tx, found_)
    return list(found(select(AuditPending.__table__).where(AuditPending.act == "record.fault")))


@pytest.fixture
def record(database: Engine) -> None:
    entries(10, days=1)
    entries(10)


def test_a_whole_record_has_none(record: None) -> None:
    assert new() == []


def test_a_fault_is_told_with_what_and_where(record: None) -> None:
    changed(delete(AuditEntry).where(AuditEntry.number == 7))
    [row] = told(new())
    assert (row.object_kind, row.object_id) == ("fault", "entry_missing-7")
    assert (row.outcome, row.detail) == ("failed", {"kind": "entry_missing", "number": 7})


def test_it_is_told_once_also_after_it_got_its_number(record: None) -> None:
    changed(update(AuditEntry).where(AuditEntry.number == 7).values(body=b"{}"))
    again = new()
    told(again)
    assert new() == []
    assert len(told(again)) == 1
    entries(1)
    assert new() == []


def test_faults_that_are_known_do_not_hide_a_new_one(record: None) -> None:
    changed(update(AuditEntry).where(AuditEntry.number == 3).values(body=b"{}"))
    told(new())
    changed(update(AuditEntry).where(AuditEntry.number == 5).values(body=b"{}"))
    assert new() == [Fault("entry_changed", 5)]


def test_what_is_broken_all_over_is_told_in_part(database: Engine) -> None:
    entries(faults.MOST + 20)
    changed(update(AuditEntry).values(body=b"{}"))
    assert len(new()) == faults.MOST


def test_a_fault_of_the_whole_tree_is_told_once_a_day_however_the_record_grows(record: None) -> None:
    changed(update(AuditCheckpoint).where(AuditCheckpoint.size == 20).values(note=_foreign(20)))
    rows = told(new())
    assert {row.detail["kind"] for row in rows} == {"note_wrong", "root_wrong"}
    assert new() == []
    changed(update(AuditPending).values(at=datetime.now(UTC) - timedelta(days=1)))
    day = f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%d}"
    changed(update(AuditPending).values(object_id="root_wrong-" + day))
    assert {fault.kind for fault in new()} == {"note_wrong", "root_wrong"}


def _foreign(size: int) -> str:
    """A checkpoint of another tree, signed by another log."""
    other = notes.signer("other.example/log", notes.LOG, bytes(32))
    text = f"other.example/log\n{size}\n{'A' * 43}=\n"
    return str(notes.Note(text, (other.sign(text),)))


def test_every_hour_only_recent_entries_are_looked_at(record: None) -> None:
    with reading() as db:
        begin = faults.begin_of_recent(db)
    assert begin == 10
    changed(update(AuditEntry).where(AuditEntry.number.in_([7, 17])).values(body=b"{}"))
    assert new(begin) == [Fault("entry_changed", 17)]
    assert new() == [Fault("entry_changed", 7), Fault("entry_changed", 17)]


def test_a_recent_one_that_is_missing_is_found_where_the_look_begins(record: None) -> None:
    changed(delete(AuditEntry).where(AuditEntry.number == 11))
    assert new(11) == [Fault("entry_missing", 11)]


def test_without_recent_entries_there_is_nothing_to_look_at(database: Engine) -> None:
    entries(3, days=1)
    with reading() as db:
        assert faults.begin_of_recent(db) == 3


def test_a_piece_that_is_missing_as_a_whole_is_found(database: Engine) -> None:
    """Nothing in that piece could say how young it was; what came before it does."""
    entries(CHUNK + 3)
    changed(delete(AuditEntry).where(AuditEntry.number >= CHUNK))
    with reading() as db:
        missing = list(checking.faults(db, MONTHS))
    assert missing == [Fault("entry_missing", CHUNK + number) for number in range(3)]


def test_what_has_expired_may_be_missing(database: Engine) -> None:
    entries(3, days=200)
    entries(3)
    changed(delete(AuditEntry).where(AuditEntry.number < 3))
    assert new() == []
