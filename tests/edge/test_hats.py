"""The hat is on every page, changes with a new session token, and is never somebody else's; the list of sessions."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import select, update

from agencies import directory, memberships
from agencies.models import Membership, WebSession
from marketplace.foundation import clock
from marketplace.foundation.db import transaction
from security.principal import Principal, Role
from tests.builders import a_person, an_agency, changed, found
from tests.edge.misbehaving import Misbehaving
from tests.edge.oidc.browser import SESSION, Browser, on_record
from tests.edge.oidc.conftest import app, browser, provider, registration, somebody

__all__ = ["app", "browser", "provider", "registration", "somebody"]


@pytest.fixture
def lent(app: Flask, somebody: Principal) -> UUID:
    """Somebody of the north is seconded to the south."""
    an_agency("south")
    with transaction() as tx:
        return memberships.enrol(
            tx,
            somebody.person_id,
            directory.id_of(tx, "south"),
            roles=(Role.CONTRIBUTOR,),
            home_id=somebody.membership_id,
            until=clock.now(tx) + timedelta(days=30),
        )


def changes_to(browser: Browser, membership: Any) -> Any:
    return browser.client.post("/hat", data={"membership": str(membership), "idempotency_key": uuid4().hex})


def cookie(browser: Browser) -> str:
    held = browser.client.get_cookie(SESSION)
    assert held is not None
    return str(held.value)


def page(browser: Browser, path: str = "/notices") -> str:
    text = browser.client.get(path).get_data(as_text=True)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", text.partition("</head>")[2]))


class TestHat:
    def test_is_offered_and_shown_on_every_page(self, browser: Browser, lent: UUID) -> None:
        browser.signs_in()
        assert "Act for South" in page(browser)
        assert changes_to(browser, lent).status_code == 303
        for path in ("/notices", "/work", "/my-work", "/help", "/nowhere", "/operation", "/sessions"):
            assert "You act for South. Seconded from North until" in page(browser, path), path

    def test_changes_with_a_new_token(self, browser: Browser, lent: UUID) -> None:
        browser.signs_in()
        before = cookie(browser)
        changes_to(browser, lent)
        assert cookie(browser) != before
        assert browser.is_signed_in
        assert len(on_record("session.change_hat")) == 1

    def test_a_form_of_the_other_hat_is_not_sent_under_this_one(
        self, app: Flask, browser: Browser, lent: UUID
    ) -> None:
        browser.signs_in()
        text = browser.client.get("/notices").get_data(as_text=True)
        token = re.search(r'name="csrf_token" value="([^"]+)"', text)
        assert token is not None
        changes_to(browser, lent)
        app.config["WTF_CSRF_ENABLED"] = True
        sent = browser.client.post("/language", data={"csrf_token": token[1], "language": "de"})
        assert sent.status_code == 400

    @pytest.mark.parametrize("wanted", ["", "nonsense", "0b9a5c1e-6f9e-4a52-8f0b-1f0f6f5b9c11"])
    def test_that_is_none_is_refused_and_on_the_record(
        self, browser: Browser, lent: UUID, wanted: str
    ) -> None:
        browser.signs_in()
        assert changes_to(browser, wanted).status_code == 403
        (row,) = on_record("access.refuse")
        assert row.detail["error"] == "CannotWearHat"
        assert browser.is_signed_in

    def test_of_somebody_else_is_refused(self, browser: Browser, lent: UUID) -> None:
        other = a_person("south")
        browser.signs_in()
        assert changes_to(browser, other.membership_id).status_code == 403
        assert "South" not in page(browser).partition("Act for")[0]

    def test_that_ended_signs_the_person_out_of_it(self, browser: Browser, lent: UUID) -> None:
        browser.signs_in()
        changes_to(browser, lent)
        with transaction() as tx:
            past = clock.now(tx) - timedelta(seconds=1)
        changed(update(Membership).where(Membership.id == lent).values(until=past))
        assert not browser.is_signed_in

    def test_is_not_mentioned_to_whoever_has_one(self, browser: Browser) -> None:
        browser.signs_in()
        assert "You act for" not in page(browser)

    def test_a_partner_wears_a_badge(self, browser: Browser, somebody: Principal, app: Flask) -> None:
        sponsor = a_person("north")
        with transaction() as tx:
            until = clock.now(tx) + timedelta(days=90)
        changed(
            update(Membership)
            .where(Membership.id == somebody.membership_id)
            .values(partner=True, sponsor_id=sponsor.person_id, until=until)
        )
        browser.signs_in()
        for path in ("/work", "/nowhere"):
            assert "Partner until" in page(browser, path)


class TestSessions:
    def test_are_listed_with_this_one_first(self, app: Flask, browser: Browser) -> None:
        Browser(app, browser.provider).signs_in()
        browser.signs_in()
        text = page(browser, "/sessions")
        assert text.count("Sign out :") + text.count("Sign out:") == 2
        assert "This one" in text

    def test_another_is_ended_from_here(self, app: Flask, browser: Browser) -> None:
        other = Browser(app, browser.provider)
        other.signs_in()
        reference = found(select(WebSession.reference))[0].reference
        browser.signs_in()
        ended = browser.client.post(f"/sessions/{reference}/end", data={"idempotency_key": uuid4().hex})
        assert ended.status_code == 303
        assert not other.is_signed_in
        assert browser.is_signed_in

    def test_all_others_are_ended_at_once(self, app: Flask, browser: Browser) -> None:
        others = [Browser(app, browser.provider) for _ in range(2)]
        for other in others:
            other.signs_in()
        browser.signs_in()
        browser.client.post("/sessions/end-others", data={"idempotency_key": uuid4().hex})
        assert [other.is_signed_in for other in others] == [False, False]
        assert browser.is_signed_in

    def test_this_one_too(self, app: Flask, browser: Browser) -> None:
        browser.signs_in()
        reference = found(select(WebSession.reference))[0].reference
        answer = browser.client.post(f"/sessions/{reference}/end", data={"idempotency_key": uuid4().hex})
        assert answer.status_code == 303
        assert not browser.is_signed_in

    def test_of_somebody_else_look_like_none(
        self, app: Flask, browser: Browser, provider: Misbehaving
    ) -> None:
        a_person("north", identity=(provider.issuer, "other"))
        other = Browser(app, provider)
        provider.claims = {"sub": "other"}
        other.signs_in()
        reference = found(select(WebSession.reference))[0].reference
        provider.claims = {}
        browser.signs_in()
        for wanted in (reference, "unknown"):
            answer = browser.client.post(f"/sessions/{wanted}/end", data={"idempotency_key": uuid4().hex})
            assert answer.status_code == 404
        assert other.is_signed_in
        assert len(on_record("access.refuse")) == 2
