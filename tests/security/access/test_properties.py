"""What must hold for every rule set there could be."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from security.access import expression
from security.access.attributes import ATTRIBUTES
from security.access.baseline import BASELINE
from security.access.compiling import closure
from security.access.rule import ACTIONS
from security.access.rules import RuleSet
from security.labels import Level
from security.principal import Context, Device, Factor, Principal, Zone
from tasks.access import Policies, Terms, decide
from tests.builders import AT_WORK
from tests.security.access.oracle import by_cedar, by_python, by_sql
from tests.security.access.rule_sets import EXPRESSIONS, FACTS, RULE_SETS, RULES, rule_set
from tests.tasks.test_access import SOMEBODY, TERMS

settings.register_profile("rules", settings.get_profile("security"), max_examples=60)
settings.load_profile("rules")

ACTION = st.sampled_from(ACTIONS)
CAVEATS = RULES.map(lambda rule: rule_set(rule).rules)


@given(RULE_SETS)
def test_rules_are_read_as_they_were_written(rules: RuleSet) -> None:
    assert RuleSet.parse(json.loads(json.dumps(rules.json()))) == rules


@given(EXPRESSIONS)
def test_conditions_are_read_as_they_were_written(data: Any) -> None:
    assert expression.to_json(expression.parse(data)) == data


@given(EXPRESSIONS, FACTS)
def test_a_condition_and_its_opposite_are_never_both_so(data: Any, facts: Any) -> None:
    said = closure(expression.parse(data))(facts)
    opposite = closure(expression.parse({"not": data}))(facts)
    assert opposite is (None if said is None else not said)


@given(EXPRESSIONS, FACTS, st.sets(st.sampled_from(sorted(ATTRIBUTES))))
def test_knowing_less_never_turns_an_answer_round(data: Any, facts: Any, forgotten: set[str]) -> None:
    said = closure(expression.parse(data))
    less = said({name: None if name in forgotten else value for name, value in facts.items()})
    assert less is None or less is said(facts)


@given(RULE_SETS, ACTION, FACTS, st.sets(st.sampled_from(sorted(ATTRIBUTES))))
def test_what_is_not_known_is_the_worst_case(
    rules: RuleSet, action: str, facts: Any, forgotten: set[str]
) -> None:
    less = {name: None if name in forgotten else value for name, value in facts.items()}
    assert rules.allows(action, facts) or not rules.allows(action, less)


@given(RULE_SETS, CAVEATS, ACTION, FACTS)
def test_a_further_caveat_never_adds(rules: RuleSet, more: Any, action: str, facts: Any) -> None:
    stricter = RuleSet(rules.agency, (*rules.rules, *more))
    assert rules.allows(action, facts) or not stricter.allows(action, facts)
    assert all(rule in stricter.failing(action, facts) for rule in rules.failing(action, facts))


@given(RULE_SETS, ACTION, FACTS)
def test_who_may_do_anything_may_know(rules: RuleSet, action: str, facts: Any) -> None:
    assert rules.allows("know", facts) or not rules.allows(action, facts)


@given(RULE_SETS, ACTION, FACTS)
def test_the_short_answer_is_the_long_one(rules: RuleSet, action: str, facts: Any) -> None:
    assert rules.allows(action, facts) is rules.decide(action, facts).allowed


PRINCIPALS = st.builds(
    lambda clearance, compartments, skills, roles, agency, partner: replace(
        SOMEBODY, clearance=clearance, compartments=compartments, skills=skills, roles=roles, partner=partner,
        agency_slug=agency,
    ),
    st.sampled_from(Level), st.frozensets(st.sampled_from(["north", "south"])),
    st.frozensets(st.sampled_from(["north", "south"])), st.just(SOMEBODY.roles), st.sampled_from(["north", "south"]),
    st.booleans(),
)  # fmt: skip
TERMS_OF_WORK = st.builds(
    lambda level, compartments, audience, shared, need_to_know, granted: replace(
        TERMS, level=level, compartments=compartments, audience=audience, shared_up_to=shared,
        need_to_know=need_to_know, granted=granted,
    ),
    st.sampled_from(Level), st.frozensets(st.sampled_from(["north", "south"])),
    st.none() | st.frozensets(st.sampled_from(["north", "south"])), st.none() | st.sampled_from(Level),
    st.booleans(), st.booleans(),
)  # fmt: skip
CONTEXTS = st.builds(
    lambda zone, device, factor: Context("web", zone, device, factor=factor),
    st.sampled_from(Zone), st.sampled_from(Device), st.sampled_from(Factor),
)  # fmt: skip


@given(PRINCIPALS, TERMS_OF_WORK, CONTEXTS, RULE_SETS, ACTION)
def test_an_agencys_rule_never_loosens(
    who: Principal, terms: Terms, context: Context, rules: RuleSet, action: str
) -> None:
    alone = decide(action, who, context, terms, Policies())
    together = decide(action, who, context, terms, Policies((rules,)))
    assert alone.allowed or not together.allowed
    assert together.failed[: len(alone.failed)] == alone.failed


@given(PRINCIPALS, TERMS_OF_WORK, RULE_SETS, RULE_SETS, ACTION)
def test_neither_agency_loosens_the_others_rule(
    who: Principal, terms: Terms, mine: RuleSet, theirs: RuleSet, action: str
) -> None:
    both = decide(action, who, AT_WORK, terms, Policies((mine, theirs))).allowed
    for one in (mine, theirs):
        assert decide(action, who, AT_WORK, terms, Policies((one,))).allowed or not both


@given(PRINCIPALS, TERMS_OF_WORK, ACTION, st.sampled_from(Level), st.sampled_from(["north", "south"]))
def test_more_clearance_never_removes(
    who: Principal, terms: Terms, action: str, level: Level, compartment: str
) -> None:
    more = replace(who, clearance=max(who.clearance, level), compartments=who.compartments | {compartment})
    before = {r.code for r in decide(action, who, AT_WORK, terms, Policies()).failed}
    after = {r.code for r in decide(action, more, AT_WORK, terms, Policies()).failed}
    assert after <= before


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(RULE_SETS, st.lists(FACTS, min_size=1, max_size=12), ACTION)
def test_python_sql_and_cedar_agree_on_rules_nobody_thought_of(
    database: Engine, rules: RuleSet, cases: list[Any], action: str
) -> None:
    expected = by_python(rules, action, cases)
    assert by_sql(rules, action, cases) == expected
    assert by_cedar(rules, action, cases) == expected


def test_the_marketplace_can_be_read_as_cedar_and_as_json() -> None:
    assert RuleSet.parse(BASELINE.json(), own_codes=True) == BASELINE
