"""All options in an order, the first one first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from marshmallow import fields as kinds
from marshmallow import validates_schema

from marketplace.foundation.input import entries
from tasks.consensus import Answer, Inference
from tasks.consensus.borda import RULE, borda
from tasks.questions.kind import Kind, OptionSpec, Question, QuestionSpec, Unfit, Value, differ, listed, named

MOST_OPTIONS = 12


class RankingSpec(QuestionSpec):
    """The options to bring into an order."""

    kind = named("ranking")
    options = kinds.List(kinds.Nested(OptionSpec), required=True, validate=entries(2, MOST_OPTIONS))

    @validates_schema
    def _options_differ(self, data: dict[str, Any], **_: Any) -> None:
        differ(data["options"])


def _check(question: Question, given: Any) -> Value:
    options = listed(question)
    if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
        raise Unfit("not_a_ranking", "Must be a list with every option once, the first one first.")
    if len(given) != len(options) or set(given) != set(options):
        raise Unfit("not_a_ranking", "Must name every option once, the first one first.")
    return list(given)


def _infer(question: Question, answers: Sequence[Answer]) -> Inference:
    return borda(answers, list(listed(question)))


def _label(question: Question, value: Value) -> str:
    options = listed(question)
    return "; ".join(f"{place}. {options.get(each, each)}" for place, each in enumerate(value, 1))


RANKING = Kind(RankingSpec, _check, ("missing_ranking", "not_a_ranking"), _infer, RULE, _label, listed)
