"""Rankings: Borda's count. In each answer an option gets a point for every option that stands below it.

Options come in the order of their points; with as many points, the one that the form lists first comes first.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from tasks.consensus.inference import Answer, Inference, NothingToInfer, traced

RULE = "borda-1"


def borda(answers: Sequence[Answer], options: Sequence[str]) -> Inference:
    """Infer an order of `options` from answers that are orders of all of them.

    Agreeing is the least over neighbours in the result of the answers that put these two in this order too (at least
    one does, else the other would have more points). Tied: two neighbours have as many points. Independent of the
    order of the answers. Raises NothingToInfer.
    """
    if not answers or any(sorted(answer.value) != sorted(options) for answer in answers):
        raise NothingToInfer()
    points = dict.fromkeys(options, 0)
    for answer in answers:
        for below, option in enumerate(reversed(answer.value)):
            points[option] += below
    value = sorted(options, key=lambda option: -points[option])
    return Inference(
        value=value,
        agreeing=min(_in_this_order(answers, first, second) for first, second in pairwise(value)),
        answers=len(answers),
        tied=any(points[first] == points[second] for first, second in pairwise(value)),
        rule=RULE,
        trace=traced(answers),
    )


def _in_this_order(answers: Sequence[Answer], first: str, second: str) -> int:
    return sum(answer.value.index(first) < answer.value.index(second) for answer in answers)
