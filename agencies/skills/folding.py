"""Labels as they are searched: capitals, accents and spaces make no difference. Pure."""

from __future__ import annotations

import unicodedata

LONGEST = 400


def fold(text: str) -> str:
    """`text` without capitals and accents, with single spaces, at most 400 characters."""
    apart = unicodedata.normalize("NFKD", text)
    # Taking letters apart makes new capitals (of mathematical ones), and casefolding makes new ones to take apart.
    for _ in range(2):
        apart = unicodedata.normalize("NFKD", apart.casefold())
    plain = "".join(each for each in apart if not unicodedata.combining(each))
    return " ".join(plain.split())[:LONGEST].rstrip()
