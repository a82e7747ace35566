"""Answers to questions of every kind: what fits, what does not and why, and that what was kept stays as it is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from security.canonical import canonical_bytes
from tasks.errors import BadAnswer
from tasks.form import checked
from tasks.questions import KINDS, Unfit, kind_of
from tests.questions import ANSWERS, FITTING, UNFIT, a_checked, a_form_of, a_question, checked_form

unhurried = settings(deadline=None, max_examples=60)
anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.sampled_from(["yes", "1.50", "2024-02-29"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


def check(question: Any, value: Any) -> Any:
    return kind_of(question).check(question, value)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_takes_its_own_answers(kind: str) -> None:
    assert check(a_checked(kind), ANSWERS[kind]) == ANSWERS[kind]


@pytest.mark.parametrize(("kind", "fault"), [(kind, fault) for kind in UNFIT for fault in UNFIT[kind]])
def test_what_does_not_fit_is_told_by_its_code(kind: str, fault: str) -> None:
    with pytest.raises(Unfit) as refused:
        check(a_checked(kind), UNFIT[kind][fault])
    assert refused.value.code == fault
    assert refused.value.sentence.endswith(".")


@pytest.mark.parametrize("kind", KINDS)
def test_every_fault_of_a_kind_is_tried_above(kind: str) -> None:
    missing, *others = KINDS[kind].faults
    assert missing.startswith("missing_")
    assert set(others) == set(UNFIT[kind])


@pytest.mark.parametrize("kind", KINDS)
@unhurried
@given(data=st.data())
def test_what_is_kept_is_stable_and_the_same_after_a_way_through_json(kind: str, data: st.DataObject) -> None:
    question = a_checked(kind)
    kept = check(question, data.draw(FITTING[kind]))
    assert check(question, kept) == kept
    assert json.loads(canonical_bytes({"answer": kept}))["answer"] == kept


@pytest.mark.parametrize("kind", KINDS)
@unhurried
@given(value=anything)
def test_nothing_that_is_sent_breaks_a_check(kind: str, value: Any) -> None:
    fault, kept = None, None
    try:
        kept = check(a_checked(kind), value)
    except Unfit as unfit:
        fault = unfit.code
    assert fault in KINDS[kind].faults or check(a_checked(kind), kept) == kept


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("007.50", "7.5"),
        ("-0.00", "0"),
        ("12.", None),
        ("1,5", None),
        ("+1", None),
        (" 1", None),
        ("0.5", "0.5"),
    ],
)
def test_a_number_has_one_spelling(typed: str, kept: str | None) -> None:
    question = a_checked("number")
    if kept is None:
        with pytest.raises(Unfit):
            check(question, typed)
    else:
        assert check(question, typed) == kept


def test_several_are_kept_in_the_order_of_the_form() -> None:
    assert check(a_checked("several"), ["west", "north"]) == ["north", "west"]


def test_text_is_kept_without_what_nobody_sees() -> None:
    assert check(a_checked("text"), "  a \n gull ") == "a gull"
    assert check(a_checked("long_text"), " a \r\n gull \n") == "a \n gull"


class TestAForm:
    form = checked_form(
        a_form_of(a_question("choice"), a_question("several"), a_question("number", required=False))
    )

    def test_keeps_one_value_per_question(self) -> None:
        answer = {"choice": "south", "several": ["north"], "number": "1.0", "note": " So it seems. "}
        assert checked(self.form, answer) == answer | {"number": "1", "note": "So it seems."}

    def test_lets_optional_questions_stay_unanswered(self) -> None:
        assert checked(self.form, {"choice": "south", "several": ["north"], "number": ""}) == {
            "choice": "south", "several": ["north"],
        }  # fmt: skip

    def test_names_every_place_with_a_sentence_and_a_code(self) -> None:
        with pytest.raises(BadAnswer) as refused:
            checked(self.form, {"several": [], "number": "many", "colour": "red", "note": 1})
        assert refused.value.facts["codes"] == {
            "colour": "unknown", "choice": "missing_choice", "several": "too_few", "number": "not_a_number",
            "note": "note",
        }  # fmt: skip
        assert set(refused.value.facts["errors"]) == set(refused.value.facts["codes"])


def test_a_choice_from_before_there_were_kinds_is_asked_as_it_was() -> None:
    old = {
        "questions": [
            {"name": "kind", "kind": "choice", "label": "?", "options": [{"value": "bird", "label": "A bird"}],
             "cannot_tell": None}
        ],
        "note": False,
    }  # fmt: skip
    assert checked(old, {"kind": "bird"}) == {"kind": "bird"}
    with pytest.raises(BadAnswer):
        checked(old, {})
