"""A day of the calendar: "2027-03-31"."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from typing import Any

from marshmallow import ValidationError, validates_schema
from marshmallow import fields as kinds

from tasks.consensus import Answer, Inference
from tasks.consensus.median import RULE, median
from tasks.questions.kind import Kind, Question, QuestionSpec, Unfit, Value, as_written, named, none_listed

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class DayText(kinds.Field[str]):
    """A limit: a date of TOML, or YYYY-MM-DD as text. Kept as text."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        given = value.isoformat() if type(value) is datetime.date else value
        if not is_day(given):
            raise ValidationError("Must be a date such as 2027-03-31.")
        return str(given)


class DateSpec(QuestionSpec):
    """A day from `earliest` to `latest`, both included."""

    kind = named("date")
    earliest = DayText(load_default=None, allow_none=True)
    latest = DayText(load_default=None, allow_none=True)

    @validates_schema
    def _limits_agree(self, data: dict[str, Any], **_: Any) -> None:
        if None not in (data["earliest"], data["latest"]) and data["earliest"] > data["latest"]:
            raise ValidationError("The earliest day is after the latest one.", "earliest")


def is_day(given: Any) -> bool:
    """Whether it is a text YYYY-MM-DD and the calendar has that day."""
    if not isinstance(given, str) or not _DAY.fullmatch(given):
        return False
    try:
        datetime.date.fromisoformat(given)
    except ValueError:
        return False
    return True


def _check(question: Question, given: Any) -> Value:
    if not is_day(given):
        raise Unfit("not_a_date", "Must be a date such as 2027-03-31.")
    if question["earliest"] is not None and given < question["earliest"]:
        raise Unfit("too_early", f"Must not be before {question['earliest']}.")
    if question["latest"] is not None and given > question["latest"]:
        raise Unfit("too_late", f"Must not be after {question['latest']}.")
    return str(given)


def _infer(_: Question, answers: Sequence[Answer]) -> Inference:
    return median(answers, datetime.date.fromisoformat)


DATE = Kind(
    DateSpec, _check, ("missing_date", "not_a_date", "too_early", "too_late"), _infer, RULE, as_written, none_listed
)  # fmt: skip
