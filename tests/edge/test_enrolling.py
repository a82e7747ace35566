"""Setting up a device by a real sign-in: what the provider is asked for, and which answers set up nothing."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from joserfc import jwt
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from agencies import device_keys, enrolment
from agencies.device_keys import offering
from agencies.device_models import DeviceEnrolment, DeviceKey
from agencies.models import WebSession
from marketplace.foundation.db import transaction
from security import key_transparency
from security.principal import Principal, Role
from tests.builders import AT_WORK, a_person, found, one
from tests.device_keys import Device, a_device, new_device
from tests.edge.misbehaving import CLIENT
from tests.edge.oidc.browser import SESSION, Browser, on_record
from tests.edge.oidc.conftest import app, browser, provider, somebody
from tests.edge.onward import onward

__all__ = ["app", "browser", "provider", "somebody"]

TWO = "urn:two"


@pytest.fixture
def registration() -> dict[str, Any]:
    return {"step_up_acr": TWO}


def form(device: Device, **given: str) -> dict[str, str]:
    offered = device.offered
    line = offering.line_of(offered.encryption, offered.signing, offered.salt)
    made = {"name": offered.name, "kind": offered.kind, "public": line, "idempotency_key": uuid4().hex}
    return made | given


def begins(browser: Browser, device: Device, **given: str) -> TestResponse:
    return browser.client.post("/device-keys", data=form(device, **given))


def sets_up(browser: Browser, device: Device, **given: str) -> TestResponse:
    """All the way: the form, the agency's sign-in, and back."""
    return browser.comes_back(browser.provider.visited(onward(begins(browser, device, **given))))


def count(table: Any) -> int:
    made: int = one(select(func.count()).select_from(table))
    return made


def cookie(browser: Browser) -> str:
    held = browser.client.get_cookie(SESSION)
    assert held is not None
    return str(held.value)


class TestWay:
    def test_leads_to_the_agencys_sign_in_and_back_to_the_list(
        self, browser: Browser, somebody: Principal
    ) -> None:
        browser.signs_in()
        device = new_device("Laptop")
        back = sets_up(browser, device)
        assert (back.status_code, back.location) == (303, "/device-keys?set-up=browser")
        assert "Laptop" in browser.client.get("/device-keys").get_data(as_text=True)
        with transaction() as tx:
            (live,) = device_keys.live_of(tx, somebody.person_id)
        assert (live.thumbprint, live.agency_id) == (device.thumbprint, somebody.agency_id)

    def test_asks_for_a_sign_in_of_now_whose_token_names_nobody_and_speaks_of_this_key(
        self, browser: Browser
    ) -> None:
        browser.signs_in()
        device = new_device()
        sets_up(browser, device)
        asked = browser.provider.asked[-1]
        assert (asked["nonce"], asked["max_age"], asked["scope"]) == (
            [device.offered.nonce],
            ["0"],
            ["openid"],
        )
        assert asked["acr_values"] == [TWO]

    def test_keeps_the_token_with_the_very_key_that_signed_it(self, browser: Browser) -> None:
        browser.signs_in()
        device = new_device()
        sets_up(browser, device)
        (row,) = found(select(DeviceKey.__table__))
        token = bytes(row.id_token).decode()
        assert token == browser.provider.issued[-1]
        assert (row.issuer, row.client_id) == (browser.provider.issuer, CLIENT)
        claims = key_transparency.confirmed(token, row.issuer_key, row.issuer, CLIENT, device.offered.nonce)
        assert claims["sub"] == "somebody"
        assert "d" not in row.issuer_key

    def test_renews_the_session_as_a_step_up_does(self, browser: Browser) -> None:
        browser.signs_in()
        before, reference = cookie(browser), one(select(WebSession.reference))
        sets_up(browser, new_device())
        assert cookie(browser) != before
        assert one(select(WebSession.reference)) == reference
        assert [row.detail for row in on_record("sign_in.begin")][-1] == {"purpose": "enrol"}

    def test_no_entry_of_that_moment_tells_whose_work_the_device_is_for(self, browser: Browser) -> None:
        browser.signs_in()
        sets_up(browser, new_device())
        (entry,) = on_record("device_key.enrol")
        assert (entry.subject_id, entry.session) == (None, None)
        assert on_record("session.step_up") == []

    def test_goes_on_where_somebody_came_from(self, browser: Browser) -> None:
        browser.signs_in()
        assert sets_up(browser, new_device(), next="/notices").location == "/notices"
        assert sets_up(browser, new_device(), next="//evil.example").location == "/work"

    def test_is_the_same_for_a_program(self, browser: Browser) -> None:
        browser.signs_in()
        sets_up(browser, new_device("Import on the server", "program"))
        assert one(select(DeviceKey.kind)) == "program"

    def test_pressed_twice_begins_once(self, browser: Browser) -> None:
        browser.signs_in()
        sent = form(new_device())
        for _ in range(2):
            assert browser.client.post("/device-keys", data=sent).status_code == 200
        assert count(DeviceEnrolment) == 1


