"""A number, kept as its decimal digits: "12.5". No exponent, no sign "+", no thousands."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from marshmallow import ValidationError, validates_schema
from marshmallow import fields as kinds

from marketplace.foundation.input import Text, Whole
from tasks.consensus import Answer, Inference
from tasks.consensus.median import RULE, median
from tasks.questions.kind import Kind, Question, QuestionSpec, Unfit, Value, named, none_listed

MOST_DECIMALS = 6
_DECIMAL = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,9})?")


class DecimalText(kinds.Field[str]):
    """A limit: a number of TOML or JSON, or its digits as text. Kept as its digits, so that it is the same anywhere."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if isinstance(value, (int, float, str)) and not isinstance(value, bool):
            try:
                digits = format(Decimal(str(value)), "f")
            except InvalidOperation:
                digits = ""
            if _DECIMAL.fullmatch(digits):
                return shortest(digits)
        raise ValidationError("Must be a number of at most 15 digits, such as 0.5.")


class NumberSpec(QuestionSpec):
    """A number with its `unit`, from `min` to `max`, with at most so many `decimals`."""

    kind = named("number")
    unit = Text(30, may_be_empty=True, load_default="")
    min = DecimalText(load_default=None, allow_none=True)
    max = DecimalText(load_default=None, allow_none=True)
    decimals = Whole(0, MOST_DECIMALS, load_default=0)

    @validates_schema
    def _limits_agree(self, data: dict[str, Any], **_: Any) -> None:
        for limit in ("min", "max"):
            if data[limit] is not None and decimals_of(data[limit]) > data["decimals"]:
                raise ValidationError("Has more decimals than an answer may have: see decimals.", limit)
        if None not in (data["min"], data["max"]) and Decimal(data["min"]) > Decimal(data["max"]):
            raise ValidationError("The smallest number is larger than the largest one.", "min")


def shortest(digits: str) -> str:
    """The digits of a number without what does not change it: no zeros in front or behind, no minus before 0."""
    sign, rest = ("-", digits[1:]) if digits.startswith("-") else ("", digits)
    whole, _, fraction = rest.partition(".")
    whole, fraction = whole.lstrip("0") or "0", fraction.rstrip("0")
    made = f"{whole}.{fraction}" if fraction else whole
    return made if made == "0" else sign + made


def decimals_of(digits: str) -> int:
    """How many digits stand behind the point."""
    return len(digits.partition(".")[2])


def _check(question: Question, given: Any) -> Value:
    if not isinstance(given, str) or not _DECIMAL.fullmatch(given):
        raise Unfit(
            "not_a_number", 'Must be a text with a decimal number of at most 15 digits, such as "12.5".'
        )
    if decimals_of(given) > question["decimals"]:
        raise Unfit("decimals", f"Must have at most {question['decimals']} decimals.")
    value = Decimal(given)
    if question["min"] is not None and value < Decimal(question["min"]):
        raise Unfit("too_small", f"Must be at least {question['min']}.")
    if question["max"] is not None and value > Decimal(question["max"]):
        raise Unfit("too_large", f"Must be at most {question['max']}.")
    return shortest(given)


def _infer(_: Question, answers: Sequence[Answer]) -> Inference:
    return median(answers, Decimal)


def _label(question: Question, value: Value) -> str:
    return f"{value} {question['unit']}".strip()


NUMBER = Kind(
    NumberSpec, _check, ("missing_number", "not_a_number", "decimals", "too_small", "too_large"), _infer, RULE,
    _label, none_listed,
)  # fmt: skip
