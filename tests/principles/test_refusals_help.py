"""Promise 3: every refusal says which rule and what would help."""

import ast
from pathlib import Path

import pytest
from sqlalchemy import Engine

from marketplace.foundation.errors import DomainError, every_subclass
from marketplace.web import reasons
from security.labels import Level
from security.principal import Role
from tasks.errors import NotEligible
from tests.builders import a_campaign, a_claim, a_person

ROOT = Path(__file__).parents[2]


def refusals() -> list[tuple[str, bool]]:
    """Every `refused("code", …)` in the rules: its code, and whether it names a remedy."""
    found = []
    for node in ast.walk(ast.parse((ROOT / "tasks" / "eligibility.py").read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "refused":
            code = node.args[0]
            assert isinstance(code, ast.Constant)
            remedy = len(node.args) > 1 or any(word.arg == "remedy" for word in node.keywords)
            found.append((str(code.value), remedy))
    return found


def test_the_rules_are_found() -> None:
    assert {"clearance", "skill", "role", "closed"} <= {code for code, _ in refusals()}


@pytest.mark.parametrize(("code", "remedy"), refusals())
def test_a_rule_that_refuses_names_what_would_help(code: str, remedy: bool) -> None:
    assert remedy


@pytest.mark.parametrize("code", sorted({code for code, _ in refusals()}))
def test_people_read_a_sentence_for_every_rule(code: str) -> None:
    assert code in reasons._MISSING


@pytest.mark.parametrize("kind", every_subclass(), ids=lambda kind: kind.__name__)
def test_every_error_is_a_sentence_of_ours(kind: type[DomainError]) -> None:
    message = kind().message
    assert message[0].isupper()
    assert message.endswith((".", ":", "…")) or "." in message


def test_all_that_is_missing_is_said_at_once(database: Engine) -> None:
    a_person(skills=("law",))
    campaign = a_campaign(skills=["law"])
    with pytest.raises(NotEligible) as refused:
        a_claim(campaign, a_person(roles=(Role.OPERATOR,), clearance=Level.INTERNAL))
    assert [(reason.code, bool(reason.remedy)) for reason in refused.value.facts["reasons"]] == [
        ("role", True),
        ("skill", True),
    ]
