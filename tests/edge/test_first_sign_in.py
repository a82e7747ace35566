"""First sign-ins, invitations and transfers over HTTP: the whole flow at a provider, and what is then to be seen."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import select, update

from agencies import invitations, leaving, sessions
from agencies.models import Agency, Membership, Person, WebSession
from agencies.people_models import Move
from marketplace.foundation import clock
from marketplace.foundation.db import transaction
from security.oidc import Vouched
from security.principal import Principal, Role
from tests.agencies.people_at_work import now_as
from tests.builders import AT_WORK, a_person, an_agency, changed, found, one
from tests.edge.misbehaving import Misbehaving
from tests.edge.oidc.browser import SESSION, Browser, on_record
from tests.edge.oidc.conftest import app, browser, provider, somebody
from tests.edge.onward import onward

__all__ = ["app", "browser", "provider", "somebody"]

HOME = {"Referer": "http://localhost/"}


@pytest.fixture
def registration() -> dict[str, Any]:
    """The agency names the claim by which its provider says who belongs to it."""
    return {"organisation_claim": "siret", "organisation_values": ["13002526500013"]}


@pytest.fixture
def newcomer(provider: Misbehaving, somebody: Principal) -> Misbehaving:
    """The provider vouches for somebody of its organisation who is nobody here yet."""
    changed(update(Agency).where(Agency.slug == "north").values(self_join=True))
    provider.claims = {"sub": "newcomer", "siret": "13002526500013", "name": "New Comer"}
    return provider


def a_link(agency: str = "north", **given: Any) -> str:
    with transaction() as tx:
        agency_id = tx.scalar(select(Agency.id).where(Agency.slug == agency))
        return invitations.make(tx, agency_id, actor=None, context=AT_WORK, **given).token


def with_invitation(browser: Browser, token: str) -> Any:
    left = browser.client.post("/sign-in/north", data={"invitation": token}, headers=HOME)
    return browser.comes_back(browser.provider.visited(onward(left)))


def people_called(name: str) -> int:
    return len(found(select(Person.id).where(Person.name == name)))


class TestFirstSignIn:
    def test_joins_and_is_signed_in(self, browser: Browser, newcomer: Misbehaving) -> None:
        assert browser.signs_in().status_code == 303
        assert browser.is_signed_in
        assert people_called("New Comer") == 1
        assert on_record("person.join")[-1].detail["by"] == "sign_in"

    @pytest.mark.parametrize(
        "siret", ["13002526500014", "", None, ["13002526500013", "1"], {"value": "13002526500013"}]
    )
    def test_not_with_another_organisation(
        self, browser: Browser, newcomer: Misbehaving, siret: object
    ) -> None:
        newcomer.claims["siret"] = siret
        answer = browser.signs_in()
        assert answer.status_code == 403
        assert not browser.is_signed_in
        assert people_called("New Comer") == 0
        (row,) = on_record("sign_in.fail")
        assert (row.outcome, row.detail["error"]) == ("refused", "NotAMember")

    def test_sign_ins_that_fail_in_one_browser_are_of_one_device(
        self, app: Flask, browser: Browser, newcomer: Misbehaving
    ) -> None:
        newcomer.claims["siret"] = "somebody else's"
        for each in (browser, browser, Browser(app, newcomer)):
            each.signs_in()
        first, second, other = (row.device_id for row in on_record("sign_in.fail"))
        assert first == second != other
        assert {first, second, other} == {row.device_id for row in on_record("sign_in.begin")}

    def test_not_where_the_agency_does_not_want_it(self, browser: Browser, newcomer: Misbehaving) -> None:
        changed(update(Agency).values(self_join=False))
        assert browser.signs_in().status_code == 403

    def test_an_address_of_somebody_else_gives_nothing_of_theirs(
        self, browser: Browser, newcomer: Misbehaving, somebody: Principal
    ) -> None:
        newcomer.claims["email"] = one(select(Person.email).where(Person.id == somebody.person_id))
        browser.signs_in()
        assert one(select(WebSession.membership_id)) != somebody.membership_id


class TestInvitation:
    def test_the_link_leads_in_and_works_once(
        self, app: Flask, browser: Browser, newcomer: Misbehaving
    ) -> None:
        changed(update(Agency).values(self_join=False))
        token = a_link(roles=(Role.CONTRIBUTOR, Role.TASK_OWNER))
        page = browser.client.get(f"/invitation/{token}")
        assert page.status_code == 200
        assert token in page.get_data(as_text=True)
        assert with_invitation(browser, token).status_code == 303
        now = now_as(one(select(WebSession.membership_id)))
        assert now is not None
        assert now.roles == {Role.CONTRIBUTOR, Role.TASK_OWNER}
        newcomer.claims["sub"] = "another"
        other = Browser(app, newcomer)
        assert with_invitation(other, token).status_code == 403
        assert not other.is_signed_in
        assert on_record("sign_in.fail")[0].detail["error"] == "InvitationOver"
        assert browser.client.get(f"/invitation/{token}").status_code == 403

    @pytest.mark.parametrize("token", ["inv_guess", "x" * 101, "%00", "ünï"])
    def test_a_guess_leads_nowhere(self, browser: Browser, token: str) -> None:
        assert browser.client.get(f"/invitation/{token}").status_code == 403

    def test_one_of_another_agency_is_not_used_up(self, browser: Browser, newcomer: Misbehaving) -> None:
        an_agency("south")
        token = a_link("south")
        assert with_invitation(browser, token).status_code == 403
        assert on_record("sign_in.fail")[0].detail["error"] == "InvitationElsewhere"
        assert browser.client.get(f"/invitation/{token}").status_code == 200


class TestAnotherOrganisation:
    """The provider serves many agencies: one of its people works for another one by now."""

    @pytest.fixture
    def member(self, browser: Browser, newcomer: Misbehaving) -> UUID:
        """Somebody who joined by signing in, and signed out; the provider names another organisation from now on."""
        browser.signs_in()
        member: UUID = one(select(WebSession.membership_id))
        browser.signs_out()
        newcomer.claims["siret"] = "99999999900011"
        return member

    def test_is_refused_with_what_would_help(self, browser: Browser, member: UUID) -> None:
        answer = browser.signs_in()
        page = answer.get_data(as_text=True)
        assert answer.status_code == 403
        assert "<h1>Ask your administrator here, or your new agency, for an invitation</h1>" in page
        assert "Nothing of yours was ended." in page
        assert not browser.is_signed_in
        (row,) = on_record("sign_in.fail")
        assert (row.outcome, row.detail["error"]) == ("refused", "OrganisationChanged")
        assert row.detail["reasons"] == ["organisation"]
        assert row.reference in page
        assert "99999999900011" not in page + str(row)

    def test_ends_nothing(self, app: Flask, browser: Browser, newcomer: Misbehaving, member: UUID) -> None:
        other = Browser(app, newcomer)
        newcomer.claims["siret"] = "13002526500013"
        other.signs_in()
        newcomer.claims["siret"] = "99999999900011"
        assert browser.signs_in().status_code == 403
        assert other.is_signed_in
        assert now_as(member) is not None

    @pytest.mark.parametrize("siret", [None, "", ["99999999900011", "99999999900012"]])
    def test_is_not_what_a_claim_says_that_names_none(
        self, browser: Browser, newcomer: Misbehaving, member: UUID, siret: object
    ) -> None:
        newcomer.claims["siret"] = siret
        assert browser.signs_in().status_code == 303

    def test_is_not_what_a_claim_says_that_is_left_out(
        self, browser: Browser, newcomer: Misbehaving, member: UUID
    ) -> None:
        del newcomer.claims["siret"]
        assert browser.signs_in().status_code == 303

    def test_is_let_in_again_by_a_new_invitation(self, browser: Browser, member: UUID) -> None:
        token = a_link(roles=(Role.CONTRIBUTOR, Role.TASK_OWNER))
        assert with_invitation(browser, token).status_code == 303
        now = now_as(one(select(WebSession.membership_id)))
        assert now is not None
        assert (now.membership_id, now.roles) == (member, {Role.CONTRIBUTOR})
        browser.signs_out()
        assert browser.signs_in().status_code == 303
        assert browser.client.get(f"/invitation/{token}").status_code == 403

    def test_of_somebody_invited_is_their_own(
        self, app: Flask, browser: Browser, newcomer: Misbehaving, member: UUID
    ) -> None:
        newcomer.claims["sub"] = "invited"
        assert with_invitation(browser, a_link()).status_code == 303
        again = Browser(app, newcomer)
        assert again.signs_in().status_code == 303
        newcomer.claims["siret"] = "88888888800011"
        assert Browser(app, newcomer).signs_in().status_code == 403

    def test_of_somebody_known_before_is_learned_once(
        self, app: Flask, browser: Browser, newcomer: Misbehaving, somebody: Principal
    ) -> None:
        newcomer.claims |= {"sub": "somebody", "siret": "99999999900011"}
        assert browser.signs_in().status_code == 303
        assert one(select(WebSession.membership_id)) == somebody.membership_id
        newcomer.claims["siret"] = "88888888800011"
        assert Browser(app, newcomer).signs_in().status_code == 403

    def test_confirms_nothing_and_leaves_the_session(
        self, browser: Browser, newcomer: Misbehaving, member: UUID
    ) -> None:
        newcomer.claims["siret"] = "13002526500013"
        browser.signs_in()
        newcomer.claims["siret"] = "99999999900011"
        left = browser.client.post("/step-up", data={"then": "/notices"}, headers=HOME)
        assert browser.comes_back(newcomer.visited(onward(left))).status_code == 403
        assert on_record("sign_in.fail")[-1].detail["error"] == "OrganisationChanged"
        assert on_record("session.step_up") == []
        assert browser.is_signed_in


class TestTransfer:
    """Somebody of south moves to north: signed in at the one, they sign in at the other."""

    @pytest.fixture
    def maja(self, browser: Browser, newcomer: Misbehaving) -> Principal:
        made = a_person("south", name="Maja", identity=("https://south.example", "maja"))
        self.signed_in(browser, made)
        return made

    def signed_in(self, browser: Browser, person: Principal, minutes: int = 1) -> None:
        with transaction() as tx:
            since = clock.now(tx) - timedelta(minutes=minutes)
            vouched = Vouched("https://south.example", "maja", auth_time=since)
            begun = sessions.begin(tx, person.membership_id, vouched)
        browser.client.set_cookie(SESSION, begun.token)

    def asks(self, browser: Browser, **more: str) -> Any:
        form = {"agency": "north", "idempotency_key": uuid4().hex} | more
        return browser.client.post("/my-roles/move", data=form, headers=HOME)

    def goes(self, browser: Browser) -> dict[str, list[str]]:
        move: UUID = one(select(Move.id).where(Move.state == "open"))
        form = {"idempotency_key": uuid4().hex}
        left = browser.client.post(f"/my-roles/moves/{move}/go", data=form, headers=HOME)
        return browser.provider.visited(onward(left))

    def test_takes_a_recent_sign_in_at_the_agency_that_is_left(
        self, browser: Browser, maja: Principal
    ) -> None:
        """Else whoever finds a browser left open could take its owner's history elsewhere."""
        self.asks(browser)
        self.signed_in(browser, maja, minutes=16)
        move: UUID = one(select(Move.id).where(Move.state == "open"))
        form = {"idempotency_key": uuid4().hex}
        answer = browser.client.post(f"/my-roles/moves/{move}/go", data=form, headers=HOME)
        assert answer.status_code == 403
        assert "Sign in again to go on" in answer.get_data(as_text=True)

    def test_ends_in_a_session_of_the_new_agency(self, browser: Browser, maja: Principal) -> None:
        assert self.asks(browser).status_code == 303
        answer = browser.comes_back(self.goes(browser))
        assert (answer.status_code, answer.location) == (303, "/my-roles")
        assert "Move to another agency" in browser.client.get("/my-roles").get_data(as_text=True)
        (session,) = found(select(WebSession.membership_id))
        now = now_as(session.membership_id)
        assert now is not None
        assert (now.person_id, now.agency_slug) == (maja.person_id, "north")
        assert now_as(maja.membership_id) is None
        assert {row.object_agency_id for row in on_record("move.done")} == {maja.agency_id, now.agency_id}

    def test_asks_for_a_fresh_sign_in(self, browser: Browser, maja: Principal) -> None:
        self.asks(browser)
        self.goes(browser)
        assert browser.provider.asked[-1]["max_age"] == ["60"]

    def test_with_an_invitation_where_north_lets_nobody_in(self, browser: Browser, maja: Principal) -> None:
        changed(update(Agency).values(self_join=False))
        link = f"http://localhost/invitation/{a_link(roles=(Role.CONTRIBUTOR, Role.APPRAISER))}"
        self.asks(browser, invitation=link)
        assert browser.comes_back(self.goes(browser)).status_code == 303
        now = now_as(one(select(WebSession.membership_id)))
        assert now is not None
        assert now.roles == {Role.CONTRIBUTOR, Role.APPRAISER}

    def test_brings_the_organisation_along_that_north_lets_in(
        self, browser: Browser, maja: Principal
    ) -> None:
        browser.provider.claims["siret"] = "99999999900011"
        self.asks(browser, invitation=a_link())
        assert browser.comes_back(self.goes(browser)).status_code == 303
        browser.signs_out()
        assert browser.signs_in().status_code == 303

    def test_with_an_organisation_that_north_does_not_know_changes_nothing(
        self, browser: Browser, maja: Principal
    ) -> None:
        browser.provider.claims["siret"] = "99999999900011"
        self.asks(browser)
        assert browser.comes_back(self.goes(browser)).status_code == 403
        assert now_as(maja.membership_id) == maja

    def test_a_refused_one_changes_nothing(self, browser: Browser, maja: Principal) -> None:
        changed(update(Agency).values(self_join=False))
        self.asks(browser)
        assert browser.comes_back(self.goes(browser)).status_code == 403
        assert now_as(maja.membership_id) == maja
        assert browser.is_signed_in
        assert on_record("sign_in.fail")[0].detail["error"] == "NotAccepted"

    def test_somebody_who_is_known_at_north_is_not_taken_over(
        self, browser: Browser, maja: Principal, somebody: Principal
    ) -> None:
        browser.provider.claims["sub"] = "somebody"
        self.asks(browser)
        assert browser.comes_back(self.goes(browser)).status_code == 409
        assert now_as(maja.membership_id) == maja
        assert now_as(somebody.membership_id) == somebody

    def test_in_another_browser_it_does_not_work(self, app: Flask, browser: Browser, maja: Principal) -> None:
        """Somebody who lures the victim back with their own code does not get the victim's history."""
        self.asks(browser)
        params = self.goes(browser)
        other = Browser(app, browser.provider)
        assert other.comes_back(params).status_code == 400
        assert now_as(maja.membership_id) == maja

    def test_without_the_session_that_began_it_it_does_not_work(
        self, browser: Browser, maja: Principal
    ) -> None:
        self.asks(browser)
        params = self.goes(browser)
        browser.client.delete_cookie(SESSION)
        answer = browser.comes_back(params)
        assert answer.status_code in (400, 401, 403)
        assert now_as(maja.membership_id) == maja

    def test_not_without_asking(self, browser: Browser, maja: Principal) -> None:
        form = {"idempotency_key": uuid4().hex}
        answer = browser.client.post(f"/my-roles/moves/{uuid4()}/go", data=form, headers=HOME)
        assert answer.status_code == 409

    def test_can_be_withdrawn(self, browser: Browser, maja: Principal) -> None:
        self.asks(browser)
        move = one(select(Move.id))
        form = {"idempotency_key": uuid4().hex}
        path = f"/my-roles/moves/{move}/withdraw"
        assert browser.client.post(path, data=form, headers=HOME).status_code == 303
        assert one(select(Move.state)) == "withdrawn"


def test_a_query_of_an_invitation_is_kept_through_the_sign_in_page(browser: Browser) -> None:
    token = a_link()
    page = browser.client.get(f"/sign-in/north?{urlencode({'invitation': token})}").get_data(as_text=True)
    assert f'value="{token}"' in page


def test_a_membership_that_ended_while_away_is_not_moved(browser: Browser, newcomer: Misbehaving) -> None:
    steps, maja = TestTransfer(), a_person("south", identity=("https://south.example", "maja"))
    steps.signed_in(browser, maja)
    steps.asks(browser)
    params = steps.goes(browser)
    with transaction() as tx:
        leaving.end_membership(tx, maja.membership_id, actor=None, context=AT_WORK, reason="scim")
    assert browser.comes_back(params).status_code in (400, 401, 403)
    assert (
        found(
            select(Membership.id).where(Membership.ended_at.is_(None), Membership.person_id == maja.person_id)
        )
        == []
    )
