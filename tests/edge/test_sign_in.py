"""The way in at the edge: one session per browser, one row per failure, and tabs that leave each other alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock
from uuid import UUID, uuid4

import pytest
from flask import Flask
from requests.exceptions import ConnectionError as NoConnection
from sqlalchemy import Engine, select

from agencies import directory, sign_in
from agencies.directory import Provider
from agencies.errors import ProviderUnreachable
from marketplace.edge.sign_in import home
from marketplace.edge.strict_client import Departure, StrictAgencyClient, _reached
from marketplace.foundation.db import transaction
from marketplace.web import shell
from security.log.models import AuditPending
from security.oidc import Callback
from security.principal import Principal, Role
from tests.application import an_application
from tests.builders import a_person, found

ISSUER = "https://north.example"


class Client:
    """A provider's relying party that believes everything: the code is the subject."""

    def __init__(self, agency_id: UUID) -> None:
        self.provider = Mock(agency_id=agency_id)

    def depart(self, redirect_uri: str) -> Departure:
        state = uuid4().hex
        return Departure(f"{ISSUER}/?state={state}", state, "nonce", "verifier")

    def check_return(self, params: dict[str, list[str]]) -> Callback:
        return Callback(code=params["code"][0], state=params["state"][0])

    def redeem(self, code: str, **_: Any) -> dict[str, Any]:
        return {"iss": ISSUER, "sub": code}


@pytest.fixture
def maja(database: Engine) -> Principal:
    with transaction() as tx:
        directory.add(
            tx,
            slug="north",
            name="North",
            initials="NO",
            tint="blue",
            domain="north.example",
            office_networks=["127.0.0.0/8"],
        )
        directory.add_provider(tx, "north", issuer=ISSUER, client_id="market", client_secret="not-used")
    return a_person("north", identity=(ISSUER, "maja"))


@pytest.fixture
def app(maja: Principal, database: Engine, tmp_path: Path) -> Iterator[Flask]:
    with an_application(database, tmp_path) as made:
        made.config["WTF_CSRF_ENABLED"] = False
        made.extensions["market_clients"] = Mock(of=Mock(return_value=Client(maja.agency_id)))
        yield made


def begun(browser: Any) -> str:
    answer = browser.post("/sign-in/north", headers={"Referer": "http://localhost/"})
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return str(answer.location).partition("state=")[2]


def back(browser: Any, state: str, code: str = "maja") -> Any:
    return browser.get(f"/sign-in/north/callback?code={code}&state={state}")


def acts() -> list[Any]:
    return list(found(select(AuditPending.__table__).order_by(AuditPending.id)))


def test_a_new_sign_in_ends_the_session_this_browser_had(app: Flask) -> None:
    browser = app.test_client()
    assert back(browser, begun(browser)).status_code == 303
    old = browser.get_cookie("market_session").value
    assert back(browser, begun(browser)).status_code == 303
    assert browser.get("/notices").status_code == 200
    thief = app.test_client()
    thief.set_cookie("market_session", old)
    assert thief.get("/notices").location.startswith("/sign-in")
    assert "session.end" in [row.act for row in acts()]


def test_two_tabs_can_sign_in_beside_each_other(app: Flask) -> None:
    browser = app.test_client()
    first, second = begun(browser), begun(browser)
    assert back(browser, first).status_code == 303
    assert back(browser, second).status_code == 303


def test_a_browser_secret_that_we_did_not_make_is_replaced(app: Flask) -> None:
    browser = app.test_client()
    browser.set_cookie("market_browser", "short")
    begun(browser)
    assert len(browser.get_cookie("market_browser").value) == 43


@pytest.mark.parametrize("reason", ["expired", "stranger"])
def test_a_failed_sign_in_is_one_row_with_the_reference_that_was_given(
    app: Flask, maja: Principal, reason: str
) -> None:
    browser = app.test_client()
    state = begun(browser) if reason == "stranger" else "unknown"
    answer = back(browser, state, code="stranger")
    assert answer.status_code in (400, 403)
    (row,) = [row for row in acts() if row.act not in ("sign_in.begin", "person.join")]
    assert (row.act, row.outcome, row.zone) == ("sign_in.fail", "refused", "office")
    assert (row.object_kind, row.object_id, row.object_agency_id) == (
        "agency",
        str(maja.agency_id),
        maja.agency_id,
    )
    assert row.reference
    assert row.reference in answer.get_data(as_text=True)


@pytest.mark.parametrize("trouble", [TypeError, KeyError, AttributeError, ValueError, NoConnection])
def test_a_provider_that_answers_nonsense_does_not_answer(trouble: type[Exception]) -> None:
    with pytest.raises(ProviderUnreachable) as raised:
        _reached(Mock(side_effect=trouble("payload")))
    assert raised.value.facts == {"error": trouble.__name__}


def test_keys_that_are_a_list_are_nonsense_and_not_kept() -> None:
    client = StrictAgencyClient(Provider(uuid4(), "north", "North", ISSUER, "id", "secret", ("RS256",)))
    client.server_metadata["jwks"] = []
    client.fetch_jwk_set = Mock(return_value=[])  # type: ignore[method-assign]
    with pytest.raises(ProviderUnreachable):
        client._verified("token", ("RS256",))
    assert "jwks" not in client.server_metadata


def test_secrets_of_a_sign_in_are_not_in_its_words() -> None:
    departure = Departure("https://x.example/?state=hush", "hush", "hush", "hush")
    attempt = sign_in.Attempt(uuid4(), "hush", "hush", "https://x.example/back", "/work")
    assert "hush" not in repr(departure) + repr(attempt)


@pytest.mark.parametrize(
    ("roles", "page"),
    [
        ((Role.CONTRIBUTOR, Role.TASK_OWNER), "/work"),
        ((Role.TASK_OWNER,), "/campaigns"),
        ((Role.APPRAISER,), "/campaigns"),
        ((Role.SECURITY_OFFICER,), "/record"),
        ((Role.OPERATOR,), "/operation"),
        ((Role.AGENCY_ADMIN,), "/notices"),
    ],
)
def test_work_begins_where_the_navigation_begins(app: Flask, roles: tuple[Role, ...], page: str) -> None:
    person = a_person(roles=roles)
    with app.test_request_context("/"):
        navigation = [entry["href"] for entry in shell.shell(person)["nav"]]
    assert home(person) == page == (navigation or ["/notices"])[0]
