"""`marketplace rules`: show, check, propose, sign, export."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agencies.rules import drafting, signing
from marketplace.foundation.db import transaction
from security.principal import Principal
from tests.agencies.rules.test_signing import a_rule, an_admin, confirmed
from tests.application import token_of
from tests.builders import AT_WORK
from tests.cli.conftest import Terminal


def body(*rules: dict[str, Any]) -> dict[str, Any]:
    return {"format": "marketplace-rules-1", "agency": "north", "rules": list(rules)}


def written(terminal: Terminal, *rules: dict[str, Any]) -> str:
    return str(terminal.write("rules.json", json.dumps(body(*rules))))


@pytest.fixture
def admin(served: Terminal) -> Principal:
    return an_admin()


def signed(admin: Principal) -> None:
    with transaction() as tx:
        drafting.replace(tx, body(a_rule()), actor=admin, context=AT_WORK)
        signing.sign(tx, actor=admin, context=confirmed())


def test_a_file_is_checked_without_a_marketplace(terminal: Terminal) -> None:
    done = terminal.type("rules", "check", written(terminal, a_rule()))
    assert (done.exit_code, "can be signed" in done.stdout) == (0, True)
    done = terminal.type("rules", "check", written(terminal, a_rule()), "--json")
    assert json.loads(done.stdout) == {"ok": True, "faults": {}}


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (a_rule(examples=[]), "Add an example of what may be done."),
        (a_rule(remedy="pray"), "The remedy must be one of"),
        (a_rule(must={"maybe": []}), "There is no condition called “maybe”."),
    ],
)
def test_each_fault_of_a_file_is_listed_with_its_place(
    terminal: Terminal, rule: dict[str, Any], said: str
) -> None:
    refused = terminal.type("rules", "check", written(terminal, rule))
    assert refused.exit_code == 1
    assert said in refused.stderr


@pytest.mark.parametrize("text", ["{", "[]", '{"format": 1, "format": 2}'])
def test_what_is_no_json_object_is_a_sentence(terminal: Terminal, text: str) -> None:
    refused = terminal.type("rules", "check", str(terminal.write("rules.json", text)))
    assert refused.exit_code == 1
    assert "rules.json" in refused.stderr


def test_a_proposal_is_a_draft_and_a_browser_signs_it(served: Terminal, admin: Principal) -> None:
    token = token_of(admin)
    done = served.type("rules", "propose", written(served, a_rule()), token=token)
    assert done.exit_code == 0, done.output
    assert 'No longer possible: “claim” where context.zone = "vpn".' in done.stdout
    assert "/agency/rules/preview" in done.stdout
    refused = served.type("rules", "sign", token=token)
    assert (refused.exit_code, "second factor" in refused.stderr) == (1, True)
    assert "/agency/rules/preview" in refused.stderr
    assert "office-only" in served.type("rules", "show", "--draft", token=token).stdout


def test_a_proposal_that_makes_no_sense_is_listed_by_place(served: Terminal, admin: Principal) -> None:
    refused = served.type("rules", "propose", written(served, a_rule(reason={})), token=token_of(admin))
    assert refused.exit_code == 1
    assert "rules[0].reason" in refused.stderr


def test_what_holds_is_shown_and_exported(served: Terminal, admin: Principal) -> None:
    token = token_of(admin)
    assert "No rules of your own" in served.type("rules", "show", token=token).stdout
    signed(admin)
    assert f"Version 1, signed by {admin.name}" in served.type("rules", "show", token=token).stdout
    assert json.loads(served.type("rules", "show", "--json", token=token).stdout)["number"] == 1
    assert json.loads(served.type("rules", "export", token=token).stdout) == body(a_rule())
    out = served.folder / "rules.cedar"
    done = served.type("rules", "export", "--cedar", "--out", str(out), token=token)
    assert (done.exit_code, done.stdout) == (0, "")
    assert '@id("office-only")' in out.read_text()
