"""Signing in again in the middle of something: what is offered, what it leads to, and what it never does."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import func, select, update
from werkzeug.test import TestResponse

from agencies.held_forms import HeldForm
from agencies.models import WebSession
from agencies.rules import drafting, signing
from marketplace.foundation.db import transaction
from security.principal import Factor, Principal, Role
from tasks.models import Contribution
from tests.application import Program, token_of
from tests.builders import AT_WORK, a_campaign, a_claim, a_person, an_owner, changed, one
from tests.edge.misbehaving import Misbehaving
from tests.edge.oidc.browser import SESSION, Browser, on_record
from tests.edge.oidc.conftest import app, browser, provider, somebody
from tests.edge.onward import onward

__all__ = ["app", "browser", "provider", "somebody"]

TWO = "urn:two"
FRESH = {
    "id": "fresh-sign-in",
    "does": ["open"],
    "must": {
        "all": [{"is": ["context.factor", "multi"]}, {"at_most": ["context.minutes_since_sign_in", 15]}]
    },
    "reason": {"en": "Our items need a second factor used lately."},
    "remedy": "step_up",
    "examples": [
        {
            "case": {"context.factor": "multi", "context.minutes_since_sign_in": 1},
            "allowed": True,
            "why": "A key a minute ago.",
        },
        {
            "case": {"context.factor": "single", "context.minutes_since_sign_in": 1},
            "allowed": False,
            "why": "A password only.",
        },
    ],
}


@pytest.fixture
def registration() -> dict[str, Any]:
    return {"step_up_acr": TWO}


@pytest.fixture
def rule(somebody: Principal) -> None:
    """The north asks for a second factor, used in the last quarter of an hour."""
    admin = a_person("north", roles=(Role.CONTRIBUTOR, Role.AGENCY_ADMIN))
    confirmed = replace(AT_WORK, factor=Factor.MULTI, auth_time=datetime.now(UTC))
    with transaction() as tx:
        drafting.keep_rule(tx, FRESH, revision=0, actor=admin, context=AT_WORK)
    with transaction() as tx:
        signing.sign(tx, actor=admin, context=confirmed)


@pytest.fixture
def claim(app: Flask, somebody: Principal) -> UUID:
    """An item in somebody's hands, taken before there was a rule."""
    return a_claim(a_campaign(an_owner("north"), items=3, redundancy=1), somebody)


def hidden(answer: TestResponse, action: str) -> list[tuple[str, str]]:
    """The hidden fields of the page's form to `action`, as a browser would send them."""
    page = answer.get_data(as_text=True)
    form = re.search(rf'<form[^>]*action="{re.escape(action)}".*?</form>', page, re.DOTALL)
    assert form is not None, page
    pairs = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', form[0])
    return [(unescape(name), unescape(value)) for name, value in pairs]


def leaves(browser: Browser, refused: TestResponse) -> TestResponse:
    """Press "Sign in again" on a page that refused something."""
    assert refused.status_code == 403, refused.get_data(as_text=True)
    return browser.client.post("/step-up", data=dict(hidden(refused, "/step-up")))


def steps_up(browser: Browser, refused: TestResponse, **changes: list[str]) -> TestResponse:
    left = leaves(browser, refused)
    return browser.comes_back(browser.provider.visited(onward(left)) | changes)


def answer_form(**given: str) -> dict[str, str]:
    return {"answer.kind": "bird", "answer.note": "two\r\nlines", "idempotency_key": uuid4().hex} | given


def submits(browser: Browser, claim: UUID, **given: str) -> TestResponse:
    return browser.client.post(f"/claims/{claim}/contribution", data=answer_form(**given))


def cookie(browser: Browser) -> str:
    held = browser.client.get_cookie(SESSION)
    assert held is not None
    return str(held.value)


def count(table: Any) -> int:
    found: int = one(select(func.count()).select_from(table))
    return found


@pytest.mark.usefixtures("rule")
class TestPage:
    def test_that_was_refused_opens_after_signing_in_again(self, browser: Browser, claim: UUID) -> None:
        browser.signs_in()
        refused = browser.client.get(f"/claims/{claim}")
        back = steps_up(browser, refused)
        assert (back.status_code, back.location) == (303, f"/claims/{claim}")
        assert browser.client.get(f"/claims/{claim}").status_code == 200

    def test_asks_the_provider_for_a_fresh_second_factor(self, browser: Browser, claim: UUID) -> None:
        browser.signs_in()
        steps_up(browser, browser.client.get(f"/claims/{claim}"))
        asked = browser.provider.asked[-1]
        assert TWO in str(asked)
        assert asked["max_age"] == ["60"]

    def test_no_form_of_ours_leads_to_another_host(self, browser: Browser, claim: UUID) -> None:
        browser.signs_in()
        refused = browser.client.get(f"/claims/{claim}")
        assert "form-action 'self'" in refused.headers["Content-Security-Policy"]
        assert browser.provider.issuer not in refused.headers["Content-Security-Policy"]

    def test_offers_nothing_where_another_rule_fails(self, browser: Browser, claim: UUID) -> None:
        browser.signs_in()
        assert "/step-up" not in browser.client.get("/operation").get_data(as_text=True)

    def test_goes_nowhere_else(self, browser: Browser, claim: UUID) -> None:
        browser.signs_in()
        left = browser.client.post("/step-up", data={"then": "//evil.example"})
        back = browser.comes_back(browser.provider.visited(onward(left)))
        assert back.location == "/work"


