"""Decisions: every failed rule is kept, and nothing mistakes a refusal for a yes."""

import pytest

from marketplace.foundation.errors import Refused
from security.decision import ALLOWED, Decision, Reason, refused


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
