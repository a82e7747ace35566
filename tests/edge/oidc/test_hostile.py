"""Providers that are hostile, broken, slow or mixed up: the right status, on the record, and never our own failure."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from agencies import providers
from agencies.models import IdentityProvider, WebSession
from marketplace.edge.relying_party import line as lines
from marketplace.foundation import outbound
from marketplace.foundation.db import transaction
from tests.builders import a_person, an_agency, found
from tests.edge import misbehaving
from tests.edge.misbehaving import CLIENT, SECRET, Misbehaving
from tests.edge.oidc.browser import SESSION, Browser, assert_refused, assert_signed_in, on_record
from tests.edge.onward import onward

HUGE = json.dumps({"issuer": "x" * 300_000}).encode()
DEEP = b'{"issuer":' + b"[" * 100_000


@pytest.mark.parametrize(("fault", "code"), [
    ("callback_iss_wrong", "callback.iss_wrong"), ("callback_iss_missing", "callback.iss_missing"),
    ("id_token_missing", "token.missing"), ("aud_foreign_azp_ours", "token.aud_wrong"),
    ("aud_also_foreign", "token.aud_foreign"), ("expired", "token.expired"), ("iat_hours_old", "token.iat_too_old"),
    ("from_the_future", "token.not_yet_valid"), ("nonce_missing", "token.claim_missing"),
    ("sub_is_a_list", "token.claim_malformed"), ("iss_looks_alike", "token.iss_wrong"),
    ("at_hash_wrong", "token.at_hash_wrong"), ("alg_wrong", "token.algorithm_refused"),
    ("keys_are_a_list", "token.key_unknown"), ("jwks_private", "provider.answer_refused"),
    ("token_endpoint_plain", "discovery.endpoint_insecure"),
])  # fmt: skip
def test_each_fault_is_refused_with_its_reason(
    browser: Browser, provider: Misbehaving, fault: str, code: str
) -> None:
    provider.faults.add(fault)
    assert_refused(browser, browser.signs_in(), code)


def test_members_of_the_description_do_not_become_settings_of_ours(
    browser: Browser, provider: Misbehaving
) -> None:
    provider.faults.add("session_settings")
    assert_signed_in(browser, browser.signs_in())
    assert provider.asked[0]["scope"] == ["openid profile email"]


@pytest.mark.parametrize(("kind", "body"), [
    ("application/json", b"[]"), ("application/json", b"null"), ("application/json", b"{"), ("text/html", b"<p>"),
    ("application/json", b"\xff"), ("application/json", HUGE), ("application/json", DEEP),
    ("application/json", b'{"issuer": ' + b"9" * 5000 + b"}"),
])  # fmt: skip
def test_a_description_that_is_none(
    browser: Browser, provider: Misbehaving, kind: str, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider, "answer", lambda *_: (200, {"Content-Type": kind}, body))
    answer = browser.signs_in()
    assert answer.status_code == 403
    (row,) = on_record("sign_in.fail")
    assert row.detail["reasons"][0] in ("provider.answer_refused", "discovery.issuer_wrong")


def test_a_description_elsewhere_is_not_followed(
    browser: Browser, provider: Misbehaving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider, "answer", lambda *_: (302, {"Location": "http://127.0.0.1:9/"}, b""))
    assert_refused(browser, browser.signs_in(), "provider.answer_refused")


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_provider_in_trouble_is_away(
    browser: Browser, provider: Misbehaving, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider, "answer", lambda *_: (status, {}, b""))
    answer = browser.signs_in()
    assert answer.status_code == 503
    assert "Other agencies are not affected" in answer.get_data(as_text=True)
    assert [row.outcome for row in on_record("sign_in.fail")] == ["failed"]


def test_a_slow_provider_holds_up_nobody_else(app: Flask, provider: Misbehaving) -> None:
    """Two people wait for it; a third is answered at once, and another agency's people sign in meanwhile."""
    let_go = threading.Event()
    provider.before_answering = lambda path: let_go.wait(10) and None
    with misbehaving.running() as other:
        an_agency("south", office_networks=["127.0.0.0/8"])
        with transaction() as tx:
            providers.add(tx, "south", issuer=other.issuer, client_id=CLIENT, client_secret=SECRET)
        a_person("south", identity=(other.issuer, "somebody"))
        waiting = [threading.Thread(target=Browser(app, provider).leaves) for _ in range(2)]
        for thread in waiting:
            thread.start()
        while len(provider.called) < 2:
            threading.Event().wait(0.01)
        south = app.test_client()
        left = south.post("/sign-in/south")
        assert onward(left).startswith(other.issuer)
        threading.Event().wait(lines.STUCK_AFTER + 0.1)
        began = time.monotonic()
        answer = Browser(app, provider).leaves()
        assert answer.status_code == 503
        assert time.monotonic() - began < outbound.SECONDS
        let_go.set()
        for thread in waiting:
            thread.join()


def test_a_code_that_was_used_is_refused(browser: Browser, provider: Misbehaving) -> None:
    back = provider.visited(onward(browser.leaves()))
    assert_signed_in(browser, browser.comes_back(back))
    again = browser.comes_back(back)
    assert again.status_code == 400
    assert on_record("sign_in.fail")[-1].detail["error"] == "SignInExpired"


