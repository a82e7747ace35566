"""What several answers to a whole form amount to: the same wherever that is decided, on the server or at the agency."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tasks.consensus import Answer, Inference, NothingToInfer
from tasks.consensus.same_text import plain
from tasks.questions.kind import Question, Unfit, is_optional
from tasks.questions.table import KINDS, kind_of

EACH = "each-question-1"
"""The rule of a form with several questions: each is decided by itself, by the rule of its kind."""
RULES = frozenset({EACH} | {kind.rule for kind in KINDS.values()})
"""The rules by which a result may say that it was decided."""


def decide(questions: Sequence[Question], answers: Sequence[Answer]) -> Inference:
    """What `answers` (value: a value by question's name) amount to; the value of the inference is such an object too.

    Each question is decided by itself among those who answered it; what nobody answered is not in the value. Agreeing
    is the least over the questions, tied is whether any was. Raises NothingToInfer for no answers, and where one does
    not fit the questions.
    """
    if not answers or not all(isinstance(answer.value, Mapping) for answer in answers):
        raise NothingToInfer()
    by_question = {question["name"]: _decided(question, answers) for question in questions}
    given = {name: each for name, each in by_question.items() if each is not None}
    return Inference(
        value={name: each.value for name, each in given.items()},
        agreeing=min([each.agreeing for each in given.values()], default=len(answers)),
        answers=len(answers),
        tied=any(each.tied for each in given.values()),
        rule=kind_of(questions[0]).rule if len(questions) == 1 else EACH,
        trace=tuple(sorted(answer.contribution for answer in answers)),
    )


def agrees(questions: Sequence[Question], value: Mapping[str, Any], answer: Mapping[str, Any]) -> bool:
    """Whether somebody who gave `answer` alone would have led to the result `value`."""
    return all(
        alike(question, value.get(question["name"]), answer.get(question["name"])) for question in questions
    )


def alike(question: Question, one: Any, other: Any) -> bool:
    """Whether two values of a question say the same: texts do so whatever their capitals and spaces."""
    if one is None or other is None:
        return one is other
    if question["kind"] in ("text", "long_text"):
        return plain(str(one)) == plain(str(other))
    return bool(one == other)


def _decided(question: Question, answers: Sequence[Answer]) -> Inference | None:
    """The inference of one question; None where it may stay unanswered, and nobody answered it."""
    kind = kind_of(question)
    given = []
    for answer in answers:
        value = answer.value.get(question["name"])
        if value is None and is_optional(question):
            continue
        try:
            given.append(Answer(answer.contribution, kind.check(question, value)))
        except Unfit as unfit:
            raise NothingToInfer(unfit=unfit.code) from None
    return kind.infer(question, given) if given else None
