"""When a count of people may be shown, and how: pure.

The view `released_number` says the same in SQL; a test holds the two together.
"""

from __future__ import annotations

STEP = 5
"""Shown counts are rounded to this step, so that two numbers about nearly the same people cannot be subtracted."""


def released(people: int, k: int) -> int | None:
    """The count as it may be shown, None for a group smaller than `k`."""
    return None if people < k else (people + STEP // 2) // STEP * STEP


def settled_on(shown: int, people: int, k: int) -> int:
    """The count to show from now on: the new one if it lies `k` or more from the one shown before, else that one.

    Who reads the number before and after somebody joined learns nothing about them.
    """
    return people if abs(people - shown) >= k else shown
