"""Searching the record by a program: the same words as the page, and words that make no sense are refused."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from agencies.oversight import searches
from marketplace.api.record_search import SearchQuery
from marketplace.foundation.db import transaction
from security.log import sequencer
from security.log.models import AuditPending
from security.principal import Principal, Role
from tests.builders import a_campaign, a_claim, a_person, an_answer, an_owner, found


@pytest.fixture
def officer(app: Any) -> Principal:
    owner, person = an_owner("north"), a_person("south")
    campaign = a_campaign(owner, items=3, redundancy=1, level="sensitive")
    for _ in range(3):
        an_answer(a_claim(campaign, person), person)
    made = a_person("north", roles=(Role.SECURITY_OFFICER,))
    with transaction() as tx:
        sequencer.sequence(tx)
    return made


def test_it_takes_every_word_that_the_page_takes() -> None:
    assert set(searches.WORDS) == set(SearchQuery().fields) - {"before", "limit"}


def test_entries_are_found_and_people_are_pseudonyms(program: Any, officer: Principal) -> None:
    page = program(officer).get("/record/search?act=contribution.submit&label=sensitive").json
    assert len(page["entries"]) == 3
    entry = page["entries"][0]
    assert (entry["act"], entry["agency"], entry["object_agency"]) == (
        "contribution.submit",
        "south",
        "north",
    )
    assert entry["pseudonym"]
    assert {"subject_id", "detail", "agency_id"} & set(entry) == set()
    again = program(officer).get(f"/record/search?pseudonym={entry['pseudonym']}&limit=500").json
    assert {each["pseudonym"] for each in again["entries"]} == {entry["pseudonym"]}


def test_it_is_read_page_by_page(program: Any, officer: Principal) -> None:
    reader = program(officer)
    numbers, before = [], ""
    for _ in range(2):
        page = reader.get(f"/record/search?act=contribution.submit&limit=2{before}").json
        numbers += [entry["number"] for entry in page["entries"]]
        before = f"&before={page['next']}"
    assert page["next"] is None
    assert len(numbers) == 3
    assert numbers == sorted(numbers, reverse=True)


def test_searching_is_on_the_record(program: Any, officer: Principal) -> None:
    program(officer).get("/record/search?outcome=refused")
    rows = found(
        select(AuditPending.act, AuditPending.channel, AuditPending.detail).order_by(AuditPending.id)
    )
    assert tuple(rows[-1]) == ("log.read", "api", {"outcome": "refused"})


@pytest.mark.parametrize("word", ["label=secret", "act=fly", "since=yesterday", "object=1234567"])
def test_a_word_that_makes_no_sense_is_refused_by_its_name(
    program: Any, officer: Principal, word: str
) -> None:
    answer = program(officer).get(f"/record/search?{word}")
    assert answer.status_code == 422
    assert list(answer.json["errors"]) == [word.partition("=")[0]]


def test_another_agency_finds_none_of_it(program: Any, officer: Principal) -> None:
    stranger = a_person("west", roles=(Role.SECURITY_OFFICER,))
    assert program(stranger).get("/record/search?act=contribution.submit").json["entries"] == []
