"""Promise 2: no timing per item and person; no score, rank, streak or speed, anywhere, for anyone."""

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import DateTime, Engine, Interval, select, update
from sqlalchemy.exc import IntegrityError

from marketplace.foundation import clock, idempotency
from marketplace.foundation.db import Moment, reading, transaction
from marketplace.foundation.idempotency import IdempotencyKey
from security.principal import Principal
from tasks import queries
from tasks.models import Claim, Contribution
from tests.builders import AT_WORK, a_campaign, a_claim, a_person, an_answer, changed, given_back, lapsed, one
from tests.principles.schema import columns, tables_of

FORBIDDEN = re.compile(
    r"score|rank|rating|rated|streak|speed|duration|elapsed|seconds|took|pace|accuracy|quality|reliab|productiv"
    r"|leader|badge|points|karma|reputation"
)
ROOT = Path(__file__).parents[2]


def test_no_column_is_made_for_speed_or_quality_of_people() -> None:
    assert [
        f"{table.name}.{column.name}" for table, column in columns() if FORBIDDEN.search(column.name)
    ] == []


def test_no_column_holds_a_length_of_time() -> None:
    assert [
        f"{table}.{column.name}" for table, column in columns() if isinstance(column.type, Interval)
    ] == []


def test_the_work_record_knows_exact_times_only_of_live_claims() -> None:
    exact = {
        f"{table.name}.{column.name}"
        for table in tables_of("tasks")
        for column in table.columns
        if isinstance(column.type, (Moment, DateTime))
    }
    assert exact == {"claim.expires_at"}


@pytest.mark.parametrize("end", [an_answer, given_back, lambda claim, _: lapsed(claim)])
def test_a_claim_that_ended_keeps_no_exact_time(database: Engine, end: Any) -> None:
    person = a_person()
    end(a_claim(a_campaign(), person), person)
    row = one(select(Claim.expires_at)), one(select(Claim.live))
    assert row == (None, False)


def test_the_database_refuses_a_time_on_a_claim_that_ended(database: Engine) -> None:
    person = a_person()
    an_answer(a_claim(a_campaign(), person), person)
    with transaction() as tx:
        now = clock.now(tx)
    with pytest.raises(IntegrityError):
        changed(update(Claim).values(expires_at=now))


def test_ids_carry_no_time_and_no_order(database: Engine) -> None:
    person, campaign = a_person(), a_campaign(items=2)
    claims = [a_claim(campaign, person) for _ in range(2)]
    contributions = [an_answer(claim, person) for claim in claims]
    assert {value.version for value in claims + contributions} == {4}


def test_a_repeatable_call_leaves_a_day_and_no_exact_time(database: Engine) -> None:
    """The row names a person and what they made; with exact times beside it, it would be a stopwatch."""
    with transaction() as tx:
        idempotency.begin(tx, UUID(int=1), "key", b"r" * 32)
    seen = one(select(IdempotencyKey.seen_at))
    assert seen - seen.replace(hour=0, minute=0, second=0, microsecond=0) == timedelta()


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for inner in value.values() for leaf in _leaves(inner)]
    if isinstance(value, list | tuple):
        return [leaf for inner in value for leaf in _leaves(inner)]
    return [value]


def _keys(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value) | {key for inner in value.values() for key in _keys(inner)}
    if isinstance(value, list | tuple):
        return {key for inner in value for key in _keys(inner)}
    return set()


@pytest.fixture
def worker(database: Engine) -> Principal:
    person, campaign = a_person(), a_campaign(items=2)
    an_answer(a_claim(campaign, person), person)
    a_claim(campaign, person)
    return person


def test_what_a_person_sees_of_their_work_has_no_figure_of_it(worker: Principal) -> None:
    with reading() as db:
        work = queries.my_work(db, worker, AT_WORK)
    assert not [key for key in _keys(work) if FORBIDDEN.search(key)]


def test_the_only_exact_time_of_ones_work_is_when_a_claim_ends(worker: Principal) -> None:
    with reading() as db:
        work = queries.my_work(db, worker, AT_WORK)
    exact = [leaf for leaf in _leaves(work) if isinstance(leaf, datetime)]
    assert exact == [work["claims"][0]["expires_at"]]


@pytest.mark.parametrize("table", [Claim, Contribution])
def test_no_query_groups_or_counts_by_person(table: type) -> None:
    """Nothing in the domain aggregates work per person: there is no such statement to be shown."""
    sources = "\n".join(path.read_text() for path in (ROOT / "tasks").rglob("*.py"))
    assert not re.search(rf"group_by\([^)]*{table.__name__}\.person_id", sources)
