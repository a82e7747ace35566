"""A browser that signs in at the misbehaving provider and out again, and what is then to be seen."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from security.log.models import AuditPending
from tests.builders import found
from tests.edge.misbehaving import Misbehaving
from tests.edge.onward import onward

SESSION = "market_session"


class Browser:
    """One browser of somebody at the agency `north`."""

    def __init__(self, app: Flask, provider: Misbehaving) -> None:
        self.client, self.provider = app.test_client(), provider

    def leaves(self) -> TestResponse:
        """Press "Go on" on the agency's page."""
        return self.client.post("/sign-in/north", headers={"Referer": "http://localhost/"})

    def signs_in(self, **changes: list[str]) -> TestResponse:
        """Through the whole code flow; `changes` replace what the provider sends the browser back with."""
        left = self.leaves()
        if "Refresh" not in left.headers:
            return left
        return self.comes_back(self.provider.visited(onward(left)) | changes)

    def comes_back(self, params: dict[str, list[str]]) -> TestResponse:
        return self.client.get(f"/sign-in/north/callback?{urlencode(params, doseq=True)}")

    def signs_out(self) -> TestResponse:
        return self.client.post("/sign-out", headers={"Referer": "http://localhost/"})

    @property
    def is_signed_in(self) -> bool:
        return self.client.get("/notices").status_code == 200


def notified(app: Flask, token: str, agency: str = "north") -> TestResponse:
    """The provider posts a logout token; it has no cookies of ours."""
    return app.test_client().post(f"/sign-in/{agency}/back-channel-logout", data={"logout_token": token})


def on_record(act: str) -> list[Any]:
    """The entries of one act, oldest first."""
    rows = found(select(AuditPending.__table__).order_by(AuditPending.id))
    return [row for row in rows if row.act == act]


def assert_refused(browser: Browser, answer: TestResponse, code: str) -> None:
    """A refusal with its reason on the record, and nobody is signed in."""
    assert answer.status_code == 403, answer.get_data(as_text=True)
    assert browser.client.get_cookie(SESSION) is None
    assert not browser.is_signed_in
    (row,) = on_record("sign_in.fail")
    assert (row.outcome, row.detail["reasons"]) == ("refused", [code])
    assert row.reference in answer.get_data(as_text=True)


def assert_signed_in(browser: Browser, answer: TestResponse) -> None:
    """A session has begun, and it is on the record."""
    assert answer.status_code == 303, answer.get_data(as_text=True)
    assert browser.is_signed_in
    assert len(on_record("sign_in.succeed")) >= 1
    assert on_record("sign_in.fail") == []
