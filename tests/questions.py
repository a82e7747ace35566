"""A question of every kind, and what answers it, for tests."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from hypothesis import strategies as st

from tasks.form import FormSpec

OPTIONS = [
    {"value": "north", "label": "In the north"},
    {"value": "south", "label": "In the south"},
    {"value": "west", "label": "In the west"},
]
FIELDS = [
    {"name": "entry", "label": "Entry", "lead": True, "required": True},
    {"name": "other", "label": "Other entry"},
]
SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "choice": {"options": OPTIONS, "cannot_tell": "west"},
    "yes_no": {"cannot_tell": True},
    "several": {"options": OPTIONS, "min": 1, "max": 2},
    "number": {"unit": "kg", "min": -5, "max": 1000.5, "decimals": 2},
    "text": {"max_length": 40},
    "long_text": {"max_length": 400},
    "date": {"earliest": "2020-02-01", "latest": "2027-03-31"},
    "ranking": {"options": OPTIONS},
    "pairwise": {"first": "entry", "second": "other"},
}
ANSWERS: Mapping[str, Any] = {
    "choice": "south",
    "yes_no": "no",
    "several": ["north", "west"],
    "number": "12.5",
    "text": "A gull",
    "long_text": "A gull.\nSeen twice.",
    "date": "2024-02-29",
    "ranking": ["west", "north", "south"],
    "pairwise": "second",
}
UNFIT: Mapping[str, Mapping[str, Any]] = {
    "choice": {"not_an_option": "east"},
    "yes_no": {"not_an_option": "maybe"},
    "several": {"not_an_option": ["east"], "too_few": [], "too_many": ["north", "south", "west"]},
    "number": {"not_a_number": "1e3", "decimals": "1.125", "too_small": "-5.01", "too_large": "1000.51"},
    "text": {"not_storable": "a\0b", "too_long": "x" * 41},
    "long_text": {"not_storable": "a\ud800b", "too_long": "x" * 401},
    "date": {"not_a_date": "2023-02-29", "too_early": "2020-01-31", "too_late": "2027-04-01"},
    "ranking": {"not_a_ranking": ["west", "north", "north"]},
    "pairwise": {"not_an_option": "both"},
}
"""An answer for every fault but that nothing was given."""
ORDER = [option["value"] for option in OPTIONS]
DIGITS = st.decimals(min_value=-5, max_value=1000, places=2).map(lambda number: format(number, "f"))
LINE = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=12).filter(str.strip)
FITTING: Mapping[str, st.SearchStrategy[Any]] = {
    "choice": st.sampled_from(ORDER),
    "yes_no": st.sampled_from(["yes", "no", "cannot_tell"]),
    "several": st.lists(st.sampled_from(ORDER), min_size=1, max_size=2, unique=True),
    "number": DIGITS,
    "text": LINE,
    "long_text": st.lists(LINE, min_size=1, max_size=3).map("\r\n".join),
    "date": st.dates(date(2020, 2, 1), date(2027, 3, 31)).map(str)
    | st.sampled_from(["2020-02-01", "2027-03-31", "2024-02-29"]),
    "ranking": st.permutations(ORDER),
    "pairwise": st.sampled_from(["first", "second", "same"]),
}
"""Answers that fit, though perhaps not in the form in which they are kept."""


def a_question(kind: str, **given: Any) -> dict[str, Any]:
    """The settings of a question, as a form brings them."""
    return {"name": kind, "kind": kind, "label": f"What about {kind}?", **SETTINGS[kind], **given}


def a_form_of(*questions: Mapping[str, Any], **given: Any) -> dict[str, Any]:
    """A form as it comes in."""
    return {"questions": [dict(each) for each in questions], "fields": FIELDS, "note": True} | given


def a_checked(kind: str, **given: Any) -> dict[str, Any]:
    """A question as a form holds it."""
    return checked_form(a_form_of(a_question(kind, **given)))["questions"][0]


def checked_form(form: Mapping[str, Any]) -> dict[str, Any]:
    """A form as campaigns hold it. Raises ValidationError."""
    loaded: dict[str, Any] = FormSpec().load(form)
    return loaded
