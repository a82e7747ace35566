"""When a count of people may be shown, and how."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agencies.numbers import guard

counts = st.integers(0, 5000)
groups = st.integers(10, 50)


@given(counts, groups)
def test_a_smaller_group_than_k_is_never_shown(people: int, k: int) -> None:
    shown = guard.released(people, k)
    assert (shown is None) == (people < k)


@given(counts, groups)
def test_a_shown_count_is_a_step_of_five_and_not_far_off(people: int, k: int) -> None:
    shown = guard.released(people, k)
    if shown is not None:
        assert shown % guard.STEP == 0
        assert abs(shown - people) < guard.STEP


@given(counts, st.lists(st.integers(-9, 9), max_size=30), groups)
def test_what_is_shown_moves_only_by_k_people_or_more(people: int, changes: list[int], k: int) -> None:
    shown = people
    for change in changes:
        people = max(0, people + change)
        following = guard.settled_on(shown, people, k)
        assert following == shown or abs(following - shown) >= k
        assert abs(following - people) < k
        shown = following
