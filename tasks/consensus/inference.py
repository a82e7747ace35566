"""The values that every way of inferring takes and returns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from marketplace.foundation.errors import InvalidInput


class NothingToInfer(InvalidInput):
    """No answer, or an answer that is none of the options."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One independent answer to one question. `contribution` only names it in the trace; no rule looks at it."""

    contribution: UUID
    value: str


@dataclass(frozen=True, slots=True)
class Inference:
    """The inferred value, how many of the answers agree with it, whether a tie was broken, by which rule, from what.

    `confidence` is None where the rule makes no claim about the chance of being right.
    """

    value: str
    agreeing: int
    answers: int
    tied: bool
    rule: str
    trace: Sequence[UUID]
    confidence: float | None = None
