"""Basic certification profile for relying parties: sixteen modules, each over HTTP through the whole application."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import delete, select, update

from agencies.models import Agency, Identity, Person, WebSession
from tests.builders import changed, found
from tests.edge.misbehaving import Misbehaving, rsa
from tests.edge.oidc.browser import Browser, assert_refused, assert_signed_in
from tests.edge.oidc.modules import case


@case("oidcc-client-test")
def test_the_default_code_flow_signs_in(browser: Browser, provider: Misbehaving) -> None:
    assert_signed_in(browser, browser.signs_in())
    (asked,) = provider.asked
    assert asked["response_type"] == ["code"]
    assert "openid" in asked["scope"][0].split()
    assert asked["code_challenge_method"] == ["S256"]
    assert (len(asked["state"][0]), len(asked["nonce"][0])) == (43, 43)


@case("oidcc-client-test-client-secret-basic")
def test_the_secret_is_sent_in_the_header(browser: Browser, provider: Misbehaving) -> None:
    assert_signed_in(browser, browser.signs_in())
    ((_, headers, form),) = [call for call in provider.called if call[0] == "/token"]
    assert headers["Authorization"].startswith("Basic ")
    assert "client_secret" not in form


@case("oidcc-client-test-idtoken-sig-none")
def test_an_unsigned_token_is_refused(browser: Browser, provider: Misbehaving) -> None:
    provider.faults.add("alg_none")
    assert_refused(browser, browser.signs_in(), "token.algorithm_refused")


@case("oidcc-client-test-idtoken-sig-rs256")
def test_a_token_signed_with_rs256_is_taken(browser: Browser, provider: Misbehaving) -> None:
    assert_signed_in(browser, browser.signs_in())
    assert "/jwks" in provider.paths()


@case("oidcc-client-test-invalid-aud")
def test_a_token_for_somebody_else_is_refused(browser: Browser, provider: Misbehaving) -> None:
    provider.faults.add("aud_wrong")
    assert_refused(browser, browser.signs_in(), "token.aud_wrong")


@case("oidcc-client-test-invalid-sig-rs256")
def test_a_token_with_a_wrong_signature_is_refused(browser: Browser, provider: Misbehaving) -> None:
    provider.faults.add("signed_by_another")
    assert_refused(browser, browser.signs_in(), "token.signature_wrong")


@case("oidcc-client-test-invalid-iss")
def test_a_token_of_another_issuer_is_refused(browser: Browser, provider: Misbehaving) -> None:
    provider.faults.add("iss_wrong")
    assert_refused(browser, browser.signs_in(), "token.iss_wrong")


@case("oidcc-client-test-userinfo-invalid-sub")
def test_userinfo_about_somebody_else_is_refused(browser: Browser, provider: Misbehaving) -> None:
    provider.offers.add("userinfo")
    provider.faults.add("userinfo_sub_wrong")
    assert_refused(browser, browser.signs_in(), "userinfo.sub_wrong")


@case("oidcc-client-test-kid-absent-multiple-jwks")
def test_without_a_kid_every_fitting_key_is_tried(browser: Browser, provider: Misbehaving) -> None:
    provider.beside, provider.key = [rsa("2"), rsa("3")], rsa("1")
    provider.faults.add("kid_absent")
    assert_signed_in(browser, browser.signs_in())


@case("oidcc-client-test-kid-absent-single-jwks")
def test_without_a_kid_the_only_key_is_taken(browser: Browser, provider: Misbehaving) -> None:
    provider.faults.add("kid_absent")
    assert_signed_in(browser, browser.signs_in())


@case("oidcc-client-test-missing-iat")
def test_a_token_without_its_time_is_refused(browser: Browser, provider: Misbehaving) -> None:
    provider.faults.add("iat_missing")
    assert_refused(browser, browser.signs_in(), "token.claim_missing")


@case("oidcc-client-test-missing-sub")
def test_a_token_about_nobody_is_refused(browser: Browser, provider: Misbehaving) -> None:
    provider.faults.add("sub_missing")
    assert_refused(browser, browser.signs_in(), "token.claim_missing")


@case("oidcc-client-test-nonce-invalid")
def test_a_token_of_another_sign_in_is_refused(browser: Browser, provider: Misbehaving) -> None:
    provider.faults.add("nonce_wrong")
    assert_refused(browser, browser.signs_in(), "token.nonce_wrong")


class TestUserinfo:
    @pytest.fixture
    def registration(self) -> dict[str, Any]:
        return {"organisation_claim": "siret", "organisation_values": ["123"], "device_claim": "device"}

    @pytest.fixture
    def newcomer(self, browser: Browser, provider: Misbehaving) -> Browser:
        """Somebody whom nobody knows here yet; only userinfo says of which organisation they are."""
        changed(delete(Identity))
        changed(update(Agency).values(self_join=True))
        provider.offers.add("userinfo")
        provider.userinfo = {"name": "Some Body", "email": "some@north.example", "siret": "123"}
        return browser

    @case("oidcc-client-test-scope-userinfo-claims")
    def test_claims_that_the_token_leaves_out_come_from_userinfo(
        self, newcomer: Browser, provider: Misbehaving
    ) -> None:
        assert_signed_in(newcomer, newcomer.signs_in())
        assert {"profile", "email"} <= set(provider.asked[0]["scope"][0].split())
        assert "Some Body" in names()

    def test_plain_userinfo_is_no_evidence_about_the_device(
        self, newcomer: Browser, provider: Misbehaving
    ) -> None:
        provider.userinfo["device"] = "managed"
        assert_signed_in(newcomer, newcomer.signs_in())
        assert devices() == ["unknown"]

    @case("oidcc-client-test-userinfo-bearer-header")
    def test_the_access_token_goes_in_the_header(self, browser: Browser, provider: Misbehaving) -> None:
        provider.offers.add("userinfo")
        assert_signed_in(browser, browser.signs_in())
        ((_, headers, form),) = [call for call in provider.called if call[0] == "/userinfo"]
        assert (headers["Authorization"], form) == ("Bearer access", {})

    @case("oidcc-client-test-userinfo-bearer-body")
    def test_and_in_a_form_where_the_provider_sees_none_in_the_header(
        self, newcomer: Browser, provider: Misbehaving
    ) -> None:
        provider.faults.add("userinfo_takes_forms_only")
        assert_signed_in(newcomer, newcomer.signs_in())
        _, (_, headers, form) = [call for call in provider.called if call[0] == "/userinfo"]
        assert ("Authorization" in headers, form) == (False, {"access_token": ["access"]})
        assert "Some Body" in names()


def names() -> list[str]:
    """Who is known here."""
    return [row.name for row in found(select(Person.name))]


def devices() -> list[str]:
    """What the sessions know of their devices."""
    return [row.device for row in found(select(WebSession.device))]