class TestAnswer:
    @pytest.mark.parametrize(
        "fault",
        [
            "nonce_wrong",
            "nonce_missing",
            "iss_wrong",
            "aud_wrong",
            "expired",
            "signed_by_another",
            "alg_none",
            "acr_low",
        ],
    )
    def test_that_is_not_in_order_sets_up_nothing(self, browser: Browser, fault: str) -> None:
        browser.signs_in()
        before = cookie(browser)
        browser.provider.faults.add(fault)
        assert sets_up(browser, new_device()).status_code == 403
        assert (count(DeviceKey), cookie(browser)) == (0, before)
        assert browser.is_signed_in
        assert len(on_record("sign_in.fail")) == 1
        assert on_record("device_key.enrol") == []

    def test_that_is_old_sets_up_nothing(self, browser: Browser) -> None:
        browser.signs_in()
        browser.provider.faults.add("auth_time_stale")
        assert sets_up(browser, new_device()).status_code == 403
        assert count(DeviceKey) == 0

    def test_of_somebody_else_sets_up_nothing(self, browser: Browser) -> None:
        a_person("north", identity=(browser.provider.issuer, "somebody-else"))
        browser.signs_in()
        browser.provider.claims = {"sub": "somebody-else"}
        assert sets_up(browser, new_device()).status_code == 403
        assert count(DeviceKey) == 0
        assert browser.is_signed_in

    def test_with_a_name_in_it_sets_up_nothing_and_says_what_would_help(self, browser: Browser) -> None:
        browser.signs_in()
        browser.provider.claims = {"email": "lena@north.example"}
        answer = sets_up(browser, new_device())
        page = answer.get_data(as_text=True)
        assert (answer.status_code, count(DeviceKey)) == (403, 0)
        assert "give your name away" in page
        assert "lena@north.example" not in page

    def test_comes_once(self, browser: Browser) -> None:
        browser.signs_in()
        params = browser.provider.visited(onward(begins(browser, new_device())))
        assert browser.comes_back(params).status_code == 303
        assert browser.comes_back(params).status_code == 400
        assert count(DeviceKey) == 1

    def test_for_another_session_sets_up_nothing(self, browser: Browser) -> None:
        browser.signs_in()
        params = browser.provider.visited(onward(begins(browser, new_device())))
        browser.signs_in()
        assert browser.comes_back(params).status_code == 400
        assert count(DeviceKey) == 0

    def test_after_signing_out_sets_up_nothing(self, browser: Browser) -> None:
        browser.signs_in()
        params = browser.provider.visited(onward(begins(browser, new_device())))
        browser.signs_out()
        assert browser.comes_back(params).status_code == 400
        assert (count(DeviceKey), count(WebSession)) == (0, 0)

    def test_of_another_enrolment_sets_up_what_it_speaks_of(self, browser: Browser) -> None:
        """Two tabs: each answer belongs to the key whose hash it carries."""
        browser.signs_in()
        first, second = new_device("First"), new_device("Second")
        ways = [browser.provider.visited(onward(begins(browser, each))) for each in (first, second)]
        assert browser.comes_back(ways[1]).status_code == 303
        assert one(select(DeviceKey.thumbprint)) == second.thumbprint
        assert browser.comes_back(ways[0]).status_code == 303
        assert count(DeviceKey) == 2

    def test_whose_sign_in_was_suspended_meanwhile_sets_up_nothing(self, browser: Browser) -> None:
        admin = a_person("north", roles=(Role.AGENCY_ADMIN,))
        browser.signs_in()
        params = browser.provider.visited(onward(begins(browser, new_device())))
        with transaction() as tx:
            enrolment.suspend(tx, actor=admin, context=AT_WORK)
        assert browser.comes_back(params).status_code in (400, 403)
        assert count(DeviceKey) == 0


