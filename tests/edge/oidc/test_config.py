"""Config certification profile for relying parties: six modules about what a provider publishes."""

from __future__ import annotations

from tests.edge.misbehaving import Misbehaving, rsa
from tests.edge.oidc.browser import Browser, assert_refused, assert_signed_in
from tests.edge.oidc.modules import case
from tests.edge.onward import onward


@case("oidcc-client-test-discovery-issuer-mismatch")
def test_a_description_under_another_name_is_refused(browser: Browser, provider: Misbehaving) -> None:
    provider.faults.add("discovery_issuer_wrong")
    assert_refused(browser, browser.signs_in(), "discovery.issuer_wrong")
    assert provider.paths() == ["/.well-known/openid-configuration"]


@case("oidcc-client-test-discovery-jwks-uri-keys")
def test_keys_are_fetched_from_where_the_description_says(browser: Browser, provider: Misbehaving) -> None:
    assert_signed_in(browser, browser.signs_in())
    assert provider.paths().count("/jwks") == 1


@case("oidcc-client-test-discovery-openid-config")
def test_endpoints_are_the_ones_described(browser: Browser, provider: Misbehaving) -> None:
    left = browser.leaves()
    assert onward(left).startswith(f"{provider.issuer}/auth?")
    assert_signed_in(browser, browser.comes_back(provider.visited(onward(left))))
    assert provider.paths() == ["/.well-known/openid-configuration", "/token", "/jwks"]


@case("oidcc-client-test-idtoken-sig-none")
def test_an_unsigned_token_is_refused_though_the_description_lists_none(
    browser: Browser, provider: Misbehaving
) -> None:
    provider.faults |= {"alg_none", "none_is_listed"}
    assert_refused(browser, browser.signs_in(), "token.algorithm_refused")


@case("oidcc-client-test-signing-key-rotation")
def test_a_rotated_key_is_found_at_the_next_sign_in(browser: Browser, provider: Misbehaving) -> None:
    assert_signed_in(browser, browser.signs_in())
    provider.key, provider.kid = rsa("2"), "2"
    assert_signed_in(browser, browser.signs_in())
    assert provider.paths().count("/jwks") == 2


@case("oidcc-client-test-signing-key-rotation-just-before-signing")
def test_a_key_rotated_just_before_signing_is_found(browser: Browser, provider: Misbehaving) -> None:
    assert_signed_in(browser, browser.signs_in())

    def rotate(path: str) -> None:
        if path == "/token":
            provider.key, provider.kid = rsa("2"), "2"

    provider.before_answering = rotate
    assert_signed_in(browser, browser.signs_in())


def test_a_rotated_key_is_found_without_a_kid_too(browser: Browser, provider: Misbehaving) -> None:
    provider.faults.add("kid_absent")
    assert_signed_in(browser, browser.signs_in())
    provider.key = rsa("2")
    assert_signed_in(browser, browser.signs_in())