def test_a_code_of_another_sign_in_is_refused(browser: Browser, provider: Misbehaving) -> None:
    stolen = provider.visited(onward(browser.leaves()))["code"]
    assert_refused(browser, browser.signs_in(code=stolen), "token.code_refused")


def test_an_answer_in_another_browser_is_refused(app: Flask, browser: Browser, provider: Misbehaving) -> None:
    back = provider.visited(onward(browser.leaves()))
    victim = Browser(app, provider)
    assert victim.comes_back(back).status_code == 400
    assert victim.client.get_cookie(SESSION) is None


def test_an_answer_at_another_agencys_callback_is_refused(
    app: Flask, browser: Browser, provider: Misbehaving
) -> None:
    with misbehaving.running() as other:
        an_agency("south")
        with transaction() as tx:
            providers.add(tx, "south", issuer=other.issuer, client_id=CLIENT, client_secret=SECRET)
        back = provider.visited(onward(browser.leaves()))
        answer = browser.client.get("/sign-in/south/callback", query_string=back)
        assert answer.status_code == 403
        assert on_record("sign_in.fail")[-1].detail["reasons"] == ["callback.iss_wrong"]
        back["iss"] = [other.issuer]
        assert browser.client.get("/sign-in/south/callback", query_string=back).status_code == 400


@pytest.mark.parametrize("query", [
    "", "state=x", "code=x", "error=access_denied", "code=a&code=b&state=c", "state=%00&code=x", "error=%3Cb%3E",
])  # fmt: skip
def test_forged_answers_are_refused(browser: Browser, query: str) -> None:
    answer = browser.client.get(f"/sign-in/north/callback?{query}")
    assert answer.status_code in (400, 403)
    assert len(on_record("sign_in.fail")) == 1


class TestWhatIsAskedFor:
    @pytest.fixture
    def registration(self) -> dict[str, Any]:
        return {"required_acr": "urn:high", "step_up_acr": "urn:higher"}

    def test_the_required_acr_is_asked_for_twice(self, browser: Browser, provider: Misbehaving) -> None:
        assert_signed_in(browser, browser.signs_in())
        (asked,) = provider.asked
        assert asked["acr_values"] == ["urn:high"]
        wanted = json.loads(asked["claims"][0])["id_token"]
        assert wanted == {"acr": {"essential": True, "values": ["urn:high"]}, "amr": None}

    def test_a_second_factor_is_more_than_enough(self, browser: Browser, provider: Misbehaving) -> None:
        provider.claims["acr"] = "urn:higher"
        assert_signed_in(browser, browser.signs_in())

    @pytest.mark.parametrize("fault", ["acr_low", "acr_missing"])
    def test_less_is_refused(self, browser: Browser, provider: Misbehaving, fault: str) -> None:
        provider.faults.add(fault)
        assert_refused(browser, browser.signs_in(), "token.acr_too_low")


class TestByKey:
    key = providers.new_client_key()

    @pytest.fixture
    def registration(self) -> dict[str, Any]:
        return {"client_secret": self.key, "authentication": "private_key_jwt"}

    def test_we_authenticate_with_a_key_that_the_provider_fetches_from_us(
        self, browser: Browser, provider: Misbehaving
    ) -> None:
        provider.offers.add("par")
        provider.client_key = browser.client.get("/sign-in/north/keys").get_json()
        left = browser.leaves()
        assert "request_uri=" in onward(left)
        assert "state=" not in onward(left)
        assert_signed_in(browser, browser.comes_back(provider.visited(onward(left))))
        for path, headers, form in provider.called:
            if path in ("/par", "/token"):
                assert "Authorization" not in headers
                assert "client_secret" not in form

    def test_only_the_public_half_is_given_out(self, browser: Browser) -> None:
        answer = browser.client.get("/sign-in/north/keys")
        (key,) = answer.get_json()["keys"]
        assert "d" not in key
        assert json.loads(self.key)["d"] not in answer.get_data(as_text=True)


class TestBySecretInTheForm:
    @pytest.fixture
    def registration(self) -> dict[str, Any]:
        return {"authentication": "client_secret_post"}

    def test_the_secret_goes_in_the_form(self, browser: Browser, provider: Misbehaving) -> None:
        provider.offers.add("par")
        assert_signed_in(browser, browser.signs_in())
        assert all("Authorization" not in headers for _, headers, _ in provider.called)


class TestSignedUserinfo:
    @pytest.fixture
    def registration(self) -> dict[str, Any]:
        return {"device_claim": "device"}

    def test_it_is_evidence_about_the_device_once_its_signature_is_right(
        self, browser: Browser, provider: Misbehaving
    ) -> None:
        provider.offers |= {"userinfo", "signed_userinfo"}
        provider.userinfo = {"device": "managed"}
        assert_signed_in(browser, browser.signs_in())
        assert [row.device for row in found(select(WebSession.device))] == ["managed"]

    def test_for_another_client_it_is_refused(self, browser: Browser, provider: Misbehaving) -> None:
        provider.offers |= {"userinfo", "signed_userinfo"}
        provider.faults.add("userinfo_aud_wrong")
        assert_refused(browser, browser.signs_in(), "token.aud_wrong")


def test_a_suspended_provider_signs_nobody_in(app: Flask, browser: Browser) -> None:
    with transaction() as tx:
        tx.execute(update(IdentityProvider).values(status="suspended"))
    answer = browser.leaves()
    assert answer.status_code == 403
    assert "suspended" in answer.get_data(as_text=True)
