"""Conditions: what is read, what is refused and where, and the three answers."""

from __future__ import annotations

from typing import Any

import pytest

from security.access import expression
from security.access.compiling import closure
from security.access.errors import InvalidRules
from security.access.expression import DEEPEST, parse

OFFICE = {"is": ["context.zone", "office"]}
PARTNER = {"is": ["principal.partner", True]}


def said(data: Any, **facts: Any) -> bool | None:
    return closure(parse(data))({name.replace("__", "."): value for name, value in facts.items()})


@pytest.mark.parametrize(
    ("data", "value", "answer"),
    [
        (OFFICE, "office", True),
        (OFFICE, "home", False),
        ({"at_least": ["context.zone", "vpn"]}, "office", True),
        ({"at_least": ["context.zone", "vpn"]}, "home", False),
        ({"at_most": ["context.zone", "home"]}, "public", True),
        ({"one_of": ["context.zone", ["vpn", "office"]]}, "vpn", True),
        ({"one_of": ["context.zone", ["vpn", "office"]]}, "public", False),
    ],
)
def test_questions_about_an_ordered_word(data: Any, value: str, answer: bool) -> None:
    assert said(data, context__zone=value) is answer
    assert said(data) is None


@pytest.mark.parametrize(("minutes", "answer"), [(0, True), (15, True), (16, False)])
def test_questions_about_a_number(minutes: int, answer: bool) -> None:
    assert (
        said({"at_most": ["context.minutes_since_sign_in", 15]}, context__minutes_since_sign_in=minutes)
        is answer
    )


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        ({"has": ["principal.skills", "law"]}, True),
        ({"has": ["principal.skills", "maths"]}, False),
        ({"has_all": ["principal.skills", ["law", "dutch"]]}, True),
        ({"has_all": ["principal.skills", ["law", "maths"]]}, False),
        ({"has_all": ["principal.skills", {"attr": "resource.skills"}]}, True),
        ({"has_all": ["resource.skills", {"attr": "principal.skills"}]}, False),
    ],
)
def test_questions_about_a_set(data: Any, answer: bool) -> None:
    facts = {"principal__skills": frozenset({"law", "dutch"}), "resource__skills": frozenset({"law"})}
    assert said(data, **facts) is answer


@pytest.mark.parametrize(
    ("left", "right", "all_", "any_"),
    [
        (True, True, True, True),
        (True, False, False, True),
        (False, False, False, False),
        (True, None, None, True),
        (False, None, False, None),
        (None, None, None, None),
    ],
)
def test_all_and_any_of_what_is_known_and_not(
    left: bool | None, right: bool | None, all_: bool | None, any_: bool | None
) -> None:
    granted = {"is": ["resource.granted", True]}
    for first, second in ((PARTNER, granted), (granted, PARTNER)):
        facts = {"principal__partner": left, "resource__granted": right}
        assert said({"all": [first, second]}, **facts) is all_
        assert said({"any": [first, second]}, **facts) is any_


def test_levels_of_different_attributes_are_compared_by_rank() -> None:
    asked = {"at_least": ["resource.shared_up_to", {"attr": "resource.level"}]}
    assert said(asked, resource__shared_up_to="none", resource__level="public") is False
    assert said(asked, resource__shared_up_to="internal", resource__level="internal") is True


def test_the_attributes_that_a_condition_speaks_of() -> None:
    asked = parse({"all": [OFFICE, {"not": {"has": ["resource.audience", {"attr": "principal.agency"}]}}]})
    assert expression.names(asked) == {"context.zone", "resource.audience", "principal.agency"}


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (None, "must"),
        ("office", "must"),
        ({}, "must"),
        ({"is": OFFICE, "not": OFFICE}, "must"),
        ({"unless": OFFICE}, "must"),
        ({"all": []}, "must.all"),
        ({"all": [OFFICE] * 41}, "must.all"),
        ({"any": [OFFICE, {"is": ["context.mood", "good"]}]}, "must.any[1].is"),
        ({"is": ["context.zone", "mars"]}, "must.is"),
        ({"is": ["context.zone", True]}, "must.is"),
        ({"is": ["principal.partner", "yes"]}, "must.is"),
        ({"is": ["principal.partner", 1]}, "must.is"),
        ({"is": ["principal.person", "6b1c1f0e-0000-4000-8000-000000000000"]}, "must.is"),
        ({"is": ["principal.roles", "contributor"]}, "must.is"),
        ({"has": ["principal.roles", "king"]}, "must.has"),
        ({"has_all": ["principal.skills", []]}, "must.has_all"),
        ({"has": ["principal.skills", {"attr": "principal.agency"}]}, "must.has"),
        ({"at_least": ["context.zone", {"attr": "resource.level"}]}, "must.at_least"),
        ({"at_most": ["context.minutes_since_sign_in", -1]}, "must.at_most"),
        ({"at_most": ["context.minutes_since_sign_in", True]}, "must.at_most"),
        ({"at_most": ["context.minutes_since_sign_in", 1.5]}, "must.at_most"),
        ({"one_of": ["context.zone", {"attr": "context.zone"}]}, "must.one_of"),
        ({"is": ["principal.agency", "a\x00b"]}, "must.is"),
        ({"is": ["principal.agency", "x" * 61]}, "must.is"),
        ({"is": ["principal.agency"]}, "must.is"),
        ({"is": [["principal.agency"], "x"]}, "must.is"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_place(data: Any, place: str) -> None:
    with pytest.raises(InvalidRules) as refused:
        parse(data, "must")
    ((where, sentences),) = refused.value.facts["errors"].items()
    assert where.startswith(place)
    assert sentences[0].endswith(".")


def test_conditions_stand_only_so_deep_in_each_other() -> None:
    data: Any = OFFICE
    for _ in range(DEEPEST - 1):
        data = {"not": data}
    parse(data)
    with pytest.raises(InvalidRules):
        parse({"not": data})
