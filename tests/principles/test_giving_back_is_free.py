"""Promise 6: declining or giving back work leaves no trace held against a person."""

from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from agencies.models import Notice
from marketplace.foundation.db import reading
from marketplace.foundation.jobs import Job
from security.principal import Principal
from tasks import queries
from tasks.board import board
from tasks.models import Claim, Contribution, Participation
from tests.builders import AT_WORK, a_campaign, a_claim, a_person, found, given_back, one
from tests.principles.schema import columns


def board_of(person: Principal) -> dict[str, Any]:
    with reading() as db:
        return board(db, person, AT_WORK)


@pytest.fixture
def person(database: Engine) -> Principal:
    """Somebody who gave back three of four items."""
    campaign, somebody = a_campaign(items=4), a_person()
    for _ in range(3):
        given_back(a_claim(campaign, somebody), somebody)
    return somebody


def test_all_that_is_kept_is_what_next_must_not_offer_again(person: Principal) -> None:
    assert [row.state for row in found(select(Participation.state))] == ["given_back"] * 3
    assert [tuple(row) for row in found(select(Claim.expires_at, Claim.ended))] == [(None, "given_back")] * 3


def test_nobody_is_told(person: Principal) -> None:
    assert one(select(func.count()).select_from(Notice)) == 0
    assert one(select(func.count()).select_from(Job)) == 0


def test_nothing_of_it_is_among_the_contributions(person: Principal) -> None:
    assert found(select(Contribution.id)) == []


def test_the_board_looks_as_it_does_to_who_never_took_anything(person: Principal) -> None:
    assert board_of(person) == board_of(a_person())


def test_the_person_is_not_shown_a_list_of_what_they_gave_back(person: Principal) -> None:
    with reading() as db:
        assert queries.my_work(db, person, AT_WORK) == {"claims": [], "answered": []}


def test_the_next_item_is_given_as_to_anybody(person: Principal) -> None:
    campaign = one(select(Claim.campaign_id))
    assert a_claim(campaign, person)


def test_no_column_counts_what_was_given_back() -> None:
    words = ("released", "returned", "declined", "given_back", "lapses", "refusals")
    assert not [column.name for _, column in columns() if column.name in words]
