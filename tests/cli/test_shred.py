"""`marketplace campaign shred`: says what is lost, asks, and does it once."""

from __future__ import annotations

import json
from uuid import UUID

import pytest
from sqlalchemy import select

from security.principal import Principal
from tasks.models import Campaign
from tests.application import token_of
from tests.builders import a_campaign, a_person, an_owner, one
from tests.cli.conftest import Terminal


@pytest.fixture
def owner(served: Terminal) -> Principal:
    return an_owner("north")


@pytest.fixture
def campaign(owner: Principal) -> UUID:
    return a_campaign(owner, items=2, level="sensitive")


def state() -> str:
    return str(one(select(Campaign.state)))


def test_it_says_what_is_lost_and_stops_where_nobody_agrees(
    served: Terminal, owner: Principal, campaign: UUID
) -> None:
    stopped = served.type("campaign", "shred", str(campaign), token=token_of(owner))
    assert stopped.exit_code == 1
    assert "2 items, 0 settled" in stopped.output
    assert "lost for ever" in stopped.output
    assert state() == "open"


def test_programs_are_not_asked_and_read_json(served: Terminal, owner: Principal, campaign: UUID) -> None:
    done = served.type("campaign", "shred", str(campaign), "--yes", "--json", token=token_of(owner))
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["id"] == str(campaign)
    assert state() == "closed"
    again = served.type("campaign", "shred", str(campaign), "--yes", token=token_of(owner))
    assert again.exit_code == 1
    assert "This was shredded" in again.output


def test_whoever_may_not_is_told_so(served: Terminal, owner: Principal, campaign: UUID) -> None:
    refused = served.type("campaign", "shred", str(campaign), "--yes", token=token_of(a_person("north")))
    assert refused.exit_code == 1
    assert state() == "open"
