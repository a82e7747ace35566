"""Promise 3: every refusal says which rule and what would help."""

import pytest
from sqlalchemy import Engine

from marketplace.foundation.errors import DomainError, every_subclass
from marketplace.web import reasons
from security.access.baseline import BASELINE
from security.access.remedies import REMEDIES
from security.access.rule import Rule
from security.labels import Level
from security.principal import Role
from tasks.errors import NotEligible
from tests.builders import a_campaign, a_claim, a_person

CODES = sorted({str(rule.code) for rule in BASELINE.rules} | {"agency_rule"})


@pytest.mark.parametrize("rule", BASELINE.rules, ids=lambda rule: rule.id)
def test_a_rule_that_refuses_names_what_would_help(rule: Rule) -> None:
    assert rule.remedy in REMEDIES


@pytest.mark.parametrize("code", CODES)
def test_people_read_a_sentence_for_every_rule(code: str) -> None:
    assert code in reasons.KNOWN


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
