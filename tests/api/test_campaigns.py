"""What there is to do, and what is hidden."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from security.labels import Level
from tests.builders import a_campaign, a_person, an_owner


@pytest.mark.parametrize(
    "path",
    ["/campaigns/{}", "/campaigns/{}/results", "/campaigns/{}/results.csv", "POST /campaigns/{}/claims"],
)
def test_hidden_unknown_and_impossible_ids_look_the_same(program: Any, path: str) -> None:
    hidden = a_campaign(level="sensitive")
    person = program(an_owner(clearance=Level.INTERNAL))
    answers = [
        _asked(person, path.format(found)) for found in (hidden, uuid.uuid4(), "1", str(hidden).upper())
    ]
    assert [answer.status_code for answer in answers] == [404] * 4
    bodies = [{k: v for k, v in answer.json.items() if k != "reference"} for answer in answers]
    assert bodies[0]["type"] == "/problems/not-found"
    assert all(body == bodies[0] for body in bodies)


def test_other_agencies_campaigns_outside_the_audience_are_hidden(program: Any) -> None:
    a_person("somewhere-else")  # an audience names agencies that there are
    campaign = a_campaign(audience=["somewhere-else"])
    assert program(a_person()).get(f"/campaigns/{campaign}").status_code == 404


def test_the_board_says_what_is_missing(program: Any) -> None:
    a_person(skills=("charts",))
    campaign = a_campaign(skills=["charts"])
    person = program(a_person())
    shown = person.get("/campaigns").json
    assert shown["can"] == []
    assert [(row["id"], row["missing"][0]["code"]) for row in shown["away"]] == [(str(campaign), "skill")]
    refused = person.post(f"/campaigns/{campaign}/claims")
    assert (refused.status_code, refused.json["type"]) == (403, "/problems/not-eligible")
    assert refused.json["reasons"] == [{"code": "skill", "args": {"skills": "charts"}, "remedy": "add_skill"}]


def test_the_board_can_be_filtered(program: Any) -> None:
    short, long = a_campaign(minutes=1, name="Whales"), a_campaign(minutes=20, level="public")
    person = program(a_person())

    def found(query: str) -> list[str]:
        return [row["id"] for row in person.get(f"/campaigns?{query}").json["can"]]

    assert found("minutes=5") == [str(short)]
    assert found("level=public") == [str(long)]
    assert set(found("level=public&level=internal")) == {str(short), str(long)}
    assert found("q=whales") == [str(short)]
    assert found("agency=nobody") == []


def test_a_campaign_that_has_not_changed_is_not_sent_again(program: Any) -> None:
    person, campaign = program(a_person()), a_campaign()
    first = person.get(f"/campaigns/{campaign}")
    again = person.get(f"/campaigns/{campaign}", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_a_cookie_opens_nothing(program: Any, app: Any) -> None:
    client = app.test_client()
    client.set_cookie("market_session", "anything")
    assert client.get("/api/v1/me").status_code == 401


def test_an_unknown_address_is_a_problem(program: Any) -> None:
    for path, status in (("/nothing", 404), ("/campaigns/1/2/3", 404)):
        refused = program().get(path)
        assert (refused.status_code, refused.content_type) == (status, "application/problem+json")
    assert program().post("/me").status_code == 405


@pytest.mark.parametrize(
    "path", ["", "/", "/v1", "/v1/", "/v1//", "/v1/claims/", "/v1/claims//payload", "/v1//claims", "//v1/me"]
)
def test_no_address_of_the_api_answers_with_a_page(app: Any, path: str) -> None:
    answer = app.test_client().get(f"/api{path}", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")


def _asked(person: Any, path: str) -> Any:
    if path.startswith("POST "):
        return person.post(path.removeprefix("POST "))
    return person.get(path)
