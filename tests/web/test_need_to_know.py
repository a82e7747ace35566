"""The room's section that lets people in, by forms alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete, select, update

from agencies.models import Person
from marketplace.foundation.db import reading, transaction
from tasks.models import Campaign, NeedToKnowGrant
from tests.web.stage import Stage
from tests.web.test_claims import english, form_of


@pytest.fixture
def campaign(stage: Stage) -> Iterator[UUID]:
    """The strikes, under need-to-know for once."""
    found = stage.campaign()
    _put_under(found, True)
    yield found
    with transaction() as tx:
        tx.execute(delete(NeedToKnowGrant))
    _put_under(found, False)


def _put_under(campaign: UUID, need_to_know: bool) -> None:
    with transaction() as tx:
        tx.execute(update(Campaign).where(Campaign.id == campaign).values(need_to_know=need_to_know))


def whom(stage: Stage, login: str) -> dict[str, str]:
    person = stage.person(login)
    with reading() as db:
        email = db.scalar(select(Person.email).where(Person.id == person.person_id))
    until = datetime.now(UTC).date() + timedelta(days=3)
    return {"agency": person.agency_slug, "email": str(email), "until": until.isoformat()}


def page_of(client: FlaskClient, campaign: UUID) -> str:
    return client.get(f"/campaigns/{campaign}/room").get_data(as_text=True)


def test_the_owner_lets_somebody_in_and_ends_it(stage: Stage, campaign: UUID) -> None:
    owner, reader = english(stage, "ines"), english(stage, "paul")
    assert reader.get(f"/campaigns/{campaign}").status_code == 404
    page = page_of(owner, campaign)
    assert "Nobody is let in yet." in page
    made = owner.post(
        f"/campaigns/{campaign}/need-to-know",
        data=form_of(page, "/need-to-know#inside") | whom(stage, "paul"),
    )
    assert made.status_code == 303
    assert reader.get(f"/campaigns/{campaign}").status_code == 200
    page = page_of(owner, campaign)
    assert stage.person("paul").name in page
    ending = f"/need-to-know/{stage.person('paul').membership_id}/end"
    assert owner.post(f"/campaigns/{campaign}{ending}", data=form_of(page, ending)).status_code == 303
    assert reader.get(f"/campaigns/{campaign}").status_code == 404


def test_what_was_typed_stays_beside_what_is_wrong(stage: Stage, campaign: UUID) -> None:
    owner = english(stage, "ines")
    hidden = form_of(page_of(owner, campaign), "/need-to-know#inside")
    typed = whom(stage, "paul") | {"email": "nobody@nowhere.example"}
    answer = owner.post(f"/campaigns/{campaign}/need-to-know", data=hidden | typed)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'value="nobody@nowhere.example"' in page
    assert "Nobody in this agency has this e-mail address." in page
    assert typed["until"] in page


def test_a_campaign_for_all_has_no_such_section(stage: Stage) -> None:
    assert "Let somebody in" not in page_of(english(stage, "ines"), stage.campaign())
