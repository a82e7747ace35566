"""The lattice: every case that matters, and the smallest one in which two versions differ."""

from __future__ import annotations

import pytest

from security.access.errors import TooManyCases
from security.access.lattice import OTHER, SOME, cases, smallest_difference
from tests.security.access.rule_sets import OF_AN_AGENCY, a_rule, rule_set

NOTHING = rule_set()


def test_every_combination_is_there_once() -> None:
    found = [tuple(case.values()) for case in cases(["context.zone", "principal.partner"])]
    assert len(found) == len(set(found)) == 4 * 2


def test_everything_may_also_be_unknown() -> None:
    assert len(list(cases(["context.zone", "principal.partner"], unknown=True))) == 5 * 3


def test_evidence_may_be_missing_in_any_case() -> None:
    found = [case["context.minutes_since_sign_in"] for case in cases(["context.minutes_since_sign_in"])]
    assert found == [0, None]


def test_numbers_matter_where_rules_name_them_and_just_beside() -> None:
    found = cases(["context.minutes_since_sign_in"], named={"minutes": frozenset({15})})
    assert [case["context.minutes_since_sign_in"] for case in found] == [0, 15, 16, None]


class TestSmallestDifference:
    @pytest.mark.parametrize("action", ["claim", "open"])
    def test_a_new_rule_takes_away(self, action: str) -> None:
        found = smallest_difference(NOTHING, rule_set(a_rule()), action)
        assert found == ({"context.zone": "vpn"}, "lost")

    def test_a_rule_that_goes_gives_back(self) -> None:
        assert smallest_difference(rule_set(a_rule()), NOTHING, "claim") == (
            {"context.zone": "vpn"},
            "gained",
        )

    def test_other_actions_do_not_differ(self) -> None:
        assert smallest_difference(NOTHING, rule_set(a_rule()), "results") is None

    def test_two_ways_to_say_the_same_do_not_differ(self) -> None:
        other = a_rule(must={"not": {"at_most": ["context.zone", "vpn"]}})
        assert smallest_difference(rule_set(a_rule()), rule_set(other), "claim") is None

    def test_only_what_matters_is_told(self) -> None:
        changed = rule_set(*(rule for rule in OF_AN_AGENCY.json()["rules"] if rule["id"] != "no-partners"))
        case, how = smallest_difference(OF_AN_AGENCY, changed, "know") or ({}, "")
        assert how == "gained"
        assert set(case) == {"principal.partner", "resource.level"}

    def test_a_limit_that_moves_differs_between_the_two(self) -> None:
        old, new = (
            rule_set(a_rule(must={"at_most": ["context.minutes_since_sign_in", most]})) for most in (15, 30)
        )
        assert smallest_difference(old, new, "claim") == ({"context.minutes_since_sign_in": 16}, "gained")

    def test_attributes_that_are_compared_can_be_alike_or_not(self) -> None:
        own = rule_set(a_rule(must={"is": ["principal.agency", {"attr": "resource.agency"}]}))
        case, how = smallest_difference(NOTHING, own, "claim") or ({}, "")
        assert (set(case.values()), how) == ({SOME, OTHER}, "lost")

    def test_what_speaks_of_too_much_at_once_says_so(self) -> None:
        words = ["a", "b", "c"]
        many = [
            {"one_of": [name, words]} for name in ("principal.agency", "resource.agency")
        ] + [
            {"has_all": [name, words]}
            for name in (
                "principal.compartments", "principal.skills", "resource.compartments", "resource.skills",
                "resource.audience",
            )
        ]  # fmt: skip
        same = rule_set(a_rule(must={"all": many}))
        twice = rule_set(a_rule(must={"all": list(reversed(many))}))
        with pytest.raises(TooManyCases):
            smallest_difference(same, twice, "claim")
