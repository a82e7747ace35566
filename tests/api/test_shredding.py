"""Retention through the API: moving the last day, shredding a campaign and an item."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from agencies.models import Membership
from marketplace.foundation.db import transaction
from security.principal import Principal
from tasks import shredding
from tasks.models import Campaign, Microtask, Payload
from tests import on_device
from tests.application import Program
from tests.builders import a_campaign, a_contribution, a_person, an_owner, changed, found, one, settled

TODAY = datetime.now(UTC).date()


@pytest.fixture
def owner(app: Any) -> Principal:
    return an_owner("north")


@pytest.fixture
def campaign(owner: Principal) -> UUID:
    made = a_campaign(owner, items=1, redundancy=1, level="sensitive")
    a_contribution(made, a_person())
    settled(made)
    return made


@pytest.fixture
def api(program: Callable[..., Program], owner: Principal) -> Program:
    return program(owner)


def test_the_last_day_is_moved(api: Program, campaign: UUID) -> None:
    until = (TODAY + timedelta(days=9)).isoformat()
    answer = api.post(f"/campaigns/{campaign}/keep", json={"until": until})
    assert (answer.status_code, answer.json["kept_until"]) == (200, until)
    assert one(select(Campaign.keep_until)).isoformat() == until


@pytest.mark.parametrize("days", [-1, 366])
def test_a_day_that_is_not_possible_is_named(api: Program, campaign: UUID, days: int) -> None:
    until = (TODAY + timedelta(days=days)).isoformat()
    answer = api.post(f"/campaigns/{campaign}/keep", json={"until": until})
    assert (answer.status_code, answer.json["type"]) == (422, "/problems/bad-keep-day")
    assert list(answer.json["errors"]) == ["until"]


def test_a_campaign_is_shredded_once_and_then_says_so(api: Program, campaign: UUID, owner: Principal) -> None:
    answer = api.post(f"/campaigns/{campaign}/shred", json={})
    assert (answer.status_code, answer.json["open"]) == (200, False)
    with transaction() as tx:
        shredding.shred_some(tx, campaign)
    shown = api.get(f"/campaigns/{campaign}").json
    assert shown["shredded_on"] == one(select(Payload.shredded_on).limit(1)).isoformat()
    again = api.post(f"/campaigns/{campaign}/shred", json={})
    assert (again.status_code, again.json["type"]) == (410, "/problems/shredded")
    item, device = one(select(Microtask.id)), on_device.device_of(owner).thumbprint
    read = api.get(f"/campaigns/{campaign}/results/{item}?device={device}")
    assert (read.status_code, read.json["type"]) == (410, "/problems/shredded")
    [row] = api.get(f"/campaigns/{campaign}/results").json["rows"]
    assert (row["number"], row["agreeing"], row["shredded_on"]) == (1, 1, shown["shredded_on"])


def test_an_item_is_shredded(api: Program, campaign: UUID) -> None:
    answer = api.post(f"/microtasks/{one(select(Microtask.id))}/shred", json={})
    assert (answer.status_code, answer.json["shredded_on"]) == (200, None)
    left = found(select(Payload.header).where(Payload.shredded_on.is_(None)))
    assert [b'"purpose":"key"' in row.header for row in left] == [True]


def test_whoever_lost_the_role_is_refused(api: Program, campaign: UUID, owner: Principal) -> None:
    mine = Membership.id == owner.membership_id
    changed(update(Membership).where(mine).values(ended_at=datetime.now(UTC)))
    assert api.post(f"/campaigns/{campaign}/shred", json={}).status_code in (401, 403)
    assert one(select(Campaign.state)) == "open"
