"""Rules: read with every fault at once, asked about the right actions, told with reason and remedy."""

from __future__ import annotations

from typing import Any

import pytest

from security.access.errors import InvalidRules
from security.access.rules import RuleSet
from security.decision import Reason
from tests.security.access.rule_sets import a_rule, body, rule_set

AT_HOME = {"context.zone": "home"}


def errors_of(data: Any) -> dict[str, list[str]]:
    with pytest.raises(InvalidRules) as refused:
        RuleSet.parse(data)
    found: dict[str, list[str]] = refused.value.facts["errors"]
    return found


class TestReading:
    def test_what_is_written_is_what_was_read(self) -> None:
        written = body(
            a_rule(
                when={"at_least": ["resource.level", "restricted"]},
                reason={"de": "Nur im Amt.", "en": "Only from the office."},
                examples=[
                    {"case": {"context.zone": "office", "principal.skills": ["a"]}, "allowed": True, "why": "So."}
                ],
            )
        )  # fmt: skip
        assert RuleSet.parse(written).json() == written

    def test_every_fault_is_named_at_once(self) -> None:
        bad = [
            a_rule("NOT AN ID"),
            a_rule("two", does=["fly"]),
            a_rule("three", reason={"de": "Nur im Amt."}),
            a_rule("four", remedy="pray"),
            a_rule("five", must={"is": ["context.zone", "mars"]}),
            a_rule("six", colour="red"),
        ]
        found = errors_of(body(*bad))
        assert [place.partition(".")[0] for place in found] == [f"rules[{n}]" for n in range(6)]

    @pytest.mark.parametrize(
        "data", [None, [], {}, {"format": "2", "agency": "x", "rules": []}, {"rules": {}}]
    )
    def test_what_is_no_rule_set(self, data: Any) -> None:
        assert errors_of(data)

    def test_two_rules_of_one_name(self) -> None:
        assert "rules[1].id" in errors_of(body(a_rule("same"), a_rule("same")))

    def test_an_agency_cannot_borrow_the_marketplaces_codes(self) -> None:
        assert errors_of(body(a_rule(code="clearance")))

    @pytest.mark.parametrize("text", ["", "   ", "two\nlines", "x" * 401, 7, "\x00"])
    def test_a_reason_is_one_line_of_text(self, text: Any) -> None:
        assert "rules[0].reason.en" in errors_of(body(a_rule(reason={"en": text})))

    @pytest.mark.parametrize(
        "case",
        [
            {"context.mood": "good"},
            {"context.zone": "mars"},
            {"principal.skills": "law"},
            {"principal.partner": 1},
        ],
    )
    def test_an_example_that_cannot_be(self, case: Any) -> None:
        assert errors_of(body(a_rule(examples=[{"case": case, "allowed": True, "why": "x"}])))


class TestDeciding:
    def test_every_rule_that_fails_is_told_in_order(self) -> None:
        rules = rule_set(a_rule("one"), a_rule("two", must=True), a_rule("three", must=False))
        assert [reason.args["rule"] for reason in rules.decide("claim", AT_HOME).failed] == ["one", "three"]

    def test_a_refusal_tells_whose_rule_it_is_and_what_would_help(self) -> None:
        rules = rule_set(a_rule(reason={"en": "Only from the office.", "nl": "Alleen op kantoor."}))
        assert rules.decide("claim", AT_HOME).failed == (
            Reason(
                "agency_rule",
                {
                    "agency": "north",
                    "rule": "office-only",
                    "text_en": "Only from the office.",
                    "text_nl": "Alleen op kantoor.",
                },
                "use_office_network",
            ),
        )

    def test_a_rule_speaks_of_its_actions_only(self) -> None:
        rules = rule_set(a_rule(does=["claim"]))
        assert rules.allows("open", AT_HOME)
        assert not rules.allows("claim", AT_HOME)

    def test_nobody_does_what_they_may_not_know(self) -> None:
        rules = rule_set(a_rule(does=["know"]))
        assert not any(
            rules.allows(action, AT_HOME) for action in ("know", "claim", "open", "results", "export")
        )

    def test_nobody_exports_what_they_may_not_read(self) -> None:
        assert not rule_set(a_rule(does=["results"])).allows("export", AT_HOME)

    def test_a_condition_that_cannot_be_known_applies(self) -> None:
        rules = rule_set(a_rule(when={"is": ["principal.partner", True]}))
        assert not rules.allows("claim", AT_HOME)
        assert rules.allows("claim", AT_HOME | {"principal.partner": False})

    def test_a_demand_that_cannot_be_known_fails(self) -> None:
        assert not rule_set(a_rule()).allows("claim", {})
        assert not rule_set(a_rule(must={"not": {"is": ["context.zone", "home"]}})).allows("claim", {})
