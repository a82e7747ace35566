"""What an officer types into a rule: taken within its bounds, else named. No rule can be set to never fire."""

from typing import Any

import pytest

from agencies.oversight.alerts import values
from agencies.oversight.alerts.errors import BadAlertRule
from agencies.oversight.alerts.kinds import KINDS, OF_PEOPLE, Number, defaults

HOURS = {"days": ["0", "1"], "from": ["06:00"], "until": ["20:00"], "zone": ["Europe/Berlin"]}


def wrong(kind: str, **given: list[str]) -> set[str]:
    with pytest.raises(BadAlertRule) as refusal:
        values.read(kind, given)
    return set(refusal.value.facts["errors"])


def typed(kind: str) -> dict[str, list[str]]:
    """The defaults as a form sends them."""
    return {
        name: [str(each) for each in (value if isinstance(value, list) else [value])]
        for name, value in defaults(kind).items()
    }


@pytest.mark.parametrize("kind", OF_PEOPLE)
def test_what_a_kind_begins_with_lies_within_its_bounds(kind: str) -> None:
    assert values.read(kind, typed(kind)) == defaults(kind)


@pytest.mark.parametrize(
    ("kind", "name", "bound"),
    [
        (kind, name, value)
        for kind in OF_PEOPLE
        for name, value in KINDS[kind].values.items()
        if isinstance(value, Number)
    ],
)
def test_a_number_is_taken_at_its_bounds_and_not_beyond(kind: str, name: str, bound: Number) -> None:
    for number in (bound.least, bound.most):
        assert values.read(kind, typed(kind) | {name: [f" {number} "]})[name] == number
    for number in (bound.least - 1, bound.most + 1, "", "ten", "٣٠", "-30", "1e9", "9" * 5000):
        assert wrong(kind, **typed(kind) | {name: [str(number)]}) == {name}


def test_everything_that_is_wrong_is_named() -> None:
    assert wrong("many_views") == {"count", "minutes"}


@pytest.mark.parametrize("level", ["public", "restricted", "secret", ""])
def test_exports_cannot_be_left_out_by_naming_another_level(level: str) -> None:
    assert wrong("sensitive_export", level=[level]) == {"level"}


@pytest.mark.parametrize("days", [[], ["7"], ["0", "x"], ["01"]])
def test_at_least_one_real_day_is_agreed(days: list[str]) -> None:
    assert wrong("outside_hours", **HOURS | {"days": days}) == {"days"}


@pytest.mark.parametrize("time", ["", "6:00", "24:00", "12:60", "noon", "12:00:00"])
def test_a_time_is_hours_and_minutes(time: str) -> None:
    assert wrong("outside_hours", **HOURS | {"from": [time]}) == {"from"}


@pytest.mark.parametrize(("begin", "end"), [("00:00", "00:00"), ("08:00", "08:00"), ("05:00", "23:01")])
def test_agreed_hours_leave_a_part_of_the_day_outside(begin: str, end: str) -> None:
    assert wrong("outside_hours", **HOURS | {"from": [begin], "until": [end]}) == {"until"}


def test_agreed_hours_may_go_past_midnight() -> None:
    found = values.read("outside_hours", HOURS | {"from": ["22:00"], "until": ["06:00"]})
    assert (found["from"], found["until"], found["days"]) == ("22:00", "06:00", [0, 1])


@pytest.mark.parametrize(
    "zone", ["", "Nowhere/City", "../etc/passwd", "/etc/passwd", "Europe/", "A" * 200, "Europe"]
)
def test_a_time_zone_is_one_that_is_known(zone: str) -> None:
    assert wrong("outside_hours", **HOURS | {"zone": [zone]}) == {"zone"}


def test_values_that_a_kind_does_not_have_are_left_out() -> None:
    given: dict[str, Any] = typed("refusals") | {"never": ["yes"]}
    assert values.read("refusals", given) == defaults("refusals")
