"""Units by forms alone: who stands in them, put in and taken out from either page; and what was typed stays."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete, select

from agencies import unit_members, units
from agencies.agreement_models import UnitMember
from deploy.samples import seed
from marketplace.foundation.db import reading, transaction
from tests.web.stage import Stage
from tests.web.test_claims import english, form_of

SOON = datetime.now(UTC) + timedelta(days=30)


@pytest.fixture
def felix(stage: Stage) -> FlaskClient:
    """An administrator of the Civil Aviation Office, where Karim works."""
    return english(stage, "felix")


@pytest.fixture(autouse=True)
def nobody_placed(stage: Stage) -> None:
    """Nobody stands in any unit when a test begins."""
    with transaction() as tx:
        tx.execute(delete(UnitMember))


def made(stage: Stage, login: str, name: str, **given: Any) -> UUID:
    with transaction() as tx:
        actor = stage._person(tx, login)
        return units.make(tx, f"{name} {uuid.uuid4().hex[:6]}", actor=actor, context=seed.CONTEXT, **given)


def at(unit: UUID) -> str:
    return f"/agency/units/{unit}"


def page_of(client: FlaskClient, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status
    return answer.get_data(as_text=True)


def sent(client: FlaskClient, path: str, action: str, **typed: Any) -> Any:
    return client.post(action, data=form_of(page_of(client, path), action) | typed)


def of(stage: Stage, login: str) -> list[UUID]:
    """The units somebody stands in, their home unit first."""
    with reading() as db:
        return [row["id"] for row in unit_members.of_membership(db, stage.person(login).membership_id)]


def person(stage: Stage, login: str) -> str:
    return f"/agency/people/{stage.person(login).membership_id}"


def test_somebody_is_put_in_and_taken_out_on_the_units_page(stage: Stage, felix: FlaskClient) -> None:
    unit, karim = at(safety := made(stage, "felix", "Safety")), stage.person("karim")
    assert "Nobody of your agency is in this unit." in page_of(felix, unit)
    put = sent(felix, unit, f"{unit}/members", membership=str(karim.membership_id))
    assert (put.status_code, put.location) == (303, unit)
    text = page_of(felix, unit)
    assert re.search(rf'<a class="title" href="{person(stage, "karim")}" dir="auto">{karim.name}</a>', text)
    assert f'<option value="{karim.membership_id}"' not in text
    assert of(stage, "karim") == [safety]
    assert sent(felix, unit, f"{unit}/members/out").status_code == 303
    assert of(stage, "karim") == []


def test_a_lasting_unit_takes_the_place_of_the_one_before(stage: Stage, felix: FlaskClient) -> None:
    first, second = made(stage, "felix", "First"), made(stage, "felix", "Second")
    storm = made(stage, "felix", "Storm desk", until=SOON)
    whom = {"membership": str(stage.person("karim").membership_id)}
    for unit in (first, storm, second):
        sent(felix, at(unit), f"{at(unit)}/members", **whom)
    assert of(stage, "karim") == [second, storm]


def test_the_persons_page_shows_units_and_changes_them(stage: Stage, felix: FlaskClient) -> None:
    safety, page = made(stage, "felix", "Safety"), person(stage, "karim")
    assert "In no unit." in page_of(felix, page)
    put = sent(felix, page, f"{page}/units", unit=str(safety))
    assert (put.status_code, put.location) == (303, f"{page}#units")
    assert "home unit" in page_of(felix, page)
    out = sent(felix, page, f"{at(safety)}/members/out")
    assert (out.status_code, out.location) == (303, f"{page}#units")
    assert of(stage, "karim") == []


def test_everybody_reads_their_own_units(stage: Stage, felix: FlaskClient) -> None:
    safety = made(stage, "felix", "Safety")
    sent(felix, at(safety), f"{at(safety)}/members", membership=str(stage.person("karim").membership_id))
    text = page_of(english(stage, "karim"), "/my-roles")
    assert re.search(r"Units: <span dir=\"auto\">Safety ", text)


def test_an_officer_reads_no_units_on_a_persons_page(stage: Stage, felix: FlaskClient) -> None:
    safety, karim = made(stage, "felix", "Safety"), person(stage, "karim")
    sent(felix, karim, f"{karim}/units", unit=str(safety))
    text = page_of(english(stage, "haas"), karim)
    assert "Safety" not in text
    assert "Put into" not in text


def test_a_guests_administrator_puts_their_own_people_into_a_unit_of_others(
    stage: Stage, felix: FlaskClient
) -> None:
    desk = made(stage, "felix", "Storm desk", until=SOON, guests=["digital-service"])
    greta, maja = english(stage, "greta"), stage.person("maja")
    assert f'href="{at(desk)}"' in page_of(greta, "/agency/units")
    text = page_of(greta, at(desk))
    assert "A temporary unit of Civil Aviation Office" in text
    assert "Rename" not in text
    assert sent(greta, at(desk), f"{at(desk)}/members", membership=str(maja.membership_id)).status_code == 303
    assert of(stage, "maja") == [desk]
    assert maja.name in page_of(greta, at(desk))
    assert maja.name not in page_of(felix, at(desk))


def test_a_unit_of_another_agency_is_not_there(stage: Stage) -> None:
    safety, greta = made(stage, "felix", "Safety"), english(stage, "greta")
    page_of(greta, at(safety), 404)
    maja = person(stage, "maja")
    refused = sent(greta, maja, f"{maja}/units", unit=str(safety))
    assert refused.status_code == 303
    assert "not there any more" in page_of(greta, maja)
    assert of(stage, "maja") == []


def test_nobody_of_another_agency_is_put_in(stage: Stage, felix: FlaskClient) -> None:
    unit = at(made(stage, "felix", "Safety"))
    refused = sent(felix, unit, f"{unit}/members", membership=str(stage.person("maja").membership_id))
    assert refused.status_code == 422
    assert '<a href="#membership">Your agency has no such member.</a>' in refused.get_data(as_text=True)
    assert of(stage, "maja") == []


def test_what_cannot_be_done_is_said_beside_its_field_with_what_was_typed(
    stage: Stage, felix: FlaskClient
) -> None:
    upper = made(stage, "felix", "Upper")
    lower = made(stage, "felix", "Lower", parent_id=upper)
    storm = made(stage, "felix", "Storm desk", until=SOON)
    gone = uuid.uuid4()
    for action, typed, field, said in (
        ("name", {"name": "x" * 121}, "name", "Give it a name."),
        ("place", {"parent": str(lower)}, "parent", "A unit cannot stand below itself."),
        ("place", {"parent": str(gone)}, "parent", "This unit is not there any more."),
        ("merge", {"into": str(storm)}, "into", "A temporary unit and a lasting one cannot be merged."),
        ("merge", {"into": ""}, "into", "Choose a unit."),
        ("members", {"membership": ""}, "membership", "Choose a person."),
        ("end", {}, "end", "There are units or people in it."),
    ):
        answer = sent(felix, at(upper), f"{at(upper)}/{action}", **typed)
        text = answer.get_data(as_text=True)
        assert answer.status_code == 422
        assert re.search(rf'<a href="#{field}">{re.escape(said)}', text)
        assert f'id="{field}-error"' in text
    answer = sent(felix, at(upper), f"{at(upper)}/name", name="x" * 121)
    assert f'value="{"x" * 121}"' in answer.get_data(as_text=True)
    answer = sent(felix, at(upper), f"{at(upper)}/merge", into=str(storm))
    assert f'<option value="{storm}" selected>' in answer.get_data(as_text=True)


def test_a_new_unit_under_one_that_is_gone_is_said_at_its_place(felix: FlaskClient) -> None:
    answer = sent(felix, "/agency/units", "/agency/units", name="Pumps", parent=str(uuid.uuid4()))
    text = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert '<a href="#parent">' in text
    assert 'value="Pumps"' in text


def test_every_placing_is_on_the_record_once(stage: Stage, felix: FlaskClient) -> None:
    unit = at(safety := made(stage, "felix", "Safety"))
    filled = form_of(page_of(felix, unit), f"{unit}/members") | {
        "membership": str(stage.person("karim").membership_id)
    }
    for _ in range(2):
        assert felix.post(f"{unit}/members", data=filled).status_code == 303
    with reading() as db:
        rows = db.all(select(UnitMember.id).where(UnitMember.unit_id == safety))
    assert len(rows) == 1
