"""Which entries make an alert, as pure functions over entries in any order."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from agencies.oversight.alerts.detecting import Seen, flagged
from security.labels import Level
from tests.agencies.oversight.alerts.noticing import at

THREE_IN_TEN = {"count": 3, "minutes": 10}


def views(*minutes: float, session: str = "s") -> list[Seen]:
    return [
        Seen(number, at(minute), "payload.view", "p", session=session)
        for number, minute in enumerate(minutes)
    ]


def sign_in(minute: float, session: str = "s", number: int = 100, new: bool = True) -> Seen:
    return Seen(number, at(minute), "sign_in.succeed", "p", session=session, new_device=new)


def numbers(kind: str, entries: list[Seen], **values: object) -> list[int]:
    return [entry.number for entry in flagged(kind, entries, values)]


class TestManyViews:
    def test_as_many_as_named_are_not_more(self) -> None:
        assert numbers("many_views", views(0, 1, 2), **THREE_IN_TEN) == []

    def test_one_more_is(self) -> None:
        assert numbers("many_views", views(0, 1, 2, 10), **THREE_IN_TEN) == [0, 1, 2, 3]

    def test_what_is_further_apart_is_not(self) -> None:
        assert numbers("many_views", views(0, 1, 2, 10.1), **THREE_IN_TEN) == []

    def test_two_bursts_are_both_named_and_what_lies_between_is_not(self) -> None:
        burst = [0, 1, 2, 3, 30, 60, 61, 62, 63]
        assert numbers("many_views", views(*burst), **THREE_IN_TEN) == [0, 1, 2, 3, 5, 6, 7, 8]

    def test_the_order_of_numbers_does_not_matter(self) -> None:
        assert sorted(numbers("many_views", views(10, 2, 0, 1), **THREE_IN_TEN)) == [0, 1, 2, 3]

    @given(st.lists(st.integers(0, 60), max_size=30))
    def test_it_is_what_lies_in_a_crowded_stretch(self, minutes: list[int]) -> None:
        entries = views(*minutes)
        crowded = {
            entry.number
            for first in entries
            for within in [
                [each for each in entries if timedelta() <= each.at - first.at <= timedelta(minutes=10)]
            ]
            if len(within) > 3
            for entry in within
        }
        found = numbers("many_views", entries, **THREE_IN_TEN)
        assert sorted(found) == sorted(crowded)


class TestNewDevice:
    def test_a_new_device_then_as_many_as_named(self) -> None:
        entries = [sign_in(0), *views(1, 2, 9)]
        assert sorted(numbers("new_device_bulk", entries, **THREE_IN_TEN)) == [0, 1, 2, 100]

    def test_fewer_are_none(self) -> None:
        assert numbers("new_device_bulk", [sign_in(0), *views(1, 2)], **THREE_IN_TEN) == []

    def test_a_known_device_is_none(self) -> None:
        assert numbers("new_device_bulk", [sign_in(0, new=False), *views(1, 2, 3)], **THREE_IN_TEN) == []

    def test_what_came_before_or_too_late_does_not_count(self) -> None:
        assert numbers("new_device_bulk", [sign_in(5), *views(4, 6, 7, 16)], **THREE_IN_TEN) == []

    def test_another_session_does_not_count(self) -> None:
        assert numbers("new_device_bulk", [sign_in(0), *views(1, 2, 3, session="t")], **THREE_IN_TEN) == []

    def test_without_a_session_nothing_belongs_together(self) -> None:
        entries = [replace(entry, session=None) for entry in [sign_in(0), *views(1, 2, 3)]]
        assert numbers("new_device_bulk", entries, **THREE_IN_TEN) == []


class TestExports:
    def test_those_of_the_level_and_above(self) -> None:
        entries = [Seen(int(level), at(0), "result.export", "p", level=int(level)) for level in Level]
        entries.append(Seen(9, at(0), "result.export", "p"))
        assert numbers("sensitive_export", entries, level="sensitive") == [2, 3]


class TestHours:
    def test_what_lies_outside(self) -> None:
        hours = {"days": [1], "from": "06:00", "until": "20:00", "zone": "Europe/Brussels"}
        assert numbers("outside_hours", views(0, 8 * 60, 24 * 60), **hours) == [1, 2]
