"""Questions as a form brings them: each kind whole, contradictions refused with the sentence that explains them."""

from __future__ import annotations

import re
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from marshmallow import ValidationError

from security.canonical import canonical_bytes
from tasks.questions import KINDS, MOST_QUESTIONS
from tests.questions import OPTIONS, a_checked, a_form_of, a_question, checked_form


def refused(*questions: dict[str, Any]) -> str:
    with pytest.raises(ValidationError) as error:
        checked_form(a_form_of(*questions))
    return str(error.value.messages)


def test_a_form_may_ask_all_kinds_at_once() -> None:
    form = checked_form(a_form_of(*(a_question(kind) for kind in KINDS)))
    assert [each["kind"] for each in form["questions"]] == list(KINDS)
    assert checked_form(form) == form
    assert canonical_bytes(form)  # no fraction, no date: the same in every language and database


def test_limits_come_as_numbers_and_dates_of_toml_too() -> None:
    assert a_checked("number", min=0.5, decimals=1)["min"] == "0.5"
    assert a_checked("date", earliest=date(2026, 1, 2))["earliest"] == "2026-01-02"


@pytest.mark.parametrize(
    ("kind", "given", "sentence"),
    [
        ("choice", {"options": [OPTIONS[0], OPTIONS[0]]}, "Two options have the same value."),
        ("choice", {"cannot_tell": "east"}, "Must be the value of one of the options."),
        ("choice", {"unit": "kg"}, "There is no such field."),
        ("several", {"min": 3, "max": 2}, "make min no larger than max"),
        ("several", {"max": 4}, "There are not as many options."),
        ("several", {"options": [OPTIONS[0], OPTIONS[0]], "max": None}, "Two options have the same value."),
        ("ranking", {"options": [OPTIONS[0], OPTIONS[0]]}, "Two options have the same value."),
        ("number", {"min": 2, "max": 1}, "The smallest number is larger than the largest one."),
        ("number", {"min": 0.125, "decimals": 2}, "Has more decimals than an answer may have"),
        ("number", {"max": "1e400"}, "Must be a number of at most 15 digits"),
        ("number", {"min": float("nan")}, "Must be a number of at most 15 digits"),
        ("number", {"min": True}, "Must be a number of at most 15 digits"),
        ("date", {"earliest": "2027-04-01"}, "The earliest day is after the latest one."),
        ("date", {"latest": "2027-02-30"}, "Must be a date such as"),
        ("text", {"max_length": 501}, "Must be a whole number from 1 to 500."),
        ("pairwise", {"second": "entry"}, "A comparison needs two fields"),
        ("pairwise", {"second": "picture"}, "There is no such field."),
    ],
)
def test_contradictions_are_refused(kind: str, given: dict[str, Any], sentence: str) -> None:
    assert sentence in refused(a_question("yes_no", name="before"), a_question(kind, **given))


def test_nothing_chosen_is_an_answer_or_the_question_is_optional_not_both() -> None:
    question = a_question("several", min=0, required=False)
    assert "leave out required = false" in refused(a_question("yes_no"), question)


def test_the_first_question_is_answered() -> None:
    assert "The first question must be answered" in refused(a_question("choice", required=False))


def test_two_questions_have_two_names_and_none_is_the_note() -> None:
    assert "Two questions have the same name." in refused(a_question("text"), a_question("date", name="text"))
    assert "choose another name" in refused(a_question("text", name="note"))


@pytest.mark.parametrize("kind", ["colour", None, 1, ["choice"]])
def test_other_kinds_are_refused(kind: Any) -> None:
    assert "Must be one of: choice" in refused({"name": "a", "label": "A", "kind": kind}) or kind is None


@pytest.mark.parametrize("questions", [[], ["choice"], [None], {}, "choice", [[]]])
def test_what_are_no_questions_is_refused(questions: Any) -> None:
    with pytest.raises(ValidationError):
        checked_form(a_form_of() | {"questions": questions})


def test_there_are_not_too_many() -> None:
    assert "Must have 1 to 20 entries." in refused(
        *(a_question("yes_no", name=f"q{number}") for number in range(MOST_QUESTIONS + 1))
    )


def test_the_example_of_the_documentation_is_taken() -> None:
    page = (Path(__file__).parents[3] / "docs" / "campaign-toml.md").read_text(encoding="utf-8")
    blocks = [tomllib.loads(block) for block in re.findall(r"```toml\n(.*?)```", page, re.DOTALL)]
    (asked,) = [block["form"]["questions"] for block in blocks if "name" not in block]
    kinds = [each["kind"] for each in checked_form(a_form_of(*asked))["questions"]]
    assert kinds == ["yes_no", "number", "date"]
    assert all(f"| `{kind}` |" in page for kind in KINDS)
