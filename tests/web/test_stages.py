"""The room moves a campaign on, and its approver opens it, on pages without scripts."""

from __future__ import annotations

from collections.abc import Iterator
from html import unescape
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from marketplace.foundation.db import reading, transaction
from tasks import campaigns, facts
from tasks.models import Campaign
from tasks.stages import Stage
from tests.builders import AT_WORK, a_spec, rows
from tests.web.stage import Stage as Scene
from tests.web.test_claims import english, form_of
from tests.web.test_pages import text_of

NAME = "Runway lights"


@pytest.fixture
def campaign(stage: Scene) -> Iterator[UUID]:
    """Posted by Ines; discarded after the test."""
    with transaction() as tx:
        asked = (a_spec(name=NAME, title="Which lights are out?"), rows(2))
        made = campaigns.post(tx, *asked, actor=stage.person("ines"), context=AT_WORK)
    yield made
    with transaction() as tx:
        gone = {"stage": Stage.DISCARDED, "state": "closed"}
        tx.execute(update(Campaign).where(Campaign.id == made).values(gone))


def sent(client: FlaskClient, page: str, campaign: UUID, act: str, **more: str) -> Any:
    hidden = form_of(text_of(client, page), "/move")
    return client.post(f"/campaigns/{campaign}/move", data=hidden | {"act": act} | more)


def stage_of(campaign: UUID) -> Stage:
    with reading() as db:
        return facts.campaign(db, campaign).stage


def test_what_waits_is_listed_and_opened(stage: Scene, campaign: UUID) -> None:
    approver = english(stage, "felix")
    listed = text_of(approver, "/approvals")
    assert NAME in listed
    page = text_of(approver, f"/approvals/{campaign}")
    assert "Which lights are out?" in page
    assert "A bat" in page  # what it asks
    done = sent(approver, f"/approvals/{campaign}", campaign, "approve")
    assert (done.status_code, done.location) == (303, "/approvals")
    assert stage_of(campaign) is Stage.OPEN
    assert NAME not in text_of(approver, "/approvals")
    assert "Its items are taken from the shared queue." in text_of(approver, f"/approvals/{campaign}")


def test_what_should_change_stands_in_the_room(stage: Scene, campaign: UUID) -> None:
    approver, owner = english(stage, "felix"), english(stage, "ines")
    sent(approver, f"/approvals/{campaign}", campaign, "send_back", remark="Say <why>.")
    room = text_of(owner, f"/campaigns/{campaign}/room")
    assert "Say <why>." in unescape(room)
    assert "<why>" not in room
    done = sent(owner, f"/campaigns/{campaign}/room", campaign, "submit")
    assert (done.status_code, done.location) == (303, f"/campaigns/{campaign}/room")
    assert stage_of(campaign) is Stage.SUBMITTED


def test_sending_back_without_a_sentence_says_so(stage: Scene, campaign: UUID) -> None:
    answer = sent(english(stage, "felix"), f"/approvals/{campaign}", campaign, "send_back", remark=" ")
    assert answer.status_code == 422
    assert "Say what should change" in answer.get_data(as_text=True)
    assert stage_of(campaign) is Stage.SUBMITTED


@pytest.mark.parametrize(
    ("acts", "said"),
    [
        (["pause"], "Nobody takes new items. What is in somebody’s hands can still be finished."),
        (["pause", "resume"], "Its items are taken from the shared queue."),
        (["close"], None),
        (["cancel"], None),
    ],
    ids=["paused", "resumed", "ended", "cancelled"],
)
def test_the_owner_moves_it_from_its_room(
    stage: Scene, campaign: UUID, acts: list[str], said: str | None
) -> None:
    owner = english(stage, "ines")
    sent(english(stage, "felix"), f"/approvals/{campaign}", campaign, "approve")
    for act in acts:
        assert sent(owner, f"/campaigns/{campaign}/room", campaign, act).status_code == 303
    room = text_of(owner, f"/campaigns/{campaign}/room")
    assert said is None or said in room
    assert ("/move" in room) is (said is not None)


def test_an_act_from_an_old_page_says_that_a_colleague_was_faster(stage: Scene, campaign: UUID) -> None:
    owner = english(stage, "ines")
    hidden = form_of(text_of(owner, f"/campaigns/{campaign}/room"), "/move")
    for act, status in (("withdraw", 303), ("pause", 409), ("fly", 409)):
        answer = owner.post(
            f"/campaigns/{campaign}/move", data=hidden | {"act": act, "idempotency_key": f"old-page-{act}"}
        )
        assert answer.status_code == status


def test_nobody_outside_reads_of_it(stage: Scene, campaign: UUID) -> None:
    for login in ("maja", "karim", "nora"):
        assert "There is nothing here" in text_of(english(stage, login), f"/campaigns/{campaign}", 404)
