"""Several options at once: each is decided by itself, and is in where more than half of the answers chose it.

The result may hold fewer options than an answer had to, or none: it says what most people said of each option.
"""

from __future__ import annotations

from collections.abc import Sequence

from tasks.consensus.inference import Answer, Inference, NothingToInfer, traced

RULE = "more-than-half-1"


def more_than_half(answers: Sequence[Answer], options: Sequence[str]) -> Inference:
    """Infer which of `options` are in, in the form's order, from answers that are lists of options.

    Agreeing is the least over the options of the answers that say of this option what the result says. Tied: exactly
    half chose an option; then it is out. Independent of the order of the answers. Raises NothingToInfer.
    """
    unknown = sorted({value for answer in answers for value in answer.value} - set(options))
    if not answers or unknown:
        raise NothingToInfer(unknown=unknown)
    chosen = {option: sum(option in answer.value for answer in answers) for option in options}
    value = [option for option in options if 2 * chosen[option] > len(answers)]
    return Inference(
        value=value,
        agreeing=min(count if option in value else len(answers) - count for option, count in chosen.items()),
        answers=len(answers),
        tied=any(2 * count == len(answers) for count in chosen.values()),
        rule=RULE,
        trace=traced(answers),
    )
