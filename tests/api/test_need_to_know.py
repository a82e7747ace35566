"""Letting people in to a campaign under need-to-know, over HTTP; and an agency's rule told with its remedy."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from agencies.models import Agency, Person
from security.principal import Principal, Role
from tests.builders import a_campaign, a_person, an_owner, changed, one


def soon() -> str:
    return (datetime.now(UTC).date() + timedelta(days=7)).isoformat()


def whom(person: Principal, until: str | None = None) -> dict[str, Any]:
    email = one(select(Person.email).where(Person.id == person.person_id))
    return {"agency": person.agency_slug, "email": email, "until": until or soon()}


def test_who_is_let_in_sees_it_until_that_ends(program: Any) -> None:
    owner, person = an_owner("north"), a_person("south")
    campaign = a_campaign(owner, need_to_know=True)
    reader = program(person)
    assert reader.get(f"/campaigns/{campaign}").status_code == 404
    made = program(owner).post(f"/campaigns/{campaign}/need-to-know", json=whom(person))
    assert made.status_code == 201
    assert [row["membership_id"] for row in made.json["people"]] == [str(person.membership_id)]
    assert reader.get(f"/campaigns/{campaign}").json["need_to_know"] is True
    ended = program(owner).post(f"/campaigns/{campaign}/need-to-know/{person.membership_id}/end")
    assert (ended.status_code, ended.json["people"]) == (200, [])
    assert reader.get(f"/campaigns/{campaign}").status_code == 404


def test_the_security_officer_lets_in_and_sees_no_content(program: Any) -> None:
    campaign = a_campaign(an_owner("north"), need_to_know=True, name="Plan")
    officer = program(a_person("north", roles=(Role.SECURITY_OFFICER,)))
    assert (
        officer.post(f"/campaigns/{campaign}/need-to-know", json=whom(a_person("south"))).status_code == 201
    )
    assert officer.get(f"/campaigns/{campaign}/need-to-know").json["name"] == "Plan"
    assert officer.get(f"/campaigns/{campaign}").status_code == 403


def test_what_cannot_be_is_refused_with_its_place(program: Any) -> None:
    owner, person = an_owner("north"), a_person("south")
    campaign, open_one = a_campaign(owner, need_to_know=True), a_campaign(owner)
    asking = program(owner)

    def answered(body: dict[str, Any], where: Any = campaign) -> int:
        return int(asking.post(f"/campaigns/{where}/need-to-know", json=body).status_code)

    assert answered(whom(person) | {"email": "nobody@south.example"}) == 422
    assert answered(whom(person, until=date(2001, 1, 1).isoformat())) == 422
    assert answered(whom(person) | {"until": "soon"}) == 422
    assert answered(whom(owner)) == 403
    assert answered(whom(person), open_one) == 409
    assert program(a_person("south")).get(f"/campaigns/{campaign}/need-to-know").status_code == 403


def test_rules_that_nobody_signed_open_nothing(program: Any) -> None:
    campaign, person, colleague = a_campaign(an_owner("north")), a_person("south"), a_person("north")
    assert program(person).get(f"/campaigns/{campaign}").status_code == 200
    changed(update(Agency).where(Agency.slug == "north").values(rules_version=1))
    assert program(person).get(f"/campaigns/{campaign}").status_code == 404
    assert program(person).get("/campaigns").json["can"] == []
    refused = program(colleague).get(f"/campaigns/{campaign}")
    assert (refused.status_code, refused.json["type"]) == (503, "/problems/rules-unreadable")
