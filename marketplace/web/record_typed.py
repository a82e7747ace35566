"""What somebody typed into the one free field of the record: recognised by its form. Pure."""

from __future__ import annotations

import re

_FORMS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("pseudonym", re.compile(r"[a-z]{2,20}-[0-9]{2,9}")),
    ("device", re.compile(r"d-[0-9a-f]{16}")),
    ("reference", re.compile(r"r-[0-9a-z]{4}-[0-9a-z]{2}")),
    ("session", re.compile(r"[0-9a-f]{16}|[0-9a-f]{32}")),
    ("object", re.compile(r"[0-9a-f]{8}(-?[0-9a-f-]{0,27})")),
)
"""Words of a search, the most particular form first. A session is named by 32 hexadecimal digits, or 16."""


def recognise(text: str) -> tuple[str, str] | None:
    """The word of a search that `text` is, and its value; None for what looks like nothing that we know.

    heron-42 is a pseudonym, d-0123456789abcdef a device, R-7K2M-4Q a reference, 32 hexadecimal digits a session
    (or 16), an id or at least its first eight digits an object.
    """
    typed = text.strip().lower()
    for word, form in _FORMS:
        if form.fullmatch(typed):
            return word, typed.upper() if word == "reference" else typed
    return None
