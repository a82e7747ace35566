"""Ids as people type them: nothing else stands in an address that is made of one."""

from __future__ import annotations

from uuid import UUID

import click

WRONG = "CAMPAIGN is an id such as 7d8f2c9e-3b5a-4c1d-9e8f-0a1b2c3d4e5f"


def text_of_id(text: str) -> str:
    """An id as it may stand in an address: nothing that would lead to another one. Raises UsageError."""
    if not text or not all(letter.isascii() and (letter.isalnum() or letter == "-") for letter in text):
        raise click.UsageError(WRONG)
    return text.lower()


def id_of(text: str) -> UUID:
    """The id that is meant. Raises UsageError."""
    try:
        return UUID(text_of_id(text))
    except ValueError:
        raise click.UsageError(WRONG) from None
