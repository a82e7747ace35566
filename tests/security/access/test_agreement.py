"""Decision, SQL and Cedar say the same of every case there is, rule by rule.

First each rule over all that it speaks of, everything also unknown. Then whole rule sets over the lattice of what can
occur together.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import Engine

from security.access.attributes import Facts
from security.access.baseline import BASELINE
from security.access.lattice import cases, named_by
from security.access.rule import Rule
from security.access.rules import RuleSet
from tests.security.access.oracle import by_cedar, by_python, by_sql
from tests.security.access.rule_sets import OF_AN_AGENCY, OF_SETS

SETS = {"marketplace": BASELINE, "agency": OF_AN_AGENCY, "sets": OF_SETS}
EACH = [
    pytest.param(RuleSet("north", (rule,)), id=f"{n}-{rule.id}") for n, s in SETS.items() for rule in s.rules
]


def lattice(rules: RuleSet, names: Sequence[str], fixed: Facts, **options: Any) -> list[dict[str, Any]]:
    return [dict(fixed) | case for case in cases(names, named=named_by(rules.rules), **options)]


KNOWING = lattice(
    BASELINE,
    [
        "principal.clearance", "resource.level", "principal.compartments", "resource.compartments",
        "resource.shared_up_to", "resource.need_to_know", "resource.granted", "resource.open_to_all",
        "principal.person", "principal.agency",
    ],
    {"resource.agency": "some", "resource.owner": "some", "resource.audience": frozenset({"another"})},
)  # fmt: skip
WORKING = lattice(
    BASELINE,
    [
        "principal.roles", "resource.open", "principal.skills", "resource.skills", "principal.agency",
        "resource.agency", "resource.audience", "resource.open_to_all", "principal.person", "resource.owner",
    ],
    {
        "principal.clearance": "restricted", "resource.level": "internal", "resource.shared_up_to": "internal",
        "principal.compartments": frozenset({"some"}), "resource.compartments": frozenset(),
        "resource.need_to_know": False, "resource.granted": False,
    },
)  # fmt: skip
SITUATIONS = lattice(OF_AN_AGENCY, sorted(OF_AN_AGENCY.names()), {}, unknown=True)


def action_of(rule: Rule) -> str:
    return rule.does[0]


@pytest.mark.parametrize("rules", EACH)
def test_one_rule_over_everything_it_speaks_of(database: Engine, rules: RuleSet) -> None:
    action = action_of(rules.rules[0])
    every = list(cases(rules.names(), named=named_by(rules.rules), unknown=True))
    expected = by_python(rules, action, every)
    assert by_sql(rules, action, every) == expected
    assert by_cedar(rules, action, every) == expected
    assert len(set(expected)) == 2, "each rule lets some cases pass and stops others"


@pytest.mark.parametrize(
    ("rules", "action", "every"),
    [
        pytest.param(BASELINE, "know", KNOWING, id="knowing"),
        pytest.param(BASELINE, "claim", WORKING, id="claiming"),
        pytest.param(BASELINE, "export", WORKING, id="exporting"),
        pytest.param(OF_AN_AGENCY, "claim", SITUATIONS, id="situations"),
    ],
)
class TestTogether:
    def test_sql_agrees(
        self, database: Engine, rules: RuleSet, action: str, every: list[dict[str, Any]]
    ) -> None:
        assert by_sql(rules, action, every) == by_python(rules, action, every)

    def test_cedar_agrees(self, rules: RuleSet, action: str, every: list[dict[str, Any]]) -> None:
        assert by_cedar(rules, action, every) == by_python(rules, action, every)


def test_that_is_tens_of_thousands_of_combinations() -> None:
    assert len(KNOWING) + 2 * len(WORKING) + len(SITUATIONS) > 40_000
