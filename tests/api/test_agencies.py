"""Agencies, their agreements and units, as programs of administrators reach them."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from security.principal import Role
from tests.agencies.agreeing import a_provider, an_administrator, an_enrolment, some_terms
from tests.builders import a_person

UNCHECKED = {"unchecked": True}


@pytest.fixture
def north(program: Any) -> Any:
    return program(an_administrator("north"))


@pytest.fixture
def south(program: Any) -> Any:
    return program(an_administrator("south"))


def test_everybody_may_know_who_takes_part(program: Any) -> None:
    person = a_person("north")
    a_provider("north")
    [row] = program(person).get("/agencies").json["agencies"]
    assert (row["slug"], row["domain"]) == ("north", "north.example")


@pytest.mark.parametrize(
    "path",
    ["/agency", "/proposals", "/units", "/terms"],
)
def test_contributors_read_no_agreements(program: Any, path: str) -> None:
    refused = program(a_person("north")).get(path)
    assert (refused.status_code, refused.json["type"]) == (403, "/problems/not-permitted")


def test_the_security_officer_reads_terms_and_changes_none(program: Any, north: Any, south: Any) -> None:
    made = north.post("/proposals/terms", json=some_terms())
    south.post(f"/proposals/{made.json['id']}/signatures")
    officer = program(a_person("south", roles=(Role.SECURITY_OFFICER,)))
    [terms] = officer.get("/terms").json["terms"]
    assert (terms["owner"]["slug"], terms["level"], terms["in_force"]) == ("north", "internal", True)
    assert officer.post(f"/terms/{terms['id']}/end").status_code == 403
    assert south.post(f"/terms/{terms['id']}/end").json["terms"][0]["in_force"] is False
    assert south.post(f"/terms/{terms['id']}/end").status_code == 404


def test_an_agency_comes_in_by_two_and_its_first_administrator_is_invited(north: Any, south: Any) -> None:
    made = north.post("/proposals/enrolments", json=an_enrolment() | UNCHECKED)
    assert made.status_code == 201
    assert made.headers["Location"] == f"/api/v1/proposals/{made.json['id']}"
    [key] = made.json["content"]["keys"]
    assert (key["kty"], "d" in key, made.json["state"]) == ("EC", False, "open")
    path = f"/proposals/{made.json['id']}"
    again = north.post(f"{path}/signatures")
    assert (again.status_code, again.json["type"]) == (403, "/problems/not-yours-to-sign")
    assert [reason["code"] for reason in again.json["reasons"]] == ["second_person"]
    [waiting] = south.get("/proposals").json["proposals"]
    assert (waiting["can_sign"], waiting["missing"]) == (True, [["South"]])
    signed = south.post(f"{path}/signatures")
    assert (signed.json["state"], len(signed.json["signatures"]), signed.json["whole"]) == (
        "in_force",
        2,
        True,
    )
    assert "harbour-office" in [row["slug"] for row in north.get("/agencies").json["agencies"]]
    invited = south.post(f"{path}/first-administrator", key="once")
    assert "/sign-in?invitation=inv_" in invited.json["address"]
    assert south.post(f"{path}/first-administrator", key="once").json["address"] is None


def test_a_provider_that_cannot_be_relied_on_is_not_proposed_by_mistake(north: Any, south: Any) -> None:
    given = an_enrolment(provider={"issuer": "https://127.0.0.1:9"})
    refused = north.post("/proposals/enrolments", json=given)
    assert (refused.status_code, bool(refused.json["errors"]["provider"]["issuer"])) == (422, True)
    made = north.post("/proposals/enrolments", json=given | UNCHECKED)
    assert (made.status_code, made.json["content"]["checked"]) == (201, False)


def test_a_repeated_proposal_is_one(north: Any, south: Any) -> None:
    first = north.post("/proposals/terms", json=some_terms(), key="once")
    again = north.post("/proposals/terms", json=some_terms(), key="once")
    assert again.json["id"] == first.json["id"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(south.get("/proposals").json["proposals"]) == 1


def test_a_secret_comes_back_nowhere(north: Any, south: Any) -> None:
    given = an_enrolment(provider={"authentication": "client_secret_basic", "client_secret": "s3cret-4471"})
    made = north.post("/proposals/enrolments", json=given | UNCHECKED)
    assert (made.status_code, "s3cret-4471" in made.get_data(as_text=True)) == (201, False)
    assert "s3cret-4471" not in south.get("/proposals").get_data(as_text=True)


def test_a_look_alike_is_refused_with_what_it_looks_like(north: Any, south: Any) -> None:
    given = an_enrolment(agency={"domain": "n0rth.example", "mail_domains": []})
    refused = north.post("/proposals/enrolments", json=given | UNCHECKED)
    assert (refused.status_code, refused.json["type"]) == (403, "/problems/look-alike")
    [reason] = refused.json["reasons"]
    assert reason["args"] == {"what": "domain", "value": "n0rth.example", "agency": "north"}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/proposals/enrolments", {"agency": {}, "provider": {}}),
        ("/proposals/enrolments", {}),
        ("/proposals/terms", {"owner": "north"}),
        ("/proposals/terms", some_terms(level="cosmic")),
        ("/proposals/terms", some_terms(guest="nowhere")),
        ("/proposals/providers", {"agency": "north"}),
        ("/agency/networks", {"office": ["0.0.0.0/0"]}),
        ("/agency/networks", {"moon": []}),
        ("/agency/labels", {"names": {"cosmic": {"en": "x"}}}),
        ("/agency/labels", {"names": {"public": {"de": "nur deutsch"}}}),
        ("/agency/settings", {"self_join": "yes"}),
        ("/units", {"name": " "}),
        ("/units", {"name": "Desk", "guests": ["south"]}),
    ],
)
def test_bad_input_is_named_by_its_place(north: Any, south: Any, path: str, body: dict[str, Any]) -> None:
    refused = north.post(path, json=body)
    assert (refused.status_code, bool(refused.json["errors"])) == (422, True)


@pytest.mark.parametrize(
    "path",
    [
        "GET /proposals/{}",
        "POST /proposals/{}/signatures",
        "POST /proposals/{}/withdrawal",
        "POST /proposals/{}/first-administrator",
        "POST /terms/{}/end",
        "POST /units/{}/end",
    ],
)
def test_what_is_no_affair_of_mine_and_what_is_not_there_look_the_same(
    program: Any, north: Any, south: Any, path: str
) -> None:
    made = north.post("/proposals/terms", json=some_terms()).json["id"]
    east = program(an_administrator("east"))
    verb, address = path.split()
    asked = {"GET": east.get, "POST": east.post}[verb]
    answers = [asked(address.format(each)) for each in (made, uuid.uuid4(), "1")]
    assert [answer.status_code for answer in answers] == [404] * 3
    bodies = [{k: v for k, v in answer.json.items() if k != "reference"} for answer in answers]
    assert bodies[0] == bodies[1] == bodies[2]


def test_settings_networks_and_labels(north: Any) -> None:
    north.post("/agency/settings", json={"self_join": True, "mail_domains": ["post.north.example"]})
    north.post("/agency/networks", json={"office": ["9.9.9.0/24"]})
    shown = north.post("/agency/labels", json={"names": {"restricted": {"en": "Top drawer"}}}).json
    assert (shown["self_join"], shown["mail_domains"]) == (True, ["post.north.example"])
    assert shown["networks"] == {"office": ["9.9.9.0/24"], "vpn": [], "home": []}
    assert (shown["labels"], shown["provider"]) == ({"restricted": {"en": "Top drawer"}}, None)
    assert north.get("/agency").json == shown


def test_suspending_holds_at_once_and_the_way_back_takes_two(north: Any, south: Any) -> None:
    assert north.post("/agency/provider/suspension").status_code == 404
    a_provider("north")
    assert north.post("/agency/provider/suspension").json["provider"]["status"] == "suspended"
    made = north.post("/proposals/providers", json={"agency": "north", "client_id": "commons"})
    assert made.json["state"] == "open"
    south.post(f"/proposals/{made.json['id']}/signatures")
    assert north.get("/agency").json["provider"]["status"] == "active"


def test_units_are_made_moved_merged_and_ended(north: Any) -> None:
    safety = north.post("/units", json={"name": "Safety"}).json["units"][0]["id"]
    north.post("/units", json={"name": "Analysis", "parent_id": safety})
    north.post("/units", json={"name": "Archive"})
    ids = {unit["name"]: unit["id"] for unit in north.get("/units").json["units"]}
    loop = north.post(f"/units/{safety}/place", json={"parent_id": ids["Analysis"]})
    assert (loop.status_code, loop.json["type"]) == (409, "/problems/unit-loop")
    north.post(f"/units/{ids['Analysis']}/name", json={"name": "Studies"})
    north.post(f"/units/{safety}/place", json={"parent_id": ids["Archive"]})
    shown = north.post(f"/units/{safety}/merge", json={"into_id": ids["Archive"]}).json
    assert [(unit["name"], unit["depth"]) for unit in shown["units"]] == [("Archive", 0), ("Studies", 1)]
    assert shown["history"][0]["what"] == "merged"
    kept = north.post(f"/units/{ids['Archive']}/end")
    assert (kept.status_code, kept.json["type"]) == (409, "/problems/unit-not-empty")


@pytest.mark.parametrize("day", ["9999-12-31", "9999-12-30"])
def test_a_unit_that_would_end_with_the_calendar_is_refused(north: Any, day: str) -> None:
    answer = north.post("/units", json={"name": "Forever", "until": day})
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["until"])


def test_people_are_placed_in_units(north: Any) -> None:
    person = a_person("north")
    unit = north.post("/units", json={"name": "Safety"}).json["units"][0]["id"]
    body = {"membership_id": str(person.membership_id)}
    assert north.post(f"/units/{unit}/members", json=body).status_code == 200
    assert north.post(f"/units/{unit}/end").status_code == 409
    assert north.post(f"/units/{unit}/members/out", json=body).status_code == 200
    assert north.post(f"/units/{unit}/end").json["units"] == []
    stranger = {"membership_id": str(a_person("south").membership_id)}
    other = north.post("/units", json={"name": "Other"}).json["units"][0]["id"]
    assert north.post(f"/units/{other}/members", json=stranger).status_code == 422
