"""The values that every way of inferring takes and returns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from marketplace.foundation.errors import InvalidInput


class NothingToInfer(InvalidInput):
    """No answer, or an answer that does not fit the question."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One independent answer, to one question or to a form. `contribution` only names it in the trace; no rule looks
    at it.
    """

    contribution: UUID
    value: Any


@dataclass(frozen=True, slots=True)
class Inference:
    """The inferred value, how many of the answers agree with it, whether a tie was broken, by which rule, from what.

    What agreeing means is for each rule to say; it is at least 1 and at most the number of answers. `confidence` is
    None where the rule makes no claim about the chance of being right.
    """

    value: Any
    agreeing: int
    answers: int
    tied: bool
    rule: str
    trace: Sequence[UUID]
    confidence: float | None = None


def traced(answers: Iterable[Answer]) -> tuple[UUID, ...]:
    """The contributions behind these answers, in an order that says nothing of when they came."""
    return tuple(sorted(answer.contribution for answer in answers))
