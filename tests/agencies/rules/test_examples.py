"""A rule's own examples: what its author says about a case must be what the rule says."""

from __future__ import annotations

from typing import Any

from agencies.rules import examples
from tests.security.access.rule_sets import a_rule, rule_set


def an_example(zone: str, allowed: bool) -> dict[str, Any]:
    return {"case": {"context.zone": zone}, "allowed": allowed, "why": "So it is meant."}


def test_that_agree_say_nothing() -> None:
    rules = rule_set(a_rule(examples=[an_example("office", True), an_example("home", False)]))
    assert [each.agrees for each in examples.checked(rules)] == [True, True]
    assert examples.faults(rules) == {}


def test_that_disagree_are_named_with_what_the_rule_says() -> None:
    home_and_office = [an_example("office", True), an_example("home", True), an_example("public", False)]
    rules = rule_set(a_rule("first", examples=home_and_office[::2]), a_rule(examples=home_and_office))
    assert examples.faults(rules) == {"office-only.examples[1]": ["The rule does not allow this."]}


def test_both_sides_are_wanted() -> None:
    rules = rule_set(a_rule(examples=[an_example("office", True)]))
    assert list(examples.faults(rules)) == ["office-only.examples"]
