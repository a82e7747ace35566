"""Promises 2 and 7: a result leads back to each contribution, by days and names that hold in one campaign only."""

from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, select

from marketplace.foundation.db import transaction
from security.principal import Principal
from tasks import results
from tasks.models import Contribution, Microtask
from tests.builders import AT_WORK, a_campaign, a_contribution, a_person, an_owner, found, one, settled


@pytest.fixture
def people(database: Engine) -> list[Principal]:
    return [a_person("south") for _ in range(3)]


@pytest.fixture
def result(people: list[Principal]) -> dict[str, Any]:
    owner = an_owner("north")
    campaign = a_campaign(owner, items=1)
    for person, value in zip(people, ("bat", "bird", "bat"), strict=True):
        a_contribution(campaign, person, value)
    settled(campaign)
    with transaction() as tx:
        return results.open_result(tx, campaign, one(select(Microtask.id)), actor=owner, context=AT_WORK)


def test_every_contribution_is_in_the_trace(result: dict[str, Any]) -> None:
    assert len(result["trace"]) == result["answers"] == 3


def test_a_step_says_value_note_and_day_and_nothing_of_speed_or_confidence(result: dict[str, Any]) -> None:
    assert {key for step in result["trace"] for key in step} == {
        "alias", "values", "labels", "note", "day", "agrees",
    }  # fmt: skip


def test_a_day_has_no_hour(result: dict[str, Any]) -> None:
    assert not any(isinstance(step["day"], datetime) for step in result["trace"])


def test_the_order_within_a_day_is_not_the_order_of_arrival(result: dict[str, Any]) -> None:
    """It follows the random ids of the contributions."""
    by_id = [row.answer["kind"] for row in found(select(Contribution.answer).order_by(Contribution.id))]
    assert [step["values"]["kind"] for step in result["trace"]] == by_id


def test_a_step_carries_no_id_of_person_claim_or_contribution(result: dict[str, Any]) -> None:
    assert not any(isinstance(value, UUID) for step in result["trace"] for value in step.values())


def test_a_contribution_keeps_its_day_and_no_time(result: dict[str, Any]) -> None:
    assert "day" in Contribution.__table__.c
    assert not {"submitted_at", "created_at", "recorded_at", "updated_at"} & set(
        Contribution.__table__.c.keys()
    )