class TestForm:
    @pytest.mark.parametrize(
        ("given", "status", "said"),
        [
            ({"public": "nothing"}, 422, "Turn JavaScript on"),
            ({"public": ""}, 422, "Turn JavaScript on"),
            ({"name": " "}, 422, "1 to 60 characters"),
            ({"name": "x" * 61}, 422, "1 to 60 characters"),
            ({"kind": "program", "public": "{}"}, 422, "not the public keys of a device"),
        ],
    )
    def test_that_needs_mending_comes_back_with_what_was_typed(
        self, browser: Browser, given: dict[str, str], status: int, said: str
    ) -> None:
        browser.signs_in()
        answer = begins(browser, new_device("Laptop"), **given)
        assert answer.status_code == status
        page = answer.get_data(as_text=True)
        assert said in page
        assert "error-summary" in page
        assert count(DeviceEnrolment) == 0

    def test_says_so_where_there_is_no_place_left(self, browser: Browser, somebody: Principal) -> None:
        browser.signs_in()
        for _ in range(5):
            a_device(somebody)
        answer = begins(browser, new_device())
        assert answer.status_code == 409
        assert "Remove one" in answer.get_data(as_text=True)
        page = browser.client.get("/device-keys").get_data(as_text=True)
        assert "data-enrol" not in page
        assert "You have five devices already" in page

    def test_of_a_key_that_was_set_up_is_refused(self, browser: Browser, somebody: Principal) -> None:
        browser.signs_in()
        assert begins(browser, a_device(somebody)).status_code == 409

    def test_is_for_people_who_are_signed_in(self, app: Flask) -> None:
        answer = app.test_client().post("/device-keys", data=form(new_device()))
        assert answer.status_code == 401


class TestList:
    def test_is_ones_own(self, browser: Browser, somebody: Principal) -> None:
        a_device(somebody, name="My laptop")
        a_device(a_person("north"), name="Somebody’s laptop")
        browser.signs_in()
        page = browser.client.get("/device-keys").get_data(as_text=True)
        assert "My laptop" in page
        assert "Somebody" not in page

    def test_renames_and_removes(self, browser: Browser, somebody: Principal) -> None:
        device = a_device(somebody, name="Laptop")
        browser.signs_in()
        for act, given in (("name", {"name": "Desk"}), ("remove", {})):
            sent = given | {"idempotency_key": uuid4().hex}
            assert browser.client.post(f"/device-keys/{device.id}/{act}", data=sent).status_code == 303
        page = browser.client.get("/device-keys").get_data(as_text=True)
        assert f'data-removed="{device.thumbprint}"' in page
        assert f'data-thumbprint="{device.thumbprint}"' not in page
        assert "Desk" in page

    @pytest.mark.parametrize("act", ["name", "remove"])
    def test_does_not_know_anybody_elses(self, browser: Browser, act: str) -> None:
        device = a_device(a_person("north"))
        browser.signs_in()
        answers = [
            browser.client.post(
                f"/device-keys/{each}/{act}", data={"name": "Mine", "idempotency_key": uuid4().hex}
            )
            for each in (device.id, uuid4())
        ]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert count(DeviceKey) == 1


def test_the_token_is_one_that_the_relying_party_has_judged(browser: Browser) -> None:
    """What is kept is what came back from the token endpoint, not something else that was signed alike."""
    browser.signs_in()
    sets_up(browser, new_device())
    token = bytes(one(select(DeviceKey.id_token))).decode()
    claims = jwt.decode(token, browser.provider.key, algorithms=["RS256"]).claims
    assert claims["aud"] == CLIENT
    assert json.loads(json.dumps(claims))["nonce"] == browser.provider.asked[-1]["nonce"][0]


class TestWithoutSecondFactor:
    @pytest.fixture
    def registration(self) -> dict[str, Any]:
        return {}

    def test_a_sign_in_of_now_is_enough(self, browser: Browser) -> None:
        browser.signs_in()
        assert sets_up(browser, new_device()).status_code == 303
        assert count(DeviceKey) == 1
