"""Retention on the pages: the last day is shown and moved, shredding takes two steps, and what is gone says so."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from marketplace.foundation.db import reading, transaction
from tasks import campaigns, drafts, facts, payloads, settling, shredding
from tasks.models import Campaign, Draft, Microtask
from tests import on_device
from tests.builders import AT_WORK, a_claim, a_contribution, a_spec, item_of, lapsed, let_open
from tests.web.stage import Stage
from tests.web.test_claims import english, form_of

TODAY = datetime.now(UTC).date()


@pytest.fixture
def campaign(stage: Stage) -> Iterator[UUID]:
    """A sealed campaign of Ines's with one settled item of two; it is gone after the test."""
    owner = stage.person("ines")
    with transaction() as tx:
        spec = a_spec(name="Shredding", level="sensitive", contributions=1)
        made = campaigns.post(tx, spec, "entry\none\ntwo\n", actor=owner, context=AT_WORK)
        let_open(tx, made)
    a_contribution(made, stage.person("karim"))
    with transaction() as tx:
        settling.settle(tx, made)
    yield made
    with transaction() as tx:
        tx.execute(update(Campaign).where(Campaign.id == made).values(keep_until=TODAY - timedelta(days=1)))
        shredding.shred_some(tx, made)


def page(client: FlaskClient, path: str) -> str:
    answer = client.get(path, follow_redirects=True)
    assert answer.status_code == 200, path
    return answer.get_data(as_text=True)


def item(campaign: UUID) -> UUID:
    with reading() as db:
        found: UUID = db.scalar(
            select(Microtask.id).where(Microtask.campaign_id == campaign).order_by(Microtask.number)
        )
    return found


def test_the_last_day_is_shown_to_whoever_works_and_to_the_owner(stage: Stage, campaign: UUID) -> None:
    for login, where in (("maja", ""), ("ines", ""), ("ines", "/room"), ("ines", "/retention")):
        text = page(english(stage, login), f"/campaigns/{campaign}{where}")
        assert "Sealed content is kept until" in text, (login, where)


def test_the_owner_moves_the_last_day(stage: Stage, campaign: UUID) -> None:
    client, path = english(stage, "ines"), f"/campaigns/{campaign}/retention"
    until = TODAY + timedelta(days=20)
    hidden = form_of(page(client, path), "/retention")
    answer = client.post(path, data=hidden | {"until": until.isoformat()})
    assert answer.status_code == 303
    with reading() as db:
        assert db.scalar(select(Campaign.keep_until).where(Campaign.id == campaign)) == until


@pytest.mark.parametrize("typed", ["", "tomorrow", "2000-01-01", "2999-01-01"])
def test_a_day_that_is_not_possible_is_pointed_to(stage: Stage, campaign: UUID, typed: str) -> None:
    client, path = english(stage, "ines"), f"/campaigns/{campaign}/retention"
    answer = client.post(path, data=form_of(page(client, path), "/retention") | {"until": typed})
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.get_data(as_text=True)


def test_a_campaign_is_shredded_in_two_steps(stage: Stage, campaign: UUID) -> None:
    client = english(stage, "ines")
    assert f"/campaigns/{campaign}/shred" in page(client, f"/campaigns/{campaign}/retention")
    said = page(client, f"/campaigns/{campaign}/shred")
    assert "This cannot be undone." in said
    answer = client.post(f"/campaigns/{campaign}/shred", data=form_of(said, "/shred"))
    assert answer.status_code == 303
    assert "is being shredded" in page(client, f"/campaigns/{campaign}/retention")
    with transaction() as tx:
        shredding.shred_some(tx, campaign)
    assert "was shredded on" in page(client, f"/campaigns/{campaign}/retention")
    assert "Sealed content was shredded on" in page(client, f"/campaigns/{campaign}")
    room = page(client, f"/campaigns/{campaign}/room")
    assert "gone without a result" in room
    assert "Sealed content was shredded on" in room


def test_an_item_is_shredded_in_two_steps_from_its_result(stage: Stage, campaign: UUID) -> None:
    client, shredded = english(stage, "ines"), item(campaign)
    result = f"/campaigns/{campaign}/results/{shredded}"
    path = f"/campaigns/{campaign}/items/{shredded}/shred"
    assert path in page(client, result)
    answer = client.post(path, data=form_of(page(client, path), "/shred"))
    assert answer.status_code == 303
    said = page(client, result)
    assert "Nobody can read it any more." in said
    assert "data-states" not in said, "there is nothing to be opened"
    assert path not in said
    assert "shredded" in page(client, f"/campaigns/{campaign}/results")
    device = on_device.device_of(stage.person("ines")).thumbprint
    parts = client.get(f"{result}/parts?device={device}", headers={"Accept": "application/json"})
    assert (parts.status_code, parts.json["type"]) == (410, "/problems/shredded")


def test_an_appraiser_is_not_shown_the_way(stage: Stage, campaign: UUID) -> None:
    answer = english(stage, "karim").get(f"/campaigns/{campaign}/shred")
    assert answer.status_code == 403


class TestDrafts:
    @pytest.fixture
    def claim(self, stage: Stage, campaign: UUID) -> UUID:
        """Maja's claim, over by now, with a draft."""
        maja = stage.person("maja")
        claim, device = a_claim(campaign, maja), on_device.device_of(maja)
        with reading() as db:
            sealed_for = facts.campaign(db, campaign)
        ref = payloads.draft(item_of(claim), claim)
        draft = on_device.draft_of(device, sealed_for, ref, {"kind": "bat"}, device)
        with transaction() as tx:
            drafts.save(tx, claim, draft, actor=maja, context=AT_WORK)
        return lapsed(claim)

    def test_what_was_written_is_offered_when_the_claim_is_over(self, stage: Stage, claim: UUID) -> None:
        said = page(english(stage, "maja"), f"/claims/{claim}")
        assert "What you wrote is not lost" in said
        assert f'data-sealed-draft="/claims/{claim}/draft"' in said
        assert "sealed-draft" in said

    def test_it_can_be_destroyed(self, stage: Stage, claim: UUID) -> None:
        client = english(stage, "maja")
        hidden = form_of(page(client, f"/claims/{claim}"), "/draft/destroy")
        assert client.post(f"/claims/{claim}/draft/destroy", data=hidden).status_code == 303
        with reading() as db:
            assert db.scalar(select(Draft.payload_id).where(Draft.claim_id == claim)) is None
        assert "What you wrote is not lost" not in page(client, f"/claims/{claim}")