@pytest.mark.usefixtures("rule")
class TestSession:
    def test_gets_a_new_token_and_stays_the_same(self, browser: Browser, claim: UUID) -> None:
        browser.signs_in()
        before, reference = cookie(browser), one(select(WebSession.reference))
        steps_up(browser, browser.client.get(f"/claims/{claim}"))
        assert cookie(browser) != before
        assert (count(WebSession), one(select(WebSession.reference))) == (1, reference)
        (row,) = on_record("session.step_up")
        assert (row.object_id, row.acr) == (reference, TWO)

    def test_the_old_token_opens_nothing(self, app: Flask, browser: Browser, claim: UUID) -> None:
        browser.signs_in()
        thief = Browser(app, browser.provider)
        thief.client.set_cookie(SESSION, cookie(browser))
        assert thief.is_signed_in
        steps_up(browser, browser.client.get(f"/claims/{claim}"))
        assert not thief.is_signed_in

    def test_a_form_that_was_open_in_another_tab_can_still_be_sent(
        self, app: Flask, browser: Browser, claim: UUID
    ) -> None:
        app.config["WTF_CSRF_ENABLED"] = True
        entry = browser.client.get("/sign-in/north")
        left = browser.client.post("/sign-in/north", data=dict(hidden(entry, "/sign-in/north")))
        browser.comes_back(browser.provider.visited(onward(left)))
        other_tab = dict(hidden(browser.client.get("/notices"), "/language"))
        steps_up(browser, browser.client.get(f"/claims/{claim}"))
        assert browser.client.post("/language", data=other_tab | {"language": "de"}).status_code == 303

    @pytest.mark.parametrize("claims", [{"sub": "somebody-else"}, {"acr": "urn:low"}, {"acr": ...}])
    def test_is_left_alone_by_an_answer_of_somebody_else_or_a_weaker_one(
        self, browser: Browser, claim: UUID, claims: dict[str, Any]
    ) -> None:
        a_person("north", identity=(browser.provider.issuer, "somebody-else"))
        browser.signs_in()
        before = cookie(browser)
        browser.provider.claims = claims
        answer = steps_up(browser, browser.client.get(f"/claims/{claim}"))
        assert answer.status_code == 403
        assert cookie(browser) == before
        assert browser.is_signed_in
        assert browser.client.get(f"/claims/{claim}").status_code == 403
        (row,) = on_record("sign_in.fail")
        assert row.reference in answer.get_data(as_text=True)

    def test_is_left_alone_by_an_answer_that_is_stale(self, browser: Browser, claim: UUID) -> None:
        browser.signs_in()
        browser.provider.faults.add("auth_time_stale")
        assert steps_up(browser, browser.client.get(f"/claims/{claim}")).status_code == 403
        assert browser.client.get(f"/claims/{claim}").status_code == 403

    def test_that_ended_meanwhile_is_not_revived(self, browser: Browser, claim: UUID) -> None:
        browser.signs_in()
        left = leaves(browser, browser.client.get(f"/claims/{claim}"))
        params = browser.provider.visited(onward(left))
        browser.signs_out()
        answer = browser.comes_back(params)
        assert answer.status_code == 400
        assert count(WebSession) == 0

    def test_another_session_of_the_browser_takes_nothing_over(self, browser: Browser, claim: UUID) -> None:
        browser.signs_in()
        left = leaves(browser, browser.client.get(f"/claims/{claim}"))
        params = browser.provider.visited(onward(left))
        browser.signs_in()
        assert browser.comes_back(params).status_code == 400
        assert browser.client.get(f"/claims/{claim}").status_code == 403


