"""Plain majority: the value most answers chose. Ties go to the option that the form lists first, and are said aloud.

An honest "can't tell" counts like any other answer, but loses every tie: two people who could tell are not
outvoted by two who could not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tasks.consensus.inference import Answer, Inference, NothingToInfer

RULE = "majority-1"


def majority(answers: Sequence[Answer], options: Sequence[str], cannot_tell: str | None = None) -> Inference:
    """Infer one choice from `answers` over `options` in the form's order.

    Independent of the order of the answers. Raises NothingToInfer for no answers or an unknown value.
    """
    rank = {option: place for place, option in enumerate(options)}
    if cannot_tell is not None:
        rank[cannot_tell] = len(options)
    votes = Counter(answer.value for answer in answers)
    unknown = sorted(set(votes) - set(rank))
    if not votes or unknown:
        raise NothingToInfer(unknown=unknown)
    most = max(votes.values())
    leaders = sorted((value for value, count in votes.items() if count == most), key=rank.__getitem__)
    return Inference(
        value=leaders[0],
        agreeing=most,
        answers=len(answers),
        tied=len(leaders) > 1,
        rule=RULE,
        trace=tuple(sorted(answer.contribution for answer in answers)),
    )
