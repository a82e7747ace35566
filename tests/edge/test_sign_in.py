"""The way in at the edge: one session per browser, one row per failure, tabs that leave each other alone, and nothing
that a stranger sends gets anybody in.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from agencies import providers, sessions, sign_in
from agencies.models import IdentityProvider, SignInAttempt, WebSession
from marketplace.edge.sign_in import home
from marketplace.edge.strict_client import Departure
from marketplace.foundation.db import transaction
from marketplace.web import shell
from security.log.models import AuditPending
from security.principal import Principal, Role
from tests.builders import AT_WORK, a_person, an_agency, changed, found, one
from tests.edge import misbehaving
from tests.edge.misbehaving import CLIENT, SECRET, Misbehaving
from tests.edge.oidc.browser import SESSION, Browser, assert_signed_in, on_record
from tests.edge.oidc.conftest import app, browser, provider, registration, somebody
from tests.edge.onward import onward

__all__ = ["app", "browser", "provider", "registration", "somebody"]


def count(table: Any) -> int:
    counted: int = one(select(func.count()).select_from(table))
    return counted


def acts() -> list[str]:
    return [row.act for row in found(select(AuditPending.act).order_by(AuditPending.id))]


def cookie(browser: Browser, name: str = SESSION) -> str:
    held = browser.client.get_cookie(name)
    assert held is not None
    return str(held.value)


def away(browser: Browser, then: str = "") -> dict[str, list[str]]:
    """Press "Go on"; what the provider would send the browser back with."""
    left = browser.client.post(
        "/sign-in/north", data={"then": then}, headers={"Referer": "http://localhost/"}
    )
    return browser.provider.visited(onward(left))


def assert_nothing_began(browser: Browser, answer: Any, status: int) -> None:
    assert answer.status_code == status, answer.get_data(as_text=True)
    assert count(WebSession) == 0
    assert browser.client.get_cookie(SESSION) is None


class TestSession:
    def test_a_new_sign_in_ends_the_session_this_browser_had(self, app: Flask, browser: Browser) -> None:
        browser.signs_in()
        thief = Browser(app, browser.provider)
        thief.client.set_cookie(SESSION, cookie(browser))
        assert thief.is_signed_in
        assert_signed_in(browser, browser.signs_in())
        assert not thief.is_signed_in
        assert count(WebSession) == 1
        assert "session.end" in acts()

    def test_a_token_that_somebody_planted_is_never_the_session(self, browser: Browser) -> None:
        browser.client.set_cookie(SESSION, "planted-by-somebody-else")
        browser.signs_in()
        assert cookie(browser) != "planted-by-somebody-else"
        assert browser.is_signed_in

    def test_a_session_of_the_attacker_does_not_become_the_victims(
        self, app: Flask, browser: Browser, provider: Misbehaving
    ) -> None:
        """Fixation: the victim's browser carries the attacker's live token; signing in does not adopt it."""
        a_person("north", identity=(provider.issuer, "attacker"))
        attacker = Browser(app, provider)
        provider.claims = {"sub": "attacker"}
        attacker.signs_in()
        planted = cookie(attacker)
        provider.claims = {}
        browser.client.set_cookie(SESSION, planted)
        browser.signs_in()
        assert cookie(browser) != planted
        assert not attacker.is_signed_in

    def test_keeps_who_vouched_and_by_what_it_is_recognised(
        self, browser: Browser, provider: Misbehaving
    ) -> None:
        provider.claims = {"sid": "there-1"}
        firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
        browser.client.environ_base["HTTP_USER_AGENT"] = firefox
        browser.signs_in()
        row = found(select(WebSession.__table__))[0]
        assert (row.issuer, row.subject, row.issuer_session) == (provider.issuer, "somebody", "there-1")
        assert (row.device_name, row.zone) == ("Firefox/Linux", "office")

    def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(self, browser: Browser) -> None:
        set_cookies = browser.signs_in().headers.getlist("Set-Cookie")
        (session,) = [each for each in set_cookies if each.startswith(SESSION)]
        assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(session.split("; "))

    def test_two_tabs_can_sign_in_beside_each_other(self, browser: Browser) -> None:
        first, second = away(browser), away(browser)
        assert browser.comes_back(first).status_code == 303
        assert browser.comes_back(second).status_code == 303

    def test_a_browser_secret_that_we_did_not_make_is_replaced(self, browser: Browser) -> None:
        browser.client.set_cookie("market_browser", "short")
        away(browser)
        assert len(cookie(browser, "market_browser")) == 43

    def test_the_agency_is_remembered_on_the_device_and_nothing_else_is(self, browser: Browser) -> None:
        browser.signs_in()
        assert cookie(browser, "market_agency") == "north"


class TestWhereItLeads:
    @pytest.mark.parametrize(
        "then",
        [
            "https://evil.example/", "//evil.example/", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)",
            "/\tevil", "/work\r\nSet-Cookie: a=b", "http:evil.example", "/sign-in?then=/x", "///evil.example",
            "/%0d%0aevil\n", "/ünïcode", "/" + "a" * 500, "",
        ],
    )  # fmt: skip
    def test_never_to_another_place(self, browser: Browser, then: str) -> None:
        answer = browser.comes_back(away(browser, then))
        assert (answer.status_code, answer.location) == (303, "/work")
        assert len(answer.headers.getlist("Set-Cookie")) == len(
            {each.split("=")[0] for each in answer.headers.getlist("Set-Cookie")}
        )

    def test_to_the_page_that_was_asked_for(self, browser: Browser) -> None:
        assert browser.comes_back(away(browser, "/work?minutes=2")).location == "/work?minutes=2"

    @pytest.mark.parametrize(
        ("roles", "page"),
        [
            ((Role.CONTRIBUTOR, Role.TASK_OWNER), "/work"),
            ((Role.TASK_OWNER,), "/campaigns"),
            ((Role.APPRAISER,), "/campaigns"),
            ((Role.SECURITY_OFFICER,), "/record"),
            ((Role.MARKETPLACE_OFFICER,), "/record"),
            ((Role.AGENCY_ADMIN,), "/agency"),
            ((Role.WORKS_COUNCIL,), "/numbers"),
            ((Role.DATA_PROTECTION,), "/data-requests"),
            ((Role.OPERATOR,), "/operation"),
            ((Role.LINE_MANAGER,), "/agency/skills"),
        ],
    )
    def test_work_begins_where_the_navigation_begins(
        self, app: Flask, roles: tuple[Role, ...], page: str
    ) -> None:
        person = a_person(roles=roles)
        with app.test_request_context("/"):
            navigation = [entry["href"] for entry in shell.shell(sessions.Acting(person, AT_WORK))["nav"]]
        assert home(person) == page == (navigation or ["/notices"])[0]


class TestForgedCallback:
    def test_out_of_nowhere(self, browser: Browser, provider: Misbehaving) -> None:
        answer = browser.comes_back({"code": ["c"], "state": ["s" * 43], "iss": [provider.issuer]})
        assert_nothing_began(browser, answer, 400)
        (row,) = on_record("sign_in.fail")
        assert (row.outcome, row.detail["error"]) == ("refused", "SignInExpired")

    @pytest.mark.parametrize(
        "changes",
        [
            {"state": []}, {"code": []}, {"iss": []}, {"state": ["a", "b"]}, {"iss": ["https://evil.example"]},
            {"code": ["c", "d"]}, {"state": [""]}, {"error": ["access_denied"]}, {"error": ["<script>"]},
        ],
    )  # fmt: skip
    def test_with_something_missing_twice_or_of_another(
        self, browser: Browser, changes: dict[str, list[str]]
    ) -> None:
        answer = browser.comes_back(away(browser) | changes)
        assert_nothing_began(browser, answer, 403)
        (row,) = on_record("sign_in.fail")
        assert row.reference in answer.get_data(as_text=True)
        assert "<script>" not in answer.get_data(as_text=True) + str(row.detail)

    @pytest.mark.parametrize(
        "query", ["", "code=%00&state=%00", "state=" + "x" * 20_000, "code=%ff%fe&state=%ff", "iss=%E2%80%AE"]
    )
    def test_of_nonsense_is_refused_and_breaks_nothing(self, browser: Browser, query: str) -> None:
        answer = browser.client.get(f"/sign-in/north/callback?{query}")
        assert 400 <= answer.status_code < 500
        assert count(WebSession) == 0
        assert len(on_record("sign_in.fail")) == 1

    def test_in_a_browser_that_did_not_begin_it_signs_nobody_in(
        self, app: Flask, browser: Browser, provider: Misbehaving
    ) -> None:
        """Login CSRF: the attacker sends the victim the address that they came back with themself."""
        params = away(browser)
        victim = Browser(app, provider)
        assert_nothing_began(victim, victim.comes_back(params), 400)
        assert len(on_record("sign_in.fail")) == 1

    def test_even_where_the_victim_began_one_of_their_own(
        self, app: Flask, browser: Browser, provider: Misbehaving
    ) -> None:
        params = away(browser)
        victim = Browser(app, provider)
        away(victim)
        assert_nothing_began(victim, victim.comes_back(params), 400)

    def test_a_second_time_signs_nobody_in(self, app: Flask, browser: Browser) -> None:
        params = away(browser)
        browser.comes_back(params)
        token = cookie(browser)
        assert browser.comes_back(params).status_code == 400
        assert cookie(browser) == token
        assert browser.is_signed_in
        assert len(on_record("sign_in.fail")) == 1

    def test_with_a_code_that_was_used_signs_nobody_in(self, browser: Browser) -> None:
        used = away(browser)
        browser.comes_back(used)
        browser.signs_out()
        browser.client.delete_cookie(SESSION)
        answer = browser.comes_back(away(browser) | {"code": used["code"]})
        assert_nothing_began(browser, answer, 403)

    def test_at_another_agencys_address_signs_nobody_in(self, browser: Browser) -> None:
        with misbehaving.running() as other:
            an_agency("south")
            with transaction() as tx:
                providers.add(tx, "south", issuer=other.issuer, client_id=CLIENT, client_secret=SECRET)
            params = away(browser)
            mixed = browser.client.get(f"/sign-in/south/callback?{urlencode(params, doseq=True)}")
            assert_nothing_began(browser, mixed, 403)
            named = params | {"iss": [other.issuer]}
            forged = browser.client.get(f"/sign-in/south/callback?{urlencode(named, doseq=True)}")
            assert_nothing_began(browser, forged, 400)
            assert "/token" not in other.paths() + browser.provider.paths()
        assert len(on_record("sign_in.fail")) == 2

    def test_at_an_agency_that_is_not_there(self, browser: Browser) -> None:
        answer = browser.client.get("/sign-in/nowhere/callback?code=c&state=s")
        assert_nothing_began(browser, answer, 404)

    def test_a_post_is_not_a_way_back(self, browser: Browser) -> None:
        assert browser.client.post("/sign-in/north/callback", data=away(browser)).status_code == 405


class TestFailure:
    def test_of_somebody_unregistered_is_one_row_with_the_reference_that_was_given(
        self, browser: Browser, provider: Misbehaving, somebody: Principal
    ) -> None:
        provider.claims = {"sub": "stranger"}
        answer = browser.signs_in()
        assert answer.status_code == 403
        (row,) = on_record("sign_in.fail")
        assert (row.outcome, row.zone) == ("refused", "office")
        assert (row.object_kind, row.object_id) == ("agency", str(somebody.agency_id))
        assert row.object_agency_id == somebody.agency_id
        assert row.reference
        assert row.reference in answer.get_data(as_text=True)
        assert "access.refuse" not in acts()

    def test_of_a_provider_that_is_down_is_told_in_a_sentence_and_others_go_on(
        self, app: Flask, browser: Browser
    ) -> None:
        an_agency("south")
        with transaction() as tx:
            providers.add(
                tx, "south", issuer="http://127.0.0.1:9", client_id="us", client_secret="not-used-at-all"
            )
        answer = browser.client.post("/sign-in/south")
        assert answer.status_code == 503
        assert "Other agencies are not affected" in answer.get_data(as_text=True)
        assert 'href="/sign-in"' in answer.get_data(as_text=True)
        (row,) = on_record("sign_in.fail")
        assert (row.outcome, row.detail["error"]) == ("failed", "ProviderUnreachable")
        assert_nothing_began(browser, answer, 503)
        assert browser.signs_in().status_code == 303

    def test_of_a_provider_that_is_set_up_wrongly_is_told_in_a_sentence(
        self, browser: Browser, provider: Misbehaving
    ) -> None:
        provider.faults.add("discovery_issuer_wrong")
        answer = browser.leaves()
        assert_nothing_began(browser, answer, 403)
        assert "cannot be accepted" in answer.get_data(as_text=True)
        assert len(on_record("sign_in.fail")) == 1
        assert count(SignInAttempt) == 0

    def test_at_a_suspended_provider_is_told_in_a_sentence(self, browser: Browser) -> None:
        params = away(browser)
        changed(update(IdentityProvider).values(status="suspended"))
        for answer in (browser.leaves(), browser.comes_back(params)):
            assert_nothing_began(browser, answer, 403)
            assert "suspended" in answer.get_data(as_text=True)
        assert acts().count("access.refuse") == 2
        assert "suspended" in browser.client.get("/sign-in").get_data(as_text=True)
        assert "suspended" in browser.client.get("/sign-in/north").get_data(as_text=True)

    def test_of_an_attempt_that_took_too_long(self, browser: Browser) -> None:
        params = away(browser)
        changed(update(SignInAttempt).values(over_at=datetime(2020, 1, 1, tzinfo=UTC)))
        assert_nothing_began(browser, browser.comes_back(params), 400)
        assert len(on_record("sign_in.fail")) == 1


class TestInvitation:
    def test_is_kept_through_finding_the_agency(self, browser: Browser) -> None:
        answer = browser.client.post("/sign-in", data={"q": "North", "invitation": "inv_1"})
        assert answer.location == "/sign-in?q=North&then=%2Fwork&invitation=inv_1"
        page = browser.client.get(str(answer.location)).get_data(as_text=True)
        assert page.count('name="invitation" value="inv_1"') == 2

    def test_is_sealed_while_somebody_signs_in(self, browser: Browser) -> None:
        browser.client.post("/sign-in/north", data={"invitation": "inv_secret"})
        sealed = bytes(one(select(SignInAttempt.invitation)))
        assert b"inv_secret" not in sealed

    def test_that_is_not_one_is_left_out(self, browser: Browser) -> None:
        browser.client.post("/sign-in/north", data={"invitation": "x" * 300})
        assert one(select(SignInAttempt.invitation)) is None

    def test_lets_somebody_who_is_signed_in_choose_an_agency(self, browser: Browser) -> None:
        browser.signs_in()
        assert browser.client.get("/sign-in").status_code == 303
        assert browser.client.get("/sign-in?invitation=inv_1").status_code == 200


class TestFinding:
    def test_of_a_mail_address_only_the_domain_goes_on(self, browser: Browser) -> None:
        answer = browser.client.post("/sign-in", data={"q": "maja.okonkwo@north.example"})
        assert answer.status_code == 303
        assert "maja" not in str(answer.location)
        page = browser.client.get(str(answer.location)).get_data(as_text=True)
        assert "/sign-in/north" in page

    def test_also_where_somebody_puts_it_into_the_address(self, browser: Browser) -> None:
        answer = browser.client.get("/sign-in?q=maja@north.example")
        assert (answer.status_code, answer.location) == (303, "/sign-in?q=%40north.example&then=%2Fwork")

    def test_of_nothing_that_fits_says_so_and_shows_the_way_back(self, browser: Browser) -> None:
        page = browser.client.get("/sign-in?q=zeppelin").get_data(as_text=True)
        assert "No agency of that name" in page
        assert "Show every agency" in page
        assert "/sign-in/north" not in page


def test_secrets_of_a_sign_in_are_not_in_its_words() -> None:
    departure = Departure("https://x.example/?state=hush", "hush", "hush", "hush")
    attempt = sign_in.Attempt(
        uuid4(), "hush", "hush", "https://x.example/back", "/work", session="hush", invitation="hush"
    )
    assert "hush" not in repr(departure) + repr(attempt)
