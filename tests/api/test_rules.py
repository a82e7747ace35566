"""Rules through the API: what holds, a draft of one's own, and a signature that no token can give."""

from __future__ import annotations

from typing import Any

import pytest

from agencies.rules import drafting, signing
from marketplace.foundation.db import transaction
from security.principal import Principal
from tests.agencies.rules.test_signing import a_rule as written
from tests.agencies.rules.test_signing import an_admin, confirmed
from tests.application import Program
from tests.builders import AT_WORK, a_person


def body(*given: dict[str, Any], agency: str = "north") -> dict[str, Any]:
    return {"format": "marketplace-rules-1", "agency": agency, "rules": list(given)}


@pytest.fixture
def admin(app: Any) -> Principal:
    return an_admin()


@pytest.fixture
def caller(program: Any, admin: Principal) -> Program:
    made: Program = program(admin)
    return made


def signed(admin: Principal) -> None:
    with transaction() as tx:
        drafting.replace(tx, body(written()), actor=admin, context=AT_WORK)
        signing.sign(tx, note="First.", actor=admin, context=confirmed())


def test_an_agency_without_rules_has_number_nought(caller: Program) -> None:
    answer = caller.get("/agency/rules").json
    assert (answer["number"], answer["rules"]["rules"], answer["digest"]) == (0, [], None)


def test_a_version_shows_who_signed_it(caller: Program, admin: Principal) -> None:
    signed(admin)
    answer = caller.get("/agency/rules").json
    assert (answer["number"], answer["signed_by"], answer["note"]) == (1, admin.name, "First.")
    assert len(bytes.fromhex(answer["signature"])) == 64
    assert caller.get("/agency/rules?number=1").json == answer
    assert caller.get("/agency/rules?number=2").status_code == 404
    assert caller.get("/agency/rules?number=nine").status_code == 422


def test_a_draft_says_what_it_changes_and_what_it_lacks(caller: Program) -> None:
    assert caller.get("/agency/rules/draft").status_code == 404
    answer = caller.post("/agency/rules/draft", json=body(written(examples=[])))
    assert answer.status_code == 200, answer.json
    draft = answer.json
    assert (draft["revision"], draft["based_on"]) == (1, 0)
    assert draft["faults"] == {
        "office-only.examples": [
            "Add an example of what may be done.",
            "Add an example of what may not be done.",
        ]
    }
    assert {"action": "claim", "way": "lost", "case": {"context.zone": "vpn"}} in draft["changes"]
    assert caller.get("/agency/rules/draft").json == draft
    assert caller.get("/agency/rules").json["number"] == 0


@pytest.mark.parametrize(
    ("sent", "place"),
    [
        (body(written(remedy="pray")), "rules[0].remedy"),
        (body(written(must={"is": ["context.zone", "moon"]})), "rules[0].must.is"),
        (body(written(), agency="south"), "agency"),
        (body(written()) | {"extra": 1}, "extra"),
        ({"format": "marketplace-rules-1", "agency": "north"}, "rules"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_place(
    caller: Program, sent: dict[str, Any], place: str
) -> None:
    answer = caller.post("/agency/rules/draft", json=sent)
    assert (answer.status_code, place in answer.json["errors"]) == (422, True), answer.json


def test_a_token_cannot_sign_and_is_told_what_would_help(caller: Program) -> None:
    caller.post("/agency/rules/draft", json=body(written()))
    answer = caller.post("/agency/rules/sign", json={"revision": 1})
    assert answer.status_code == 403
    assert [reason["remedy"] for reason in answer.json["reasons"]] == ["step_up"]
    assert caller.get("/agency/rules").json["number"] == 0


def test_rules_are_written_as_cedar(caller: Program, admin: Principal) -> None:
    signed(admin)
    answer = caller.get("/agency/rules.cedar")
    assert answer.mimetype == "text/plain"
    assert '@id("office-only")' in answer.get_data(as_text=True)


def test_only_administrators_see_rules(program: Any, admin: Principal) -> None:
    other = program(a_person("north"))
    assert other.get("/agency/rules").status_code == 403
    assert other.post("/agency/rules/draft", json=body()).status_code == 403
