"""Decisions: every failed rule is kept, and nothing mistakes a refusal for a yes."""

from typing import Any

import pytest

from marketplace.foundation.errors import Refused
from security.decision import ALLOWED, Decision, Reason, Rule, all_of, refused, rule


def has(name: str) -> Rule[Any]:
    return rule(lambda facts: name in facts, f"needs_{name}", f"get_{name}")


class TestAllOf:
    def test_reports_every_rule_that_failed_in_order(self) -> None:
        asked = all_of(has("a"), has("b"), has("c"))({"b"})
        assert [(reason.code, reason.remedy) for reason in asked.failed] == [
            ("needs_a", "get_a"),
            ("needs_c", "get_c"),
        ]

    def test_allows_where_all_hold(self) -> None:
        assert all_of(has("a"), has("b"))({"a", "b"}).allowed

    def test_without_rules_allows(self) -> None:
        nothing: Rule[Any] = all_of()
        assert nothing(None) == ALLOWED

    def test_nests(self) -> None:
        inner = all_of(has("b"), has("c"))
        failed = all_of(has("a"), inner)(set()).failed
        assert [reason.code for reason in failed] == ["needs_a", "needs_b", "needs_c"]

    def test_a_rule_that_breaks_is_not_taken_for_a_yes(self) -> None:
        breaks: Rule[Any] = rule(lambda facts: facts["absent"], "never")
        with pytest.raises(KeyError):
            all_of(breaks)({})


class TestDecision:
    def test_refused_carries_facts_and_remedy(self) -> None:
        decision = refused("clearance_too_low", remedy="ask_admin", level="sensitive")
        assert decision.failed == (Reason("clearance_too_low", {"level": "sensitive"}, "ask_admin"),)
        assert not decision.allowed

    def test_and_keeps_both_sides(self) -> None:
        both = refused("a") & ALLOWED & refused("b")
        assert [reason.code for reason in both.failed] == ["a", "b"]

    def test_has_no_truth_value(self) -> None:
        with pytest.raises(TypeError):
            bool(Decision())

    def test_or_raise_hands_reasons_and_facts_to_the_error(self) -> None:
        with pytest.raises(Refused) as refusal:
            refused("a").or_raise(Refused, campaign="c1")
        assert refusal.value.facts == {"reasons": (Reason("a"),), "campaign": "c1"}

    def test_or_raise_is_silent_when_allowed(self) -> None:
        ALLOWED.or_raise(Refused)
