"""Letting people in under need-to-know, by forms alone: owners begin in the room, officers at a list."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete, select, update

from agencies.models import Person
from marketplace.foundation.db import reading, transaction
from security.labels import Level
from tasks.models import Campaign, NeedToKnowGrant
from tests.web.stage import Stage
from tests.web.test_claims import english, form_of

LIST = "/campaigns/need-to-know"


@pytest.fixture
def campaign(stage: Stage) -> Iterator[UUID]:
    """The strikes, under need-to-know for once."""
    found = stage.campaign()
    _put(found, need_to_know=True)
    yield found
    with transaction() as tx:
        tx.execute(delete(NeedToKnowGrant).where(NeedToKnowGrant.campaign_id == found))
    _put(found, need_to_know=False)


@pytest.fixture
def restricted(campaign: UUID) -> Iterator[UUID]:
    """The same, labelled above the officer's clearance."""
    with reading() as db:
        before = db.scalar(select(Campaign.level).where(Campaign.id == campaign))
    _put(campaign, level=int(Level.RESTRICTED))
    yield campaign
    _put(campaign, level=before)


def _put(campaign: UUID, **values: object) -> None:
    with transaction() as tx:
        tx.execute(update(Campaign).where(Campaign.id == campaign).values(**values))


def whom(stage: Stage, login: str) -> dict[str, str]:
    person = stage.person(login)
    with reading() as db:
        email = db.scalar(select(Person.email).where(Person.id == person.person_id))
    until = datetime.now(UTC).date() + timedelta(days=3)
    return {"agency": person.agency_slug, "email": str(email), "until": until.isoformat()}


def page_of(client: FlaskClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def inside(campaign: UUID) -> str:
    return f"/campaigns/{campaign}/need-to-know"


def test_the_owner_lets_somebody_in_from_the_room_and_ends_it(stage: Stage, campaign: UUID) -> None:
    owner, reader = english(stage, "ines"), english(stage, "paul")
    assert reader.get(f"/campaigns/{campaign}").status_code == 404
    room = page_of(owner, f"/campaigns/{campaign}/room")
    assert "Nobody is let in yet." in room
    assert f'href="{inside(campaign)}"' in room
    page = page_of(owner, inside(campaign))
    made = owner.post(inside(campaign), data=form_of(page, "/need-to-know") | whom(stage, "paul"))
    assert (made.status_code, made.location) == (303, inside(campaign))
    assert reader.get(f"/campaigns/{campaign}").status_code == 200
    assert stage.person("paul").name in page_of(owner, f"/campaigns/{campaign}/room")
    page = page_of(owner, inside(campaign))
    ending = f"{inside(campaign)}/{stage.person('paul').membership_id}/end"
    assert owner.post(ending, data=form_of(page, ending)).status_code == 303
    assert reader.get(f"/campaigns/{campaign}").status_code == 404


def test_the_officer_finds_the_campaign_and_lets_somebody_in(stage: Stage, campaign: UUID) -> None:
    officer, reader = english(stage, "haas"), english(stage, "paul")
    assert f'href="{LIST}"' in page_of(officer, "/record")
    listed = page_of(officer, LIST)
    assert f'href="{inside(campaign)}"' in listed
    assert "Nobody is let in yet." in listed
    page = page_of(officer, inside(campaign))
    made = officer.post(inside(campaign), data=form_of(page, "/need-to-know") | whom(stage, "paul"))
    assert made.status_code == 303
    assert reader.get(f"/campaigns/{campaign}").status_code == 200
    assert stage.person("paul").name in page_of(officer, LIST)
    page = page_of(officer, made.location)
    ending = f"{inside(campaign)}/{stage.person('paul').membership_id}/end"
    assert officer.post(ending, data=form_of(page, ending)).status_code == 303
    assert stage.person("paul").name not in page_of(officer, LIST)


def test_the_officer_reads_nothing_of_the_campaign_for_it(stage: Stage, campaign: UUID) -> None:
    officer = english(stage, "haas")
    for path in (f"/campaigns/{campaign}", f"/campaigns/{campaign}/room"):
        assert officer.get(path).status_code == 403


def test_a_name_above_the_clearance_is_not_told(stage: Stage, restricted: UUID) -> None:
    officer, number = english(stage, "haas"), str(restricted)[:8]
    with reading() as db:
        name = db.scalar(select(Campaign.name).where(Campaign.id == restricted))
    for path in (LIST, inside(restricted)):
        page = page_of(officer, path)
        assert f"Campaign {number}" in page
        assert str(name) not in page
    assert "Your clearance does not cover the name" in page_of(officer, inside(restricted))


def test_the_officer_of_another_agency_finds_nothing(stage: Stage, campaign: UUID) -> None:
    stranger = english(stage, "sofie")
    assert inside(campaign) not in page_of(stranger, LIST)
    assert stranger.get(inside(campaign)).status_code == 404


def test_who_lets_nobody_in_has_no_such_page(stage: Stage, campaign: UUID) -> None:
    for login in ("maja", "felix", "jan"):
        client = english(stage, login)
        assert (client.get(LIST).status_code, client.get(inside(campaign)).status_code) == (403, 403)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"email": "nobody@nowhere.example"}, "Nobody in this agency has this e-mail address."),
        ({"until": "2001-01-01"}, "Choose a day from today on, at most a year ahead."),
        ({"until": "soon"}, "Choose a day from today on, at most a year ahead."),
    ],
)
def test_what_was_typed_stays_beside_what_is_wrong(
    stage: Stage, campaign: UUID, wrong: dict[str, str], said: str
) -> None:
    officer = english(stage, "haas")
    hidden = form_of(page_of(officer, inside(campaign)), "/need-to-know")
    typed = whom(stage, "paul") | wrong
    answer = officer.post(inside(campaign), data=hidden | typed)
    page = answer.get_data(as_text=True)
    (field,) = wrong
    assert answer.status_code == 422
    assert f'<a href="#{field}">{said}</a>' in page
    assert f'id="{field}-error"' in page
    assert all(f'value="{typed[name]}"' in page for name in ("email", "until"))
    assert f'value="{typed["agency"]}" selected' in page


def test_a_campaign_for_all_asks_for_nobody_to_be_let_in(stage: Stage) -> None:
    campaign = stage.campaign()
    assert inside(campaign) not in page_of(english(stage, "ines"), f"/campaigns/{campaign}/room")
    officer = english(stage, "haas")
    assert inside(campaign) not in page_of(officer, LIST)
    page = page_of(officer, inside(campaign))
    assert "nobody has to be let in" in page
    assert "Let somebody in" not in page
