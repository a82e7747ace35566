"""An administrator's way through the pages about rules: draft, examples, trying out, signing, older versions."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, func, select, update
from werkzeug.test import TestResponse

from agencies import providers, sessions
from agencies.numbers import register
from agencies.rules import current, drafting, preview, reading, signing
from agencies.rules.models import AccessRuleVersion
from marketplace.foundation.db import reading as reads
from marketplace.foundation.db import transaction
from security.labels import Level
from security.oidc import Vouched
from security.principal import Principal, Role
from tests.agencies.rules.test_signing import ADMIN, a_rule, confirmed
from tests.application import an_application
from tests.builders import AT_WORK, a_campaign, a_person, an_agency, an_owner, changed, one, some_people

TWO = "urn:two-factors"
ISSUER = "https://north.example"


class Admin:
    """An administrator of the agency `north` in front of a browser without scripts."""

    def __init__(self, app: Flask, principal: Principal, acr: str | None) -> None:
        self.client, self.principal = app.test_client(), principal
        with transaction() as tx:
            vouched = Vouched(ISSUER, "admin", acr=acr, auth_time=datetime.now(UTC))
            token = sessions.begin(tx, principal.membership_id, vouched).token
        self.client.set_cookie("market_session", token, domain="localhost")

    def opens(self, path: str, status: int = 200) -> str:
        answer = self.client.get(path)
        assert answer.status_code == status, answer.get_data(as_text=True)
        return answer.get_data(as_text=True)

    def presses(self, page: str, action: str, fields: dict[str, Any] | None = None) -> TestResponse:
        """Send the page's form to `action` with its own hidden fields and `fields`."""
        form = re.search(rf'<form[^>]*action="{re.escape(action)}".*?</form>', page, re.DOTALL)
        assert form is not None, f"no form to {action}"
        hidden = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', form[0])
        data = {unescape(name): unescape(value) for name, value in hidden} | (fields or {})
        return self.client.post(action, data=data)

    def adds(self, about: str, **fields: Any) -> TestResponse:
        page = self.opens(f"/agency/rules/new?about={about}")
        usual = {
            "does": ["claim", "open"],
            "whom": "everybody",
            "level": "public",
            "reason_en": "So that it is safe.",
        }
        usual |= {"remedy": "ask_owner", "id": about}
        return self.presses(page, "/agency/rules/new", usual | fields)


@pytest.fixture
def app(database: Engine, tmp_path: Path) -> Iterator[Flask]:
    with an_application(database, tmp_path) as made:
        made.config["WTF_CSRF_ENABLED"] = False
        yield made


@pytest.fixture
def north(app: Flask) -> Principal:
    an_agency("north")
    with transaction() as tx:
        given = {"issuer": ISSUER, "client_id": "us", "client_secret": "secret", "step_up_acr": TWO}
        providers.add(tx, "north", **given)
    return a_person("north", roles=ADMIN, identity=(ISSUER, "admin"), clearance=Level.INTERNAL)


@pytest.fixture
def admin(app: Flask, north: Principal) -> Admin:
    return Admin(app, north, TWO)


