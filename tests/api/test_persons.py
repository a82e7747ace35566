"""People, roles, clearances and moves as programs of administrators and officers reach them."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from security.labels import Level
from security.log.models import AuditPending
from security.principal import Role
from tests.agencies.people_at_work import a_provider, a_secondment, an_admin, an_officer, now_as
from tests.builders import a_person, an_agency, found

IN_A_MONTH = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()


@pytest.fixture
def admin(program: Any) -> Any:
    return program(an_admin("north", name="Ada"))


@pytest.fixture
def officer(program: Any) -> Any:
    return program(an_officer("north", name="Otto"))


class TestList:
    def test_shows_the_people_of_ones_own_agency_by_name(self, admin: Any) -> None:
        for name, agency in (("Zoe", "north"), ("Ben", "north"), ("Cleo", "south")):
            a_person(agency, name=name)
        found = admin.get("/people").json
        assert ([row["name"] for row in found["people"]], found["next"]) == (["Ada", "Ben", "Zoe"], None)

    def test_goes_on_where_it_stopped(self, admin: Any) -> None:
        for name in ("Ben", "Zoe"):
            a_person("north", name=name)
        first = admin.get("/people?limit=2").json
        rest = admin.get(f"/people?limit=2&after={first['next']}").json
        assert [row["name"] for row in first["people"] + rest["people"]] == ["Ada", "Ben", "Zoe"]
        assert admin.get("/people?after=mine").status_code == 422

    @pytest.mark.parametrize(("typed", "shown"), [("oe", ["Zoe"]), ("ZOE", ["Zoe"]), ("%", []), ("_", [])])
    def test_finds_by_part_of_the_name(self, admin: Any, typed: str, shown: list[str]) -> None:
        a_person("north", name="Zoe")
        found = admin.get("/people", query_string={"q": typed}).json
        assert [row["name"] for row in found["people"]] == shown

    def test_officers_may_see_it_and_contributors_not(self, officer: Any, program: Any) -> None:
        assert officer.get("/people").status_code == 200
        assert program(a_person("north")).get("/people").status_code == 403

    def test_nothing_about_work_is_in_it(self, admin: Any) -> None:
        [row] = admin.get("/people").json["people"]
        assert set(row) == {
            "id", "name", "roles", "clearance", "compartments", "partner", "home", "until",
        }  # fmt: skip


def on_record(act: str) -> list[Any]:
    return list(found(select(AuditPending.__table__).where(AuditPending.act == act)))


class TestReading:
    def test_the_list_is_one_entry(self, admin: Any) -> None:
        admin.get("/people")
        assert [(row.object_kind, row.channel) for row in on_record("person.list")] == [("agency", "api")]

    def test_a_person_is_an_entry_about_them(self, officer: Any) -> None:
        maja = a_person("north", name="Maja")
        officer.get(f"/people/{maja.membership_id}")
        assert [row.object_id for row in on_record("person.view")] == [str(maja.subject_id)]


class TestOnePerson:
    def test_in_full(self, admin: Any) -> None:
        maja = a_person("north", name="Maja", clearance=Level.INTERNAL)
        a_provider("north", ceiling=Level.SENSITIVE)
        shown = admin.get(f"/people/{maja.membership_id}").json
        assert (shown["clearance"], shown["ceiling"], shown["sessions"]) == ("internal", "sensitive", 0)
        assert (shown["sponsor"], shown["signs_in"]) == (None, False)
        [grant] = shown["grants"]
        assert (grant["role"], grant["granted_by"]) == ("contributor", None)

    def test_of_another_agency_is_nobody(self, admin: Any) -> None:
        stranger = a_person("south")
        for wanted in (stranger.membership_id, uuid.uuid4(), "nobody"):
            assert admin.get(f"/people/{wanted}").status_code == 404

    def test_on_secondment_names_home_and_last_day(self, admin: Any) -> None:
        hat = a_secondment(a_person("south"), "north")
        shown = admin.get(f"/people/{hat}").json
        assert (shown["home"], shown["signs_in"]) == ("South", True)
        assert shown["until"] is not None


class TestRoles:
    def test_are_given_and_ended(self, admin: Any) -> None:
        maja = a_person("north")
        path = f"/people/{maja.membership_id}"
        made = admin.post(f"{path}/roles", json={"role": "task_owner", "until": IN_A_MONTH})
        assert made.status_code == 201
        grant = next(row for row in made.json["grants"] if row["role"] == "task_owner")
        assert (grant["until"], grant["granted_by"]) == (IN_A_MONTH, "Ada")
        assert admin.post(f"/roles/{grant['id']}/review").json == {"id": None, "done": True}
        assert admin.post(f"/roles/{grant['id']}/end").json["done"]
        assert admin.get(path).json["roles"] == ["contributor"]
        assert admin.post(f"/roles/{grant['id']}/end").status_code == 404

    def test_a_clash_says_which_roles(self, admin: Any) -> None:
        other = an_officer("north")
        refused = admin.post(f"/people/{other.membership_id}/roles", json={"role": "task_owner"})
        assert (refused.status_code, refused.json["type"]) == (403, "/problems/role-clash")
        assert refused.json["reasons"] == [
            {
                "code": "duties",
                "args": {"role": "security_officer", "with": "task_owner"},
                "remedy": "ask_administrator",
            }
        ]

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"role": "king"},
            {"role": "task_owner", "until": "soon"},
            {"role": "task_owner", "until": "2020-01-01"},
            {"role": "task_owner", "more": 1},
            {"role": ["task_owner"]},
        ],
    )
    def test_what_makes_no_sense_is_refused(self, admin: Any, body: dict[str, Any]) -> None:
        maja = a_person("north")
        assert admin.post(f"/people/{maja.membership_id}/roles", json=body).status_code == 422

    def test_a_day_at_the_end_of_the_calendar_is_a_day(self, admin: Any) -> None:
        maja = a_person("north")
        body = {"role": "task_owner", "until": "9999-12-31"}
        assert admin.post(f"/people/{maja.membership_id}/roles", json=body).status_code == 201

    def test_ones_own_are_listed_for_everybody(self, program: Any) -> None:
        [grant] = program(a_person("north")).get("/me/roles").json["roles"]
        assert grant["role"] == "contributor"

    def test_everybody_may_give_up_their_own(self, program: Any) -> None:
        owner = program(a_person("north", roles=(Role.CONTRIBUTOR, Role.TASK_OWNER)))
        grants = {row["role"]: row["id"] for row in owner.get("/me/roles").json["roles"]}
        assert owner.post(f"/roles/{grants['task_owner']}/end").status_code == 200
        assert [row["role"] for row in owner.get("/me/roles").json["roles"]] == ["contributor"]

    def test_a_repeat_gives_no_second_role(self, admin: Any) -> None:
        maja = a_person("north")
        path, key = f"/people/{maja.membership_id}/roles", uuid.uuid4().hex
        first = admin.post(path, json={"role": "task_owner"}, key=key)
        again = admin.post(path, json={"role": "task_owner"}, key=key)
        assert (again.status_code, again.json) == (201, first.json)
        assert again.headers["Idempotency-Replayed"] == "true"


class TestClearance:
    def test_is_given_by_the_officer(self, officer: Any, admin: Any) -> None:
        maja = a_person("north", clearance=Level.PUBLIC)
        path = f"/people/{maja.membership_id}/clearance"
        body = {"level": "sensitive", "compartments": ["audit"]}
        assert admin.post(path, json=body).status_code == 403
        shown = officer.post(path, json=body).json
        assert (shown["clearance"], shown["compartments"]) == ("sensitive", ["audit"])
        assert officer.post(path, json={"level": "public"}).json["clearance"] == "public"

    def test_not_above_the_ceiling(self, officer: Any) -> None:
        maja = a_person("north", clearance=Level.PUBLIC)
        a_provider("north", ceiling=Level.INTERNAL)
        refused = officer.post(f"/people/{maja.membership_id}/clearance", json={"level": "restricted"})
        assert refused.status_code == 403
        assert refused.json["reasons"][0]["args"] == {"level": "internal"}


class TestInvitations:
    def test_a_link_is_told_once(self, admin: Any) -> None:
        key = uuid.uuid4().hex
        made = admin.post("/invitations", json={"note": "for Zoe"}, key=key)
        assert made.status_code == 201
        assert "/invitation/inv_" in made.json["link"]
        assert admin.post("/invitations", json={"note": "for Zoe"}, key=key).json == {
            "id": made.json["id"], "link": None,
        }  # fmt: skip
        [row] = admin.get("/invitations").json["invitations"]
        assert (row["note"], row["roles"], row["made_by"]) == ("for Zoe", ["contributor"], "Ada")

    def test_can_be_withdrawn_once(self, admin: Any) -> None:
        made = admin.post("/invitations", json={}).json["id"]
        assert admin.post(f"/invitations/{made}/withdraw").status_code == 200
        assert admin.post(f"/invitations/{made}/withdraw").status_code == 403
        assert admin.get("/invitations").json == {"invitations": []}

    def test_clearance_is_the_officers_to_give(self, admin: Any) -> None:
        refused = admin.post("/invitations", json={"clearance": "restricted"})
        assert (refused.status_code, refused.json["type"]) == (403, "/problems/clearance-not-given")

    def test_a_partner_needs_somebody_who_answers(self, admin: Any) -> None:
        sponsor = a_person("north")
        body = {"sponsor": str(sponsor.membership_id), "until": IN_A_MONTH}
        assert "/invitation/inv_" in admin.post("/partners", json=body).json["link"]
        assert admin.post("/partners", json=body | {"sponsor": str(uuid.uuid4())}).status_code == 404
        assert admin.post("/partners", json=body | {"until": "2090-01-01"}).status_code == 422
        assert admin.post("/partners", json=body | {"roles": ["agency_admin"]}).status_code == 403


class TestMoves:
    def test_a_transfer_takes_both_administrators(self, admin: Any, program: Any) -> None:
        maja, south = a_person("north", name="Maja"), program(an_admin("south"))
        asked = admin.post(f"/people/{maja.membership_id}/transfer", json={"agency": "south"})
        assert asked.status_code == 201
        [waiting] = south.get("/moves").json["moves"]
        assert (waiting["kind"], waiting["name"], waiting["agreed"]) == ("transfer", "Maja", False)
        done = south.post(f"/moves/{waiting['id']}/approve").json
        moved = now_as(uuid.UUID(done["id"]))
        assert moved is not None
        assert (moved.agency_slug, moved.person_id) == ("south", maja.person_id)
        assert "/invitation/inv_" in south.post(f"/people/{done['id']}/link").json["link"]

    def test_a_secondment_can_be_declined(self, admin: Any, program: Any) -> None:
        maja, south = a_person("north"), program(an_admin("south"))
        body = {"agency": "south", "until": IN_A_MONTH}
        asked = admin.post(f"/people/{maja.membership_id}/secondment", json=body).json["id"]
        assert south.post(f"/moves/{asked}/decline").status_code == 200
        assert south.post(f"/moves/{asked}/approve").status_code == 409
        assert admin.get("/moves").json == {"moves": []}

    def test_to_nowhere_is_not_found(self, admin: Any) -> None:
        maja = a_person("north")
        assert admin.post(f"/people/{maja.membership_id}/transfer", json={"agency": "x"}).status_code == 404

    def test_of_others_are_not_there(self, admin: Any, program: Any) -> None:
        maja = a_person("north")
        an_agency("south")
        asked = admin.post(f"/people/{maja.membership_id}/transfer", json={"agency": "south"}).json["id"]
        west = program(an_admin("west"))
        assert west.get("/moves").json == {"moves": []}
        assert west.post(f"/moves/{asked}/approve").status_code == 404


class TestLeaving:
    def test_ends_a_membership_and_its_tokens_at_once(self, admin: Any, program: Any) -> None:
        person = a_person("north")
        maja = program(person)
        assert maja.get("/me").status_code == 200
        assert admin.post(f"/people/{person.membership_id}/end").json["done"]
        assert maja.get("/me").status_code == 401

    def test_not_the_last_administrator(self, admin: Any, program: Any) -> None:
        other = program(an_admin("north"))
        ada = next(row for row in other.get("/people").json["people"] if row["name"] == "Ada")
        assert other.post(f"/people/{ada['id']}/end").status_code == 200
        [last] = other.get("/people").json["people"]
        refused = other.post(f"/people/{last['id']}/end")
        assert (refused.status_code, refused.json["type"]) == (403, "/problems/own-affair")

    def test_sessions_can_be_ended_without_it(self, admin: Any) -> None:
        maja = a_person("north")
        assert admin.post(f"/people/{maja.membership_id}/sessions/end").json["done"]
        assert now_as(maja.membership_id) is not None
