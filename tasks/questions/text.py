"""Text that people write: one line, or several."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from marketplace.foundation.input import BadFields, Whole, clean
from tasks.consensus import Answer, Inference
from tasks.consensus.same_text import RULE, same_text
from tasks.questions.kind import Kind, Question, QuestionSpec, Unfit, Value, as_written, named, none_listed

LONGEST_LINE = 500
LONGEST_TEXT = 10_000


class TextSpec(QuestionSpec):
    """One line of at most `max_length` characters."""

    kind = named("text")
    max_length = Whole(1, LONGEST_LINE, load_default=200)


class LongTextSpec(QuestionSpec):
    """Lines of together at most `max_length` characters."""

    kind = named("long_text")
    max_length = Whole(1, LONGEST_TEXT, load_default=2_000)


def one_line(text: str) -> str:
    """Without spaces at the ends, and with one space wherever there were several or a line break."""
    return " ".join(text.split())


def lines(text: str) -> str:
    """Without spaces at the ends, and with line breaks of one kind."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def _kind(spec: type[QuestionSpec], tidied: Callable[[str], str]) -> Kind:
    def check(question: Question, given: Any) -> Value:
        if not isinstance(given, str):
            raise Unfit("not_storable", "Must be a text.")
        try:
            text = tidied(clean(given))
        except BadFields:
            raise Unfit("not_storable", "Contains a character that cannot be stored.") from None
        if not text:
            raise Unfit("missing_text", "Must not be empty.")
        if len(text) > question["max_length"]:
            raise Unfit("too_long", f"Must have at most {question['max_length']:,} characters.")
        return text

    faults = ("missing_text", "not_storable", "too_long")
    return Kind(spec, check, faults, _infer, RULE, as_written, none_listed)


def _infer(_: Question, answers: Sequence[Answer]) -> Inference:
    return same_text(answers)


TEXT = _kind(TextSpec, one_line)
LONG_TEXT = _kind(LongTextSpec, lines)
