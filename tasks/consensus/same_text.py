"""Text: what most people wrote alike. Capitals and spaces are passed over when texts are compared, nothing else is.

Texts are never mixed: the result is one that somebody wrote.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence

from tasks.consensus.inference import Answer, Inference, NothingToInfer, traced

RULE = "same-text-1"


def plain(text: str) -> str:
    """By what texts are compared: without a difference of capitals (Unicode's default case folding) or white space."""
    return " ".join(unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold()).split())


def same_text(answers: Sequence[Answer]) -> Inference:
    """Infer the text that most wrote. A tie goes to the one that comes first by its characters' numbers in Unicode.

    Of the spellings of that text the most frequent one is shown, among those the first by the same order. Agreeing is
    how many wrote it in any spelling. Independent of the order of the answers. Raises NothingToInfer.
    """
    if not answers or not all(isinstance(answer.value, str) for answer in answers):
        raise NothingToInfer()
    alike = Counter(plain(answer.value) for answer in answers)
    most = max(alike.values())
    leaders = sorted(text for text, count in alike.items() if count == most)
    spellings = Counter(answer.value for answer in answers if plain(answer.value) == leaders[0])
    shown = min(spellings, key=lambda text: (-spellings[text], text))
    return Inference(
        value=shown,
        agreeing=most,
        answers=len(answers),
        tied=len(leaders) > 1,
        rule=RULE,
        trace=traced(answers),
    )
