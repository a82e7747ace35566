"""Choosing one value: of the question's options, yes or no, or one of two things side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from marshmallow import ValidationError, validates_schema
from marshmallow import fields as kinds

from marketplace.foundation.input import Flag, entries
from tasks.consensus import Answer, Inference, majority
from tasks.consensus.majority import RULE
from tasks.questions.kind import (
    NAME,
    Kind,
    OptionSpec,
    Question,
    QuestionSpec,
    Unfit,
    Value,
    differ,
    listed,
    named,
)

CANNOT_TELL = "cannot_tell"
"""The value that yes or no has for those who honestly cannot tell."""


class ChoiceSpec(QuestionSpec):
    """One of the options. `cannot_tell` names the option that says so honestly; it loses ties."""

    kind = named("choice")
    options = kinds.List(kinds.Nested(OptionSpec), required=True, validate=entries(2, 30))
    cannot_tell = kinds.String(load_default=None, allow_none=True)

    @validates_schema
    def _options_agree(self, data: dict[str, Any], **_: Any) -> None:
        differ(data["options"])
        values = [option["value"] for option in data["options"]]
        if data["cannot_tell"] is not None and data["cannot_tell"] not in values:
            raise ValidationError("Must be the value of one of the options.", "cannot_tell")


class YesNoSpec(QuestionSpec):
    """Yes or no; with `cannot_tell` people may also say that they cannot tell."""

    kind = named("yes_no")
    cannot_tell = Flag(load_default=False)


class PairwiseSpec(QuestionSpec):
    """Which of two fields of the item, by their names; unless `same` is false, that both are the same."""

    kind = named("pairwise")
    first = kinds.String(required=True, validate=NAME)
    second = kinds.String(required=True, validate=NAME)
    same = Flag(load_default=True)

    @validates_schema
    def _fields_differ(self, data: dict[str, Any], **_: Any) -> None:
        if data["first"] == data["second"]:
            raise ValidationError(
                "A comparison needs two fields: name another one than in `first`.", "second"
            )


def yes_no_options(question: Question) -> Mapping[str, str]:
    """Yes, no, and perhaps that it cannot be told."""
    honest = {CANNOT_TELL: "Can't tell"} if question["cannot_tell"] else {}
    return {"yes": "Yes", "no": "No"} | honest


def pairwise_options(question: Question) -> Mapping[str, str]:
    """The first, the second, and perhaps that they are the same."""
    same = {"same": "The same"} if question["same"] else {}
    return {"first": "The first", "second": "The second"} | same


def _kind(
    spec: type[QuestionSpec],
    options: Callable[[Question], Mapping[str, str]],
    infer: Callable[[Question, Sequence[Answer]], Inference],
) -> Kind:
    def check(question: Question, given: Any) -> Value:
        if not isinstance(given, str) or given not in options(question):
            raise Unfit("not_an_option", "This is not one of the options.")
        return given

    def label(question: Question, value: Value) -> str:
        return options(question).get(str(value), str(value))

    return Kind(spec, check, ("missing_choice", "not_an_option"), infer, RULE, label, options)


def _infer_choice(question: Question, answers: Sequence[Answer]) -> Inference:
    return majority(answers, list(listed(question)), question["cannot_tell"])


def _infer_yes_no(question: Question, answers: Sequence[Answer]) -> Inference:
    honest = CANNOT_TELL if question["cannot_tell"] else None
    return majority(answers, list(yes_no_options(question)), honest)


def _infer_pairwise(question: Question, answers: Sequence[Answer]) -> Inference:
    """A tie goes to "the same" where somebody said so: it takes neither side."""
    return majority(answers, ["same", "first", "second"] if question["same"] else ["first", "second"])


CHOICE = _kind(ChoiceSpec, listed, _infer_choice)
YES_NO = _kind(YesNoSpec, yes_no_options, _infer_yes_no)
PAIRWISE = _kind(PairwiseSpec, pairwise_options, _infer_pairwise)
