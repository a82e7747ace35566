"""Several of the options, from `min` to `max` of them. Kept in the order in which the form lists them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from marshmallow import ValidationError, validates_schema
from marshmallow import fields as kinds

from marketplace.foundation.input import Whole, entries
from tasks.consensus import Answer, Inference
from tasks.consensus.more_than_half import RULE, more_than_half
from tasks.questions.kind import Kind, OptionSpec, Question, QuestionSpec, Unfit, Value, differ, listed, named

MOST_OPTIONS = 30


class SeveralSpec(QuestionSpec):
    """How many of which options. With `min` 0, none of them is an answer too."""

    kind = named("several")
    options = kinds.List(kinds.Nested(OptionSpec), required=True, validate=entries(2, MOST_OPTIONS))
    min = Whole(0, MOST_OPTIONS, load_default=1)
    max = Whole(1, MOST_OPTIONS, load_default=None, allow_none=True)

    @validates_schema
    def _settings_agree(self, data: dict[str, Any], **_: Any) -> None:
        differ(data["options"])
        most = len(data["options"]) if data["max"] is None else data["max"]
        if most > len(data["options"]):
            raise ValidationError("There are not as many options.", "max")
        if data["min"] > most:
            raise ValidationError("At least more options than at most: make min no larger than max.", "min")
        if data["min"] == 0 and not data["required"]:
            raise ValidationError(
                "With min = 0, choosing nothing is an answer already: leave out required = false.", "required"
            )


def most_of(question: Question) -> int:
    """How many options may be chosen."""
    return int(question["max"] or len(question["options"]))


def _check(question: Question, given: Any) -> Value:
    options = listed(question)
    if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
        raise Unfit("not_an_option", "Must be a list of values of the options.")
    if not set(given) <= set(options) or len(set(given)) != len(given):
        raise Unfit("not_an_option", "Must name options of this question, each once.")
    if len(given) < question["min"]:
        raise Unfit("too_few", f"Must name at least {question['min']} of the options.")
    if len(given) > most_of(question):
        raise Unfit("too_many", f"Must name at most {most_of(question)} of the options.")
    return [value for value in options if value in given]


def _infer(question: Question, answers: Sequence[Answer]) -> Inference:
    return more_than_half(answers, list(listed(question)))


def _label(question: Question, value: Value) -> str:
    options = listed(question)
    return "; ".join(options.get(each, each) for each in value)


SEVERAL = Kind(
    SeveralSpec, _check, ("missing_several", "not_an_option", "too_few", "too_many"), _infer, RULE, _label, listed
)  # fmt: skip
