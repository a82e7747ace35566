"""Pages about people: what an administrator, an officer and everybody can do there, and what is never shown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, select, update
from werkzeug.test import TestResponse

from agencies import providers, sessions, transfers
from agencies.models import Membership, RoleGrant
from agencies.people_models import Invitation, Move
from marketplace.foundation.db import transaction
from security.labels import Level
from security.log.models import AuditPending
from security.oidc import Vouched
from security.principal import Principal, Role
from tests.agencies.people_at_work import (
    a_provider,
    a_secondment,
    an_admin,
    an_officer,
    ended,
    now_as,
)
from tests.application import an_application
from tests.builders import AT_WORK, a_person, an_agency, changed, found, one

IN_A_MONTH = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
HOME = {"Referer": "http://localhost/"}
VOUCHING, TWO = "https://vouching.example", "urn:two-factors"
"""The provider of everybody here, and how it names a second factor."""


@pytest.fixture
def app(database: Engine, tmp_path: Path) -> Iterator[Flask]:
    with an_application(database, tmp_path) as made:
        made.config["WTF_CSRF_ENABLED"] = False
        an_agency("vouching", shares=False)
        with transaction() as tx:
            given = {"issuer": VOUCHING, "client_id": "us", "client_secret": "secret", "step_up_acr": TWO}
            providers.add(tx, "vouching", **given)
        yield made


def signed_in(who: Principal) -> str:
    """A session that began just now with a second factor."""
    vouched = Vouched(VOUCHING, str(who.person_id), acr=TWO, auth_time=datetime.now(UTC))
    with transaction() as tx:
        return sessions.begin(tx, who.membership_id, vouched).token


class Person:
    """Somebody in front of the pages."""

    def __init__(self, app: Flask, who: Principal) -> None:
        self.who, self.client = who, app.test_client()
        self.client.set_cookie("market_session", signed_in(who))
        self.client.set_cookie("language", "en")

    def reads(self, path: str, status: int = 200) -> str:
        answer = self.client.get(path)
        assert answer.status_code == status, answer.get_data(as_text=True)
        return answer.get_data(as_text=True)

    def sends(self, path: str, **form: Any) -> TestResponse:
        return self.client.post(path, data={"idempotency_key": uuid4().hex} | form, headers=HOME)


@pytest.fixture
def ada(app: Flask) -> Person:
    return Person(app, an_admin("north", name="Ada"))


@pytest.fixture
def otto(app: Flask) -> Person:
    return Person(app, an_officer("north", name="Otto"))


@pytest.fixture
def maja(app: Flask) -> Principal:
    return a_person("north", name="Maja", clearance=Level.PUBLIC)


def seen(act: str) -> list[Any]:
    return list(found(select(AuditPending.__table__).where(AuditPending.act == act)))


def at(person: Principal) -> str:
    return f"/agency/people/{person.membership_id}"


class TestList:
    def test_is_paged_and_searched(self, ada: Person) -> None:
        for number in range(52):
            a_person("north", name=f"Person {number:02}")
        first = ada.reads("/agency/people")
        assert len(re.findall(r'<th scope="row">', first)) == 50
        assert "page=2" in first
        assert "Person 51" in ada.reads("/agency/people?page=2")
        assert "Person 51" in ada.reads("/agency/people?q=son+51")
        assert "Nobody of that name" in ada.reads("/agency/people?q=zeppelin")

    @pytest.mark.parametrize("query", ["page=0", "page=-1", "page=x", "page=99999999", "q=%00", "q=%25"])
    def test_an_address_that_makes_no_sense_breaks_nothing(self, ada: Person, query: str) -> None:
        ada.reads(f"/agency/people?{query}")

    def test_is_for_administrators_and_officers(self, app: Flask, otto: Person, maja: Principal) -> None:
        page = otto.reads("/agency/people")
        assert "Maja" in page
        assert "/agency/invitations" not in page
        Person(app, maja).reads("/agency/people", 403)
        otto.reads("/agency/invitations", 403)

    def test_reading_it_is_one_entry_whoever_stands_in_it(self, ada: Person, maja: Principal) -> None:
        ada.reads("/agency/people?q=maj")
        [row] = seen("person.list")
        assert (row.subject_id, row.object_kind, row.object_id) == (
            ada.who.subject_id, "agency", str(ada.who.agency_id),
        )  # fmt: skip
        assert row.detail is None

    def test_people_of_other_agencies_are_not_in_it(self, ada: Person) -> None:
        stranger = a_person("south", name="Stranger")
        assert "Stranger" not in ada.reads("/agency/people")
        ada.reads(at(stranger), 404)


class TestPage:
    def test_reading_it_is_an_entry_about_the_person(self, otto: Person, maja: Principal) -> None:
        otto.reads(at(maja))
        [row] = seen("person.view")
        assert (row.subject_id, row.object_kind, row.object_id) == (
            otto.who.subject_id, "person", str(maja.subject_id),
        )  # fmt: skip

    def test_nobody_is_said_to_be_seen_who_was_not_shown(self, ada: Person) -> None:
        ada.reads(at(a_person("south")), 404)
        assert seen("person.view") == []


class TestRoles:
    def test_are_given_and_ended(self, ada: Person, maja: Principal) -> None:
        assert ada.sends(f"{at(maja)}/roles", role="task_owner", until=IN_A_MONTH).status_code == 303
        page = ada.reads(at(maja))
        assert "Task owner" in page
        assert "Ada" in page
        grant = one(select(RoleGrant.id).where(RoleGrant.role == "task_owner"))
        back = ada.sends(f"/agency/roles/{grant}/end", person=str(maja.membership_id))
        assert (back.status_code, back.location) == (303, at(maja))
        now = now_as(maja.membership_id)
        assert now is not None
        assert now.roles == {Role.CONTRIBUTOR}

    def test_one_that_is_due_is_confirmed(self, ada: Person, maja: Principal) -> None:
        assert "Still needed" not in ada.reads(at(maja))
        changed(update(RoleGrant).values(review_due=datetime.now(UTC) + timedelta(days=3)))
        assert "Still needed" in ada.reads(at(maja))
        grant = one(select(RoleGrant.id).where(RoleGrant.membership_id == maja.membership_id))
        ada.sends(f"/agency/roles/{grant}/review", person=str(maja.membership_id))
        assert "Still needed" not in ada.reads(at(maja))

    def test_a_clash_is_told_with_what_would_help(self, ada: Person, otto: Person) -> None:
        answer = ada.sends(f"{at(otto.who)}/roles", role="task_owner")
        page = answer.get_data(as_text=True)
        assert answer.status_code == 403
        assert "Choose somebody else for one of the roles" in page

    @pytest.mark.parametrize(
        "form",
        [
            {"role": "king"},
            {"role": "task_owner", "until": "soon"},
            {"role": "task_owner", "until": "2020-01-01"},
            {},
        ],
    )
    def test_what_makes_no_sense_is_refused(self, ada: Person, maja: Principal, form: dict[str, str]) -> None:
        assert ada.sends(f"{at(maja)}/roles", **form).status_code == 422

    def test_nobody_finds_forms_about_themselves(self, ada: Person) -> None:
        page = ada.reads(at(ada.who))
        assert "This is you." in page
        assert f"{at(ada.who)}/roles" not in page
        assert ada.sends(f"{at(ada.who)}/roles", role="task_owner").status_code == 403


class TestClearance:
    def test_is_read_by_the_administrator_and_given_by_the_officer(
        self, ada: Person, otto: Person, maja: Principal
    ) -> None:
        assert f"{at(maja)}/clearance" not in ada.reads(at(maja))
        assert ada.sends(f"{at(maja)}/clearance", level="sensitive").status_code == 403
        answer = otto.sends(f"{at(maja)}/clearance", level="sensitive", compartments="audit, Border")
        assert answer.status_code == 303
        now = now_as(maja.membership_id)
        assert now is not None
        assert (now.clearance, now.compartments) == (Level.SENSITIVE, {"audit", "border"})

    def test_offers_only_what_the_ceiling_allows(self, otto: Person, maja: Principal) -> None:
        a_provider("north", ceiling=Level.INTERNAL)
        page = otto.reads(at(maja))
        assert re.findall(r'<option value="(\w+)"', page) == ["public", "internal"]
        assert otto.sends(f"{at(maja)}/clearance", level="restricted").status_code == 403
        assert otto.sends(f"{at(maja)}/clearance", level="king").status_code == 422


class TestSignIn:
    def test_an_administrator_signs_somebody_out(self, app: Flask, ada: Person, maja: Principal) -> None:
        her = Person(app, maja)
        assert "Signed in in 1 browser." in ada.reads(at(maja))
        ada.sends(f"{at(maja)}/sessions/end")
        assert her.client.get("/notices").status_code == 303
        assert now_as(maja.membership_id) is not None

    def test_a_link_for_the_first_sign_in_is_shown_once(self, ada: Person, maja: Principal) -> None:
        ada.sends(f"{at(maja)}/link")
        assert "/invitation/inv_" in ada.reads(at(maja))
        assert "/invitation/inv_" not in ada.reads(at(maja))


class TestInvitations:
    def test_the_link_is_shown_once_and_leads_to_a_page(self, app: Flask, ada: Person) -> None:
        ada.sends("/agency/invitations", role=["contributor", "task_owner"], note="for Zoe")
        link = re.search(r'value="[^"]*/invitation/(inv_[\w-]+)"', ada.reads("/agency/invitations"))
        assert link is not None
        again = ada.reads("/agency/invitations")
        assert "for Zoe" in again
        assert link[1] not in again
        page = app.test_client().get(f"/invitation/{link[1]}").get_data(as_text=True)
        assert "You are invited to North" in page
        assert "task owner" in page

    def test_a_second_press_makes_no_second_link(self, ada: Person) -> None:
        key = uuid4().hex
        for _ in range(2):
            ada.sends("/agency/invitations", idempotency_key=key)
        assert len(found(select(Invitation.id))) == 1

    def test_can_be_withdrawn(self, ada: Person) -> None:
        ada.sends("/agency/invitations")
        made = one(select(Invitation.id))
        assert ada.sends(f"/agency/invitations/{made}/withdraw").status_code == 303
        assert "No invitation waits" in ada.reads("/agency/invitations")

    def test_a_partner_needs_a_last_day_and_somebody_who_answers(self, ada: Person, maja: Principal) -> None:
        sponsor = str(maja.membership_id)
        assert ada.sends("/agency/partners", sponsor=sponsor).status_code == 422
        assert ada.sends("/agency/partners", until=IN_A_MONTH, sponsor="me").status_code == 422
        assert ada.sends("/agency/partners", until=IN_A_MONTH, sponsor=sponsor).status_code == 303
        assert one(select(Invitation.partner)) is True

    def test_a_partner_is_marked_and_can_stay_longer(self, ada: Person, maja: Principal) -> None:
        partner = a_person("north", name="Pia")
        until = datetime.now(UTC) + timedelta(days=9)
        changed(
            update(Membership)
            .where(Membership.id == partner.membership_id)
            .values(partner=True, sponsor_id=maja.person_id, until=until)
        )
        page = ada.reads(at(partner))
        assert "Partner until" in page
        assert "Security officer" not in page
        form = {"until": IN_A_MONTH, "sponsor": str(maja.membership_id)}
        assert ada.sends(f"{at(partner)}/renew", **form).status_code == 303
        assert one(select(Membership.until).where(Membership.id == partner.membership_id)) > until


class TestMoves:
    def test_two_administrators_move_somebody(self, app: Flask, ada: Person, maja: Principal) -> None:
        an_agency("south")
        sue = Person(app, an_admin("south", name="Sue"))
        assert ada.sends(f"{at(maja)}/send", agency="south", how="transfer").status_code == 303
        assert "your agency agrees" in ada.reads("/agency/moves")
        move = one(select(Move.id))
        assert "Maja" in sue.reads("/agency/moves")
        assert sue.sends(f"/agency/moves/{move}/approve").status_code == 303
        assert "Maja" in sue.reads("/agency/people")
        assert "Maja" not in ada.reads("/agency/people")

    def test_a_secondment_needs_a_last_day_and_shows_its_home(self, ada: Person, maja: Principal) -> None:
        an_agency("south")
        assert ada.sends(f"{at(maja)}/send", agency="south", how="secondment").status_code == 422
        hat = now_as(a_secondment(a_person("south", name="Sam"), "north"))
        assert hat is not None
        page = ada.reads(at(hat))
        assert "Seconded from South until" in page
        assert f"{at(hat)}/send" not in page

    def test_one_can_be_declined(self, ada: Person, maja: Principal) -> None:
        an_agency("south")
        ada.sends(f"{at(maja)}/send", agency="south", how="transfer")
        ada.sends(f"/agency/moves/{one(select(Move.id))}/decline")
        assert "Nobody is on the way" in ada.reads("/agency/moves")


class TestOwnRoles:
    def test_are_shown_to_everybody_and_can_be_given_up(self, app: Flask) -> None:
        owner = Person(app, a_person("north", roles=(Role.CONTRIBUTOR, Role.TASK_OWNER)))
        assert "Task owner" in owner.reads("/my-roles")
        grant = one(select(RoleGrant.id).where(RoleGrant.role == "task_owner"))
        back = owner.sends(f"/agency/roles/{grant}/end")
        assert (back.status_code, back.location) == (303, "/my-roles")
        assert "Task owner" not in owner.reads("/my-roles")

    def test_both_hats_are_shown_and_one_is_worn(self, app: Flask, maja: Principal) -> None:
        a_secondment(maja, "south")
        page = Person(app, maja).reads("/my-roles")
        assert page.count("the hat you wear") == 1
        assert "Seconded from North until" in page

    def test_somebody_on_secondment_moves_from_home_only(self, app: Flask, maja: Principal) -> None:
        hat = now_as(a_secondment(maja, "south"))
        assert hat is not None
        page = Person(app, hat).reads("/my-roles")
        assert "Prepare the move" not in page

    def test_leaving_ends_the_session_too(self, app: Flask, maja: Principal) -> None:
        her = Person(app, maja)
        answer = her.sends("/my-roles/leave")
        assert (answer.status_code, answer.location) == (303, "/")
        assert her.client.get("/my-roles").status_code == 303
        assert ended(maja.membership_id)

    def test_an_open_move_can_be_gone_on_with(self, app: Flask, maja: Principal) -> None:
        an_agency("south")
        with transaction() as tx:
            transfers.ask(tx, "south", actor=maja, context=AT_WORK)
        assert "Sign in at South" in Person(app, maja).reads("/my-roles")


def test_what_anybody_did_is_on_no_page_about_people(ada: Person, maja: Principal) -> None:
    for path in ("/agency/people", at(maja), "/agency/moves"):
        text = ada.reads(path).lower()
        assert not re.search(r"answers? (given|submitted)|items? (done|answered)|per hour|minutes per", text)


def test_a_refusal_is_a_page_for_a_client_without_scripts(ada: Person) -> None:
    client: FlaskClient = ada.client
    assert client.get(f"/agency/people/{uuid4()}").status_code == 404
