"""RP-initiated logout profile for relying parties: three modules."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.edge.misbehaving import CLIENT, Misbehaving
from tests.edge.oidc.browser import SESSION, Browser, assert_signed_in, on_record
from tests.edge.oidc.modules import case
from tests.edge.onward import onward


@pytest.fixture
def state(browser: Browser, provider: Misbehaving) -> str:
    """Somebody signed in and out again, and is at the provider's sign-out now."""
    assert_signed_in(browser, browser.signs_in())
    answer = browser.signs_out()
    assert browser.client.get_cookie(SESSION) is None
    assert not browser.is_signed_in
    url = onward(answer)
    assert url.startswith(f"{provider.issuer}/end?")
    asked = parse_qs(urlsplit(url).query)
    assert asked["id_token_hint"] == provider.issued
    assert asked["client_id"] == [CLIENT]
    assert asked["post_logout_redirect_uri"][0].endswith("/signed-out")
    assert len(asked["state"][0]) == 43
    return asked["state"][0]


@case("oidcc-client-test-rp-init-logout")
def test_signing_out_goes_on_to_the_provider_and_comes_back(browser: Browser, state: str) -> None:
    answer = browser.client.get(f"/signed-out?state={state}")
    assert answer.status_code == 200
    assert "You are signed out here and at your agency" in answer.get_data(as_text=True)
    (row,) = on_record("session.end")
    assert row.detail["by"] == "person"


@case("oidcc-client-test-rp-init-logout-other-state")
def test_coming_back_with_another_state_is_refused(browser: Browser, state: str) -> None:
    assert_unconfirmed(browser, f"/signed-out?state={state[::-1]}")


@case("oidcc-client-test-rp-init-logout-no-state")
def test_coming_back_without_a_state_is_refused(browser: Browser, state: str) -> None:
    assert_unconfirmed(browser, "/signed-out")


def test_a_state_works_once_and_in_its_browser(browser: Browser, app: object, state: str) -> None:
    stranger = Browser(app, browser.provider)  # type: ignore[arg-type]
    assert_unconfirmed(stranger, f"/signed-out?state={state}")
    assert browser.client.get(f"/signed-out?state={state}").status_code == 200
    assert browser.client.get(f"/signed-out?state={state}").status_code == 400


def test_a_provider_that_is_away_keeps_nobody_signed_in(browser: Browser, provider: Misbehaving) -> None:
    assert_signed_in(browser, browser.signs_in())
    clients = browser.client.application.extensions["market_clients"]
    clients._known.clear()

    def fail(path: str) -> None:
        raise ConnectionAbortedError

    provider.before_answering = fail
    answer = browser.signs_out()
    assert (answer.status_code, answer.location) == (303, "/")
    assert not browser.is_signed_in


def assert_unconfirmed(browser: Browser, path: str) -> None:
    """A polite page, and a refusal on the record."""
    answer = browser.client.get(path)
    assert answer.status_code == 400
    assert "You are signed out here" in answer.get_data(as_text=True)
    assert on_record("access.refuse")[-1].detail["reasons"] == ["logout.unconfirmed"]
