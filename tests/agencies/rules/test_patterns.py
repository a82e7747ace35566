"""What a form can ask becomes a rule, and is recognised again; examples are tried; versions are compared."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agencies.rules import comparing, examples, patterns, preview
from agencies.rules.patterns import PATTERNS, Pattern, Scope
from security.access.documents import case_json
from security.access.rule import Rule
from security.access.rules import RuleSet

KINDS: dict[str, st.SearchStrategy[list[str]]] = {
    "agencies": st.lists(st.sampled_from(["north", "south", "west"]), min_size=1, unique=True),
    "word": st.lists(st.from_regex(r"[a-z]{1,20}", fullmatch=True), min_size=1, max_size=1),
    "minutes": st.integers(1, patterns.LONGEST_MINUTES).map(lambda number: [str(number)]),
    "nothing": st.just([]),
}


def values_of(pattern: Pattern) -> st.SearchStrategy[list[str]]:
    """What a form of this pattern can send."""
    if pattern.kind in KINDS:
        return KINDS[pattern.kind]
    most = 1 if pattern.kind == "one" else len(pattern.options)
    return st.lists(st.sampled_from(pattern.options), min_size=1, max_size=most, unique=True)


def rules(*given: dict[str, Any], agency: str = "north") -> RuleSet:
    return RuleSet.parse({"format": "marketplace-rules-1", "agency": agency, "rules": list(given)})


def a_rule(must: Any, when: Any = True, **given: Any) -> dict[str, Any]:
    return {
        "id": "one",
        "does": ["claim"],
        "when": when,
        "must": must,
        "reason": {"en": "So that it is safe."},
        "remedy": "ask_owner",
    } | given


def only(must: Any, when: Any = True, **given: Any) -> Rule:
    return rules(a_rule(must, when, **given)).rules[0]


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.name)
@given(data=st.data())
def test_what_a_form_makes_is_a_rule_and_is_recognised_again(pattern: Pattern, data: st.DataObject) -> None:
    values = data.draw(values_of(pattern))
    scope = Scope(data.draw(st.sampled_from(patterns.LEVELS)), data.draw(st.sampled_from(patterns.WHOM)))
    written = rules(a_rule(pattern.make(values), patterns.when(scope, "north"))).json()["rules"][0]
    found = patterns.recognised(written["must"])
    assert found is not None
    assert (found.pattern, found.values) == (pattern, values)
    assert patterns.scope_of(written.get("when", True), "north") == scope


@pytest.mark.parametrize(
    "must",
    [
        True,
        {"all": [{"is": ["context.zone", "office"]}, {"is": ["context.device", "managed"]}]},
        {"is": ["principal.partner", True]},
        {"any": [{"has": ["principal.roles", "operator"]}, {"is": ["context.zone", "office"]}]},
        {"at_least": ["principal.clearance", {"attr": "resource.level"}]},
        {"one_of": ["context.channel", ["web", "job"]]},
    ],
)
def test_what_no_form_can_say_is_not_recognised(must: Any) -> None:
    rules(a_rule(must))
    assert patterns.recognised(must) is None


def test_a_scope_of_another_agency_is_not_ours() -> None:
    assert patterns.scope_of(patterns.when(Scope(whom="our_tasks"), "south"), "north") is None


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.name)
@given(data=st.data())
def test_suggested_examples_agree_with_their_rule(pattern: Pattern, data: st.DataObject) -> None:
    rule = only(pattern.make(data.draw(values_of(pattern))), patterns.when(Scope("sensitive"), "north"))
    for allowed in (True, False):
        case = examples.suggested(rule, allowed)
        if case is None:
            continue
        tried = only(
            pattern.make(pattern.read(patterns_json(rule)) or []),
            patterns.when(Scope("sensitive"), "north"),
            examples=[{"case": case_json(case), "allowed": allowed, "why": "So."}],
        )
        assert [each.agrees for each in examples.of_rule(tried)] == [True]


def patterns_json(rule: Rule) -> Any:
    return RuleSet("north", (rule,)).json()["rules"][0]["must"]


def test_a_suggestion_is_one_that_the_rule_is_asked_about() -> None:
    rule = only({"is": ["context.zone", "office"]}, {"at_least": ["resource.level", "restricted"]})
    assert examples.suggested(rule, True) == {"context.zone": "office", "resource.level": "restricted"}
    refused = examples.suggested(rule, False)
    assert refused is not None
    assert refused["resource.level"] == "restricted"


def test_a_rule_that_never_stops_anybody_has_no_suggestion_of_what_may_not_be() -> None:
    assert examples.suggested(only(True), False) is None


def test_comparing_names_what_came_went_and_changed() -> None:
    old = {"rules": [a_rule(True, id="a"), a_rule(True, id="b"), a_rule(True, id="c")]}
    new = {"rules": [a_rule(True, id="b"), a_rule(False, id="c", does=["know"]), a_rule(True, id="d")]}
    found = comparing.differences(old, new)
    assert [(each.kind, each.rule_id, each.parts) for each in found] == [
        ("removed", "a", ()),
        ("added", "d", ()),
        ("changed", "c", ("does", "must")),
    ]


def test_what_is_left_out_is_no_difference() -> None:
    bare = {name: value for name, value in a_rule(False).items() if name != "when"}
    assert comparing.differences({"rules": [bare]}, {"rules": [a_rule(False, examples=[])]}) == []


OFFICE, ANYWHERE = {"is": ["context.zone", "office"]}, True


def test_the_smallest_case_that_is_lost_is_found() -> None:
    lost = preview.changes(rules(), rules(a_rule(OFFICE)))
    assert [(each.action, each.case, each.way) for each in lost] == [
        ("claim", {"context.zone": "vpn"}, "lost")
    ]


def test_the_smallest_case_that_is_gained_is_found() -> None:
    gained = preview.changes(rules(a_rule(OFFICE)), rules())
    assert [each.way for each in gained] == ["gained"]


def test_a_rule_that_others_already_say_changes_nothing() -> None:
    both = rules(a_rule(OFFICE), a_rule({"one_of": ["context.zone", ["office", "vpn"]]}, id="two"))
    assert preview.changes(rules(a_rule(OFFICE)), both) == []


def test_other_words_change_nothing() -> None:
    other = a_rule(OFFICE, reason={"en": "Said otherwise."}, remedy="use_vpn")
    assert preview.changes(rules(a_rule(OFFICE)), rules(other)) == []


def test_too_many_cases_are_said_to_be_too_many() -> None:
    words = [f"group-{number}" for number in range(3)]
    parts: list[Any] = [{"has": [f"{one}.{many}", word]} for one in ("principal", "resource")
                        for many in ("compartments", "skills") for word in words]  # fmt: skip
    parts += [{"at_least": [name, "enrolled"]} for name in ("context.device",)]
    parts += [{"at_most": ["context.minutes_since_sign_in", 5]}, {"is": ["context.zone", "office"]}]
    parts += [{"is": ["resource.level", "public"]}, {"is": ["principal.clearance", "public"]}]
    found = preview.changes(rules(), rules(a_rule({"any": parts})))
    assert [(each.action, each.case, each.way) for each in found] == [("claim", None, None)]
