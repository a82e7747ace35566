"""What there is to know of a kind of question, and the settings that every question has."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from marshmallow import ValidationError, validate
from marshmallow import fields as kinds

from marketplace.foundation.input import Flag, Input, Text
from tasks.consensus import Answer, Inference

NAME = validate.Regexp(
    r"\A[a-z][a-z0-9_]{0,39}\Z", error="Use small letters, digits and _, beginning with a letter."
)

Question = Mapping[str, Any]
"""A question as its form holds it: the settings of its kind, checked."""
Value = str | list[str]
"""The answer to one question, as JSON."""


class Unfit(Exception):
    """A value does not answer a question: a `code` that pages have words for, and a sentence for programs."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(code)
        self.code = code
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of question.

    `check` gives the value in the one form in which it is kept, or raises Unfit with one of `faults`; `infer` decides
    several checked answers by `rule`; `label` is what a value is called, in English; `options` are the values that
    there are to choose from, with their labels, in the order of the form (none where people write the value).
    """

    spec: type[QuestionSpec]
    check: Callable[[Question, Any], Value]
    faults: tuple[str, ...]
    infer: Callable[[Question, Sequence[Answer]], Inference]
    rule: str
    label: Callable[[Question, Value], str]
    options: Callable[[Question], Mapping[str, str]]


def named(kind: str) -> kinds.String:
    """The field that says of which kind a question is: this one."""
    return kinds.String(required=True, validate=validate.Equal(kind, error=f"Must be {kind}."))


class QuestionSpec(Input):
    """What every question has."""

    name = kinds.String(required=True, validate=NAME)
    kind = kinds.String(required=True)
    label = Text(200, required=True)
    hint = Text(300, may_be_empty=True, load_default="")
    required = Flag(load_default=True)


class OptionSpec(Input):
    """One option to choose."""

    value = kinds.String(required=True, validate=NAME)
    label = Text(120, required=True)
    hint = Text(200, may_be_empty=True, load_default="")


def is_optional(question: Question) -> bool:
    """Whether the question may stay unanswered. Forms from before there was a choice have no such setting."""
    return question.get("required", True) is False


def differ(options: Sequence[Mapping[str, Any]]) -> None:
    """Raises ValidationError where two options have the same value."""
    values = [option["value"] for option in options]
    if len(set(values)) != len(values):
        raise ValidationError("Two options have the same value.", "options")


def listed(question: Question) -> Mapping[str, str]:
    """The options that a question lists itself: value → label."""
    return {option["value"]: option["label"] for option in question["options"]}


def none_listed(_: Question) -> Mapping[str, str]:
    """For kinds whose value people write."""
    return {}


def as_written(_: Question, value: Value) -> str:
    """The label of a value that people wrote."""
    return str(value)