def said(page: str) -> str:
    """A page's words without its markup."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def in_force(principal: Principal) -> list[dict[str, Any]]:
    reading.forget()
    with reads() as db:
        number, body = reading.in_force(db, principal.agency_id)
        assert current(db, principal.agency_id, number).json() == body
        return list(body["rules"])


def test_a_rule_is_made_in_a_form_tried_out_and_signed(admin: Admin) -> None:
    assert "no rules of its own" in said(admin.opens("/agency/rules"))
    added = admin.adds("networks", value=["office", "vpn"], level="restricted")
    assert added.status_code == 303
    page = admin.opens(added.location)
    assert "Where the task’s label is Official: restricted: only if the network is office or VPN." in said(
        page
    )
    assert "May be done When the task’s label is Official: restricted and the network is office." in said(
        page
    )
    listed = said(admin.opens("/agency/rules"))
    assert "Your draft: 1 change that holds for nobody yet" in listed
    assert in_force(admin.principal) == []
    tried = admin.opens("/agency/rules/preview")
    assert (
        "No longer possible when the task’s label is Official: restricted and the network is home."
        in said(tried)
    )
    signed = admin.presses(tried, "/agency/rules/sign", {"note": "Our first"})
    assert signed.status_code == 303, signed.get_data(as_text=True)
    assert [rule["id"] for rule in in_force(admin.principal)] == ["networks"]
    after = said(admin.opens("/agency/rules"))
    assert "Version 1, signature verified" in after
    assert "Our first" in after


def test_pressing_keep_twice_keeps_one_rule(admin: Admin) -> None:
    page = admin.opens("/agency/rules/new?about=no-partners")
    fields = {
        "does": ["claim"],
        "whom": "guests",
        "level": "public",
        "reason_en": "No.",
        "remedy": "ask_owner",
    }
    key = uuid.uuid4().hex
    answers = [admin.presses(page, "/agency/rules/new", fields | {"idempotency_key": key}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    with reads() as db:
        draft = drafting.read(db, admin.principal)
    assert draft is not None
    assert [rule["id"] for rule in draft.body["rules"]] == ["no-partners"]


@pytest.mark.parametrize(
    ("about", "fields", "sentence"),
    [
        ("networks", {}, "without it the rule asks for nothing"),
        ("fresh-sign-in", {"value": "soon"}, "Type a whole number of minutes"),
        ("fresh-sign-in", {"value": "99999"}, "Type a whole number of minutes"),
        ("no-partners", {"does": []}, "Choose what the rule is about"),
        ("no-partners", {"reason_en": " "}, "Write the reason in English"),
        ("no-partners", {"reason_de": "x" * 401}, "A reason is one line"),
        ("no-partners", {"id": "Ä!"}, "small letters, digits and dashes"),
        ("no-partners", {"level": "secret"}, "Choose one of the labels"),
        ("no-partners", {"remedy": "pray"}, "The remedy must be one of"),
        ("expert", {"must": "{"}, "not JSON that can be read"),
        ("expert", {"must": '{"is": ["context.zone", "moon"]}'}, "does not fit context.zone"),
        ("expert", {"must": "true", "when": '{"maybe": []}'}, "There is no condition called “maybe”"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_beside_what_was_typed(
    admin: Admin, about: str, fields: dict[str, Any], sentence: str
) -> None:
    answer = admin.adds(about, **({"reason_en": "Kept as typed."} | fields))
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert sentence in said(page)
    assert 'role="alert"' in page
    if "reason_en" not in fields:
        assert "Kept as typed." in page


def test_examples_show_what_the_rule_says(admin: Admin) -> None:
    admin.adds("devices", value="managed")
    page = admin.opens("/agency/rules/rule/devices")
    added = admin.presses(
        page,
        "/agency/rules/rule/devices/examples",
        {"case.context.device": "enrolled", "allowed": "may", "why": "My own laptop."},
    )
    assert added.status_code == 303
    page = admin.opens("/agency/rules/rule/devices")
    assert "May be done – but the rule does not allow it" in said(page)
    tried = admin.opens("/agency/rules/preview")
    assert "First put the examples right." in said(tried)
    assert "/agency/rules/sign" not in tried
    removed = admin.presses(page, "/agency/rules/rule/devices/examples/2/drop")
    assert removed.status_code == 303
    assert "/agency/rules/sign" in admin.opens("/agency/rules/preview")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"allowed": "may", "why": "So."}, "Choose at least one circumstance"),
        ({"case.context.device": "managed", "why": "So."}, "Choose whether it may be done"),
        ({"case.context.device": "managed", "allowed": "may"}, "Say in a few words why"),
    ],
)
def test_an_example_that_says_nothing_is_not_kept(
    admin: Admin, fields: dict[str, str], sentence: str
) -> None:
    admin.adds("devices", value="managed")
    page = admin.opens("/agency/rules/rule/devices")
    answer = admin.presses(page, "/agency/rules/rule/devices/examples", fields)
    assert answer.status_code == 422
    assert sentence in said(answer.get_data(as_text=True))


def test_a_rule_of_a_form_is_changed_renamed_and_taken_out(admin: Admin) -> None:
    admin.adds("group", value="blue")
    page = admin.opens("/agency/rules/rule/group")
    assert 'value="blue"' in page
    fields = {
        "value": "green",
        "does": ["results"],
        "whom": "guests",
        "level": "sensitive",
        "reason_en": "Green only.",
    }
    kept = admin.presses(
        page, "/agency/rules/rule/group", fields | {"remedy": "ask_owner", "id": "green-group"}
    )
    assert kept.location.endswith("/agency/rules/rule/green-group")
    page = admin.opens(kept.location)
    assert "the person belongs to the closed group “green”" in said(page)
    assert admin.presses(page, "/agency/rules/rule/green-group/drop").status_code == 303
    admin.opens("/agency/rules/rule/green-group", status=404)


def test_a_form_of_an_older_draft_is_told_so(admin: Admin) -> None:
    early = admin.opens("/agency/rules/new?about=no-partners")
    admin.adds("devices", value="managed")
    late = admin.presses(
        early, "/agency/rules/new", {"does": ["claim"], "reason_en": "No.", "whom": "everybody"}
    )
    assert late.status_code == 409
    assert "Your draft has changed" in said(late.get_data(as_text=True))


def test_signing_asks_for_the_second_factor(app: Flask, north: Principal) -> None:
    weak = Admin(app, north, None)
    weak.adds("no-partners")
    refused = weak.presses(weak.opens("/agency/rules/preview"), "/agency/rules/sign")
    assert refused.status_code == 403
    page = refused.get_data(as_text=True)
    assert 'action="/step-up"' in page
    assert in_force(north) == []


def test_an_older_version_is_compared_and_taken_up_again(admin: Admin) -> None:
    admin.adds("networks", value=["office", "vpn"])
    admin.presses(admin.opens("/agency/rules/preview"), "/agency/rules/sign")
    page = admin.opens("/agency/rules/rule/networks")
    fields = {"value": ["office"], "does": ["claim", "open"], "whom": "everybody", "level": "public"}
    fields |= {"reason_en": "Stricter.", "remedy": "use_office_network", "id": "networks"}
    admin.presses(page, "/agency/rules/rule/networks", fields)
    admin.presses(admin.opens("/agency/rules/preview"), "/agency/rules/sign")
    older = admin.opens("/agency/rules/versions/1?with=2")
    assert "It asks that the network is office or VPN. Before: that the network is office." in said(older)
    taken = admin.presses(older, "/agency/rules/versions/1/take-up")
    assert taken.status_code == 303
    tried = admin.opens(taken.location)
    assert "Possible from now on when the network is VPN." in said(tried)
    admin.presses(tried, "/agency/rules/sign")
    assert in_force(admin.principal)[0]["must"] == {"one_of": ["context.zone", ["office", "vpn"]]}
    admin.opens("/agency/rules/versions/9", status=404)


def test_somebody_elses_signature_is_shown_before_ones_own(app: Flask, admin: Admin) -> None:
    admin.adds("no-partners")
    other = a_person("north", roles=ADMIN)
    with transaction() as tx:
        drafting.keep_rule(tx, a_rule("theirs"), revision=0, actor=other, context=AT_WORK)
        signing.sign(tx, actor=other, context=confirmed())
    page = admin.opens("/agency/rules/preview")
    assert "Gone Only from the office." in said(page)
    assert "/agency/rules/sign" not in page
    admin.presses(page, "/agency/rules/renew")
    assert "/agency/rules/sign" in admin.opens("/agency/rules/preview")


def test_rules_that_cannot_be_verified_have_a_way_out(admin: Admin) -> None:
    for name in ("networks", "devices"):
        admin.adds(name, value="office" if name == "networks" else "managed")
        admin.presses(admin.opens("/agency/rules/preview"), "/agency/rules/sign")
    changed(update(AccessRuleVersion).where(AccessRuleVersion.number == 2).values(signature=bytes(64)))
    page = admin.opens("/agency/rules")
    assert "The rules in force cannot be verified" in said(page)
    admin.opens("/agency/rules/versions/2", status=503)
    older = admin.opens("/agency/rules/versions/1")
    admin.presses(older, "/agency/rules/versions/1/take-up")
    admin.presses(admin.opens("/agency/rules/preview"), "/agency/rules/sign")
    assert [rule["id"] for rule in in_force(admin.principal)] == ["networks"]


def test_counts_wait_for_the_council_and_hide_what_the_reader_may_not_know(admin: Admin) -> None:
    council = a_person("north", roles=(Role.WORKS_COUNCIL,), clearance=Level.PUBLIC)
    owner = an_owner("north")
    a_campaign(owner, title="Open to see")
    a_campaign(owner, title="Not for administrators", level="sensitive")
    some_people(20, "north")
    admin.adds("networks", value=["office"])
    assert "works council has not agreed" in said(admin.opens("/agency/rules/preview"))
    with transaction() as tx:
        register.approve(tx, preview.QUESTION, actor=council, context=AT_WORK)
    page = said(admin.opens("/agency/rules/preview?zone=home&level=internal"))
    assert "Take on an item about 20 fewer than 10" in page
    assert "Open to see about 20 fewer than 10" in page
    assert "Not for administrators" not in page
    assert "no change of 10 people or more" in said(
        admin.opens("/agency/rules/preview?zone=office&device=nonsense")
    )


@pytest.mark.parametrize("kind", ["json", "cedar"])
def test_rules_are_downloaded(admin: Admin, kind: str) -> None:
    admin.adds("no-partners")
    for which in ("draft", "current"):
        answer = admin.client.get(f"/agency/rules/files/{which}.{kind}")
        assert answer.status_code == 200
        assert ("no-partners" in answer.get_data(as_text=True)) == (which == "draft")
    for path in ("7.json", "draft.xml", "nothing.json"):
        admin.opens(f"/agency/rules/files/{path}", status=404)


def test_a_draft_is_thrown_away(admin: Admin) -> None:
    admin.adds("no-partners")
    admin.presses(admin.opens("/agency/rules"), "/agency/rules/discard")
    assert "Your draft" not in said(admin.opens("/agency/rules"))
    assert admin.client.get("/agency/rules/preview").status_code == 303
    assert one(select(func.count()).select_from(AccessRuleVersion)) == 0


def test_what_somebody_wrote_is_shown_as_text(admin: Admin) -> None:
    admin.adds("no-partners", reason_en="<script>alert(1)</script>")
    for path in ("/agency/rules", "/agency/rules/rule/no-partners", "/agency/rules/preview"):
        assert "<script>alert" not in admin.opens(path)
