"""Back-channel logout profile for relying parties: eight modules, and what a flood and a replay meet."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from agencies.models import WebSession
from marketplace.edge.logout import NOTED_PER_MINUTE
from tests.builders import found
from tests.edge.misbehaving import EVENT, Misbehaving, rsa
from tests.edge.oidc.browser import Browser, assert_signed_in, notified, on_record
from tests.edge.oidc.modules import case
from tests.together import together

MODULE = "oidcc-client-test-rp-backchannel-rpinitlogout"


@pytest.fixture
def other(app: Flask, browser: Browser, provider: Misbehaving) -> Browser:
    """Another browser of the same session at the provider; both have signed in."""
    provider.claims["sid"] = "session-at-north"
    second = Browser(app, provider)
    assert_signed_in(browser, browser.signs_in())
    assert_signed_in(second, second.signs_in())
    return second


def assert_not_taken(app: Flask, other: Browser, token: str, code: str) -> None:
    """400 with nothing kept, the session goes on, and the refusal is on the record."""
    answer = notified(app, token)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (400, "no-store")
    assert answer.get_json() == {"error": "invalid_request", "error_description": code}
    assert other.is_signed_in
    (row,) = on_record("logout.take")
    assert (row.outcome, row.detail["reasons"]) == ("refused", [code])


@case(MODULE)
def test_signing_out_in_one_browser_ends_the_session_of_the_other(
    app: Flask, browser: Browser, other: Browser, provider: Misbehaving
) -> None:
    assert browser.signs_out().status_code == 200
    answer = notified(app, provider.logout_token())
    assert (answer.status_code, answer.data, answer.headers["Cache-Control"]) == (200, b"", "no-store")
    assert not other.is_signed_in
    (row,) = on_record("logout.take")
    assert (row.outcome, row.detail) == ("done", {"ended": 1})
    assert [row.detail["by"] for row in on_record("session.end")] == ["person", "provider"]


@case(f"{MODULE}-alg-none")
def test_an_unsigned_notice_is_refused(app: Flask, other: Browser, provider: Misbehaving) -> None:
    provider.faults.add("alg_none")
    assert_not_taken(app, other, provider.logout_token(), "token.algorithm_refused")


@case(f"{MODULE}-no-event")
def test_a_notice_without_events_is_refused(app: Flask, other: Browser, provider: Misbehaving) -> None:
    assert_not_taken(app, other, provider.logout_token(events=...), "logout.event_missing")


@case(f"{MODULE}-with-nonce")
def test_a_notice_with_a_nonce_is_refused(app: Flask, other: Browser, provider: Misbehaving) -> None:
    assert_not_taken(app, other, provider.logout_token(nonce="of-a-sign-in"), "logout.with_nonce")


@case(f"{MODULE}-wrong-alg")
def test_a_notice_signed_in_another_way_is_refused(app: Flask, other: Browser, provider: Misbehaving) -> None:
    provider.faults.add("alg_wrong")
    assert_not_taken(app, other, provider.logout_token(), "token.algorithm_refused")


@case(f"{MODULE}-wrong-aud")
def test_a_notice_for_another_client_is_refused(app: Flask, other: Browser, provider: Misbehaving) -> None:
    assert_not_taken(app, other, provider.logout_token(aud="another-client"), "token.aud_wrong")


@case(f"{MODULE}-wrong-event")
def test_a_notice_of_another_event_is_refused(app: Flask, other: Browser, provider: Misbehaving) -> None:
    events = {"http://schemas.openid.net/event/something-else": {}}
    assert_not_taken(app, other, provider.logout_token(events=events), "logout.event_missing")


@case(f"{MODULE}-wrong-iss")
def test_a_notice_of_another_issuer_is_refused(app: Flask, other: Browser, provider: Misbehaving) -> None:
    assert_not_taken(app, other, provider.logout_token(iss="https://other.example"), "token.iss_wrong")


@pytest.mark.parametrize(("changes", "code"), [
    ({"sub": ..., "sid": ...}, "logout.of_nobody"), ({"jti": ...}, "token.claim_missing"),
    ({"iat": ...}, "token.claim_missing"), ({"exp": ...}, "token.claim_missing"),
    ({"exp": 1}, "token.expired"), ({"iat": 1}, "token.iat_too_old"),
    ({"iat": 32503680000}, "token.not_yet_valid"), ({"events": {EVENT: True}}, "logout.event_missing"),
    ({"events": [EVENT]}, "logout.event_missing"), ({"sid": ["a"]}, "token.claim_malformed"),
    ({"sid": "x" * 256}, "token.claim_malformed"), ({"sub": "é"}, "token.claim_malformed"),
    ({"jti": 7}, "token.claim_malformed"), ({"aud": []}, "token.aud_wrong"),
])  # fmt: skip
def test_a_notice_with_another_fault_is_refused(
    app: Flask, other: Browser, provider: Misbehaving, changes: dict[str, Any], code: str
) -> None:
    assert_not_taken(app, other, provider.logout_token(**changes), code)


def test_an_id_token_is_no_notice(app: Flask, other: Browser, provider: Misbehaving) -> None:
    assert_not_taken(app, other, provider.issued[-1], "logout.with_nonce")


def test_a_subject_is_signed_out_everywhere_where_no_session_is_named(
    app: Flask, browser: Browser, other: Browser, provider: Misbehaving
) -> None:
    assert notified(app, provider.logout_token(sid=...)).status_code == 200
    assert not browser.is_signed_in
    assert not other.is_signed_in


def test_a_session_at_the_provider_is_ended_without_naming_its_subject(
    app: Flask, browser: Browser, other: Browser, provider: Misbehaving
) -> None:
    assert notified(app, provider.logout_token(sub=...)).status_code == 200
    assert found(select(WebSession.reference)) == []


def test_another_session_at_the_provider_goes_on(app: Flask, other: Browser, provider: Misbehaving) -> None:
    assert notified(app, provider.logout_token(sid="another-session")).status_code == 200
    assert other.is_signed_in


def test_a_notice_works_once(app: Flask, other: Browser, provider: Misbehaving) -> None:
    token = provider.logout_token()
    assert notified(app, token).status_code == 200
    assert_signed_in(other, other.signs_in())
    again = notified(app, token)
    assert (again.status_code, again.get_json()["error_description"]) == (400, "logout.replayed")
    assert other.is_signed_in


def test_of_two_that_arrive_together_one_is_taken(app: Flask, other: Browser, provider: Misbehaving) -> None:
    token = provider.logout_token()
    answers = together(*[lambda: notified(app, token)] * 4)
    assert sorted(each.status_code for each in answers) == [200, 400, 400, 400]


@pytest.mark.parametrize("form", [
    {}, {"logout_token": ""}, {"logout_token": "x"}, {"logout_token": ["a", "b"]}, {"logout_token": "x" * 80_000},
])  # fmt: skip
def test_what_carries_no_token_is_refused(app: Flask, form: dict[str, Any]) -> None:
    answer = app.test_client().post("/sign-in/north/back-channel-logout", data=form)
    assert answer.status_code == 400
    assert len(on_record("logout.take")) == 1


def test_an_agency_that_is_not_here(app: Flask) -> None:
    assert notified(app, "x", "nowhere").status_code == 404


def test_a_flood_is_answered_without_filling_the_record_or_calling_the_provider(
    app: Flask, other: Browser, provider: Misbehaving
) -> None:
    provider.kid, genuine = "unknown", provider.logout_token()
    fetched = provider.paths().count("/jwks")
    answers = [notified(app, provider.logout_token()).status_code for _ in range(NOTED_PER_MINUTE + 30)]
    assert answers[0] == 400
    assert answers[-1] == 429
    assert provider.paths().count("/jwks") <= fetched + 1
    rows = on_record("logout.take")
    assert len(rows) == NOTED_PER_MINUTE + 1
    assert [row.detail["flood"] for row in rows].count(True) == 1
    provider.kid = "1"
    assert notified(app, provider.logout_token()).status_code == 200, genuine
    assert not other.is_signed_in


def test_a_provider_that_is_away_cannot_be_checked(app: Flask, provider: Misbehaving) -> None:
    def fail(path: str) -> None:
        raise ConnectionAbortedError

    provider.before_answering = fail
    answer = notified(app, provider.logout_token())
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")


def test_a_key_that_was_rotated_is_found(app: Flask, other: Browser, provider: Misbehaving) -> None:
    provider.key, provider.kid = rsa("2"), "2"
    assert notified(app, provider.logout_token()).status_code == 200
    assert not other.is_signed_in