@pytest.mark.usefixtures("rule")
class TestForm:
    def test_is_sent_again_with_one_button_and_the_same_key(self, browser: Browser, claim: UUID) -> None:
        browser.signs_in()
        key = uuid4().hex
        refused = submits(browser, claim, idempotency_key=key)
        assert count(Contribution) == 0
        back = steps_up(browser, refused)
        assert str(back.location).startswith("/resume/")
        page = browser.client.get(str(back.location))
        assert page.status_code == 200
        fields = hidden(page, f"/claims/{claim}/contribution")
        assert ("idempotency_key", key) in fields
        assert ("answer.note", "two\r\nlines") in fields
        sent = browser.client.post(f"/claims/{claim}/contribution", data=dict(fields))
        assert sent.status_code == 303
        assert count(Contribution) == 1
        assert count(HeldForm) == 0

    def test_twice_pressed_counts_once(self, browser: Browser, claim: UUID) -> None:
        browser.signs_in()
        page = browser.client.get(str(steps_up(browser, submits(browser, claim)).location))
        fields = dict(hidden(page, f"/claims/{claim}/contribution"))
        for _ in range(2):
            assert browser.client.post(f"/claims/{claim}/contribution", data=fields).status_code == 303
        assert count(Contribution) == 1

    def test_of_what_was_done_already_gets_the_first_answer(self, browser: Browser, claim: UUID) -> None:
        browser.signs_in()
        page = browser.client.get(str(steps_up(browser, submits(browser, claim)).location))
        fields = dict(hidden(page, f"/claims/{claim}/contribution"))
        plain = {name: value for name, value in fields.items() if name != "resumed"}
        assert plain != fields
        for sent in (plain, fields):
            answer = browser.client.post(f"/claims/{claim}/contribution", data=sent)
            assert answer.status_code == 303, answer.status
        assert count(Contribution) == 1

    def test_is_kept_until_it_was_taken(self, browser: Browser, claim: UUID) -> None:
        browser.signs_in()
        address = str(steps_up(browser, submits(browser, claim)).location)
        changed(update(WebSession).values(auth_time=datetime.now(UTC) - timedelta(hours=1)))
        fields = dict(hidden(browser.client.get(address), f"/claims/{claim}/contribution"))
        again = browser.client.post(f"/claims/{claim}/contribution", data=fields)
        page = browser.client.get(str(steps_up(browser, again).location))
        assert dict(hidden(page, f"/claims/{claim}/contribution"))["answer.kind"] == "bird"

    def test_is_not_shown_in_the_refusal_that_keeps_it(self, browser: Browser, claim: UUID) -> None:
        browser.signs_in()
        page = submits(browser, claim).get_data(as_text=True)
        assert "two" not in re.sub(r"<[^>]+>", "", page.partition("<main")[2].partition("</main")[0])

    def test_of_a_sealed_campaign_is_handed_back_and_not_kept(
        self, browser: Browser, somebody: Principal
    ) -> None:
        sealed = a_claim(a_campaign(an_owner("north"), items=1, level="sensitive"), somebody)
        browser.signs_in()
        refused = submits(browser, sealed)
        assert count(HeldForm) == 0
        assert "lines" in refused.get_data(as_text=True)
        assert steps_up(browser, refused).location == f"/claims/{sealed}"

    def test_that_is_long_is_handed_back_and_not_kept(self, browser: Browser, claim: UUID) -> None:
        browser.signs_in()
        refused = submits(browser, claim, **{"answer.note": "x" * 300_000})
        assert count(HeldForm) == 0
        assert steps_up(browser, refused).location == f"/claims/{claim}"

    def test_is_nobody_elses(self, app: Flask, browser: Browser, provider: Misbehaving, claim: UUID) -> None:
        browser.signs_in()
        address = str(steps_up(browser, submits(browser, claim)).location)
        a_person("north", identity=(provider.issuer, "other"))
        other = Browser(app, provider)
        provider.claims = {"sub": "other"}
        other.signs_in()
        assert other.client.get(address).status_code == 404
        assert browser.client.get(address).status_code == 200

    def test_that_waited_too_long_is_gone(self, browser: Browser, claim: UUID) -> None:
        browser.signs_in()
        address = str(steps_up(browser, submits(browser, claim)).location)
        changed(update(HeldForm).values(over_at=datetime(2020, 1, 1, tzinfo=UTC)))
        assert browser.client.get(address).status_code == 404


class TestWithoutSecondFactor:
    @pytest.fixture
    def registration(self) -> dict[str, Any]:
        return {}

    def test_an_agency_whose_sign_in_has_none_is_told_so(self, browser: Browser, app: Flask) -> None:
        browser.signs_in()
        answer = browser.client.post("/step-up", data={"then": "/work", "factor": "multi"})
        assert answer.status_code == 403
        assert "second factor" in answer.get_data(as_text=True)
        (row,) = on_record("access.refuse")
        assert row.detail["error"] == "NoSecondFactor"

    def test_a_fresh_sign_in_is_asked_for_where_that_may_do(self, browser: Browser, app: Flask) -> None:
        browser.signs_in()
        left = browser.client.post("/step-up", data={"then": "/notices"})
        back = browser.comes_back(browser.provider.visited(onward(left)))
        assert back.location == "/notices"
        assert browser.provider.asked[-1]["max_age"] == ["60"]


@pytest.mark.usefixtures("rule")
def test_a_program_is_told_the_rule_and_offered_no_form(app: Flask, somebody: Principal, claim: UUID) -> None:
    answer = Program(app.test_client(), token_of(somebody)).get(f"/claims/{claim}/payload")
    assert answer.status_code == 403
    assert answer.json is not None
    assert [reason["remedy"] for reason in answer.json["reasons"]] == ["step_up"]
    assert count(HeldForm) == 0


def test_nobody_steps_up_without_a_session(app: Flask) -> None:
    answer = app.test_client().post("/step-up", data={"then": "/work"})
    assert answer.status_code == 401
