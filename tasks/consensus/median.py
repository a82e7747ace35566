"""The middle one of numbers or days: half of the answers are no larger, half are no smaller.

Of an even number of answers the smaller (earlier) of the two in the middle counts, so that the result is always a
value that somebody gave, never one in between that nobody saw. One wild answer moves it by one place at most.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tasks.consensus.inference import Answer, Inference, NothingToInfer, traced

RULE = "median-1"


def median(answers: Sequence[Answer], size: Callable[[str], Any]) -> Inference:
    """Infer the middle of `answers`; `size` makes of a value what can be compared.

    Agreeing is how many gave exactly this value. Tied: the two in the middle differ. Independent of the order of the
    answers. Raises NothingToInfer.
    """
    try:
        in_order = sorted((size(answer.value), answer.value) for answer in answers)
    except (ValueError, ArithmeticError, TypeError):
        raise NothingToInfer() from None
    if not in_order:
        raise NothingToInfer()
    middle = in_order[(len(in_order) - 1) // 2]
    return Inference(
        value=middle[1],
        agreeing=sum(each[0] == middle[0] for each in in_order),
        answers=len(answers),
        tied=in_order[len(in_order) // 2][0] != middle[0],
        rule=RULE,
        trace=traced(answers),
    )
