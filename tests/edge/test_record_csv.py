"""The record as CSV: what the search finds, closed as on the page, safe in a spreadsheet, and itself on the record."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from sqlalchemy import Engine, select

from agencies.oversight import searches
from marketplace.edge import record_csv
from marketplace.foundation.db import transaction
from security.log import audit, sequencer
from security.log.models import AuditPending
from security.principal import Principal, Role
from tests.builders import AT_WORK, a_campaign, a_claim, a_person, an_answer, an_owner, found


@pytest.fixture
def officer(database: Engine) -> Principal:
    owner, person = an_owner("north"), a_person("south")
    an_answer(a_claim(a_campaign(owner, items=1, redundancy=1, level="sensitive"), person), person)
    made = a_person("north", roles=(Role.SECURITY_OFFICER,))
    numbered()
    return made


def numbered() -> None:
    with transaction() as tx:
        sequencer.sequence(tx)


def taken(officer: Principal, **words: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text_of(officer, **words))))


def text_of(officer: Principal, before: int | None = None, most: int = record_csv.MOST, **words: Any) -> str:
    with transaction() as tx:
        asked = searches.parse(tx, words).filters
        return record_csv.record_csv(tx, asked, before=before, most=most, actor=officer, context=AT_WORK)


def last_entry() -> tuple[Any, ...]:
    rows = found(select(AuditPending.act, AuditPending.detail).order_by(AuditPending.id))
    return tuple(rows[-1])


def test_it_holds_what_the_search_finds(officer: Principal) -> None:
    (row,) = taken(officer, act="contribution.submit")
    assert (row["act"], row["agency"], row["object_agency"]) == ("contribution.submit", "south", "north")
    assert (row["label"], row["outcome"], row["zone"]) == ("sensitive", "done", AT_WORK.zone.value)
    assert row["time"].endswith("Z")
    assert row["pseudonym"]
    assert row["number"].isdigit()


def test_taking_it_is_on_the_record_with_what_was_asked(officer: Principal) -> None:
    text_of(officer, act="contribution.submit")
    assert last_entry() == ("log.export", {"act": "contribution.submit"})


def test_others_entries_are_not_in_it(officer: Principal) -> None:
    stranger = a_person("west", roles=(Role.SECURITY_OFFICER,))
    assert "contribution.submit" not in text_of(stranger)


def test_no_spreadsheet_takes_a_cell_for_a_formula(officer: Principal) -> None:
    with transaction() as tx:
        target = audit.Target("microtask", "=HYPERLINK(1)", officer.agency_id)
        audit.record(tx, "claim.take", target, actor=officer, context=AT_WORK)
    numbered()
    (row,) = [row for row in taken(officer, act="claim.take") if "HYPERLINK" in row["object"]]
    assert row["object"] == "'=HYPERLINK(1)"


def test_a_file_that_was_cut_says_so_and_where_the_rest_begins(
    officer: Principal,
) -> None:
    whole = taken(officer)
    lines = list(csv.reader(io.StringIO(text_of(officer, most=2))))
    assert [line[0] for line in lines[1:3]] == [row["number"] for row in whole[:2]]
    assert lines[3] == [
        f"Cut here: one file has at most 2 entries. Older ones are below number {lines[2][0]}."
    ]
    assert len(lines) == 4
    rest = list(csv.DictReader(io.StringIO(text_of(officer, before=int(lines[2][0])))))
    assert rest[0]["number"] == whole[2]["number"]
