"""Agreed hours: the wall clock of the agency decides, also past midnight and when clocks change."""

from datetime import UTC, datetime, timedelta

import pytest

from agencies.oversight.alerts import hours

WORKDAYS = {"days": [0, 1, 2, 3, 4], "from": "06:00", "until": "20:00", "zone": "Europe/Brussels"}
NIGHTS = {"days": [4], "from": "22:00", "until": "06:00", "zone": "Europe/Brussels"}


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("utc", "is_outside"),
    [
        ("2026-05-05T03:59:59", True),  # Tuesday, 05:59:59 in Brussels
        ("2026-05-05T04:00:00", False),
        ("2026-05-05T17:59:59", False),
        ("2026-05-05T18:00:00", True),  # 20:00 is outside
        ("2026-05-09T10:00:00", True),  # a Saturday
        ("2026-01-06T04:30:00", True),  # in winter 05:30
        ("2026-01-06T05:00:00", False),
        ("2026-03-29T10:00:00", True),  # the Sunday on which the clocks go forward
        ("2026-03-30T04:00:00", False),  # and the Monday after it: 06:00 already
        ("2026-10-26T04:59:00", True),  # the Monday after they went back: 05:59
    ],
)
def test_the_wall_clock_of_the_zone_decides(utc: str, is_outside: bool) -> None:
    assert hours.outside(moment(utc), WORKDAYS) is is_outside


@pytest.mark.parametrize(
    ("utc", "is_outside"),
    [
        ("2026-05-08T19:59:00", True),  # Friday, 21:59
        ("2026-05-08T20:00:00", False),
        ("2026-05-09T03:59:00", False),  # Saturday 05:59 belongs to Friday's night
        ("2026-05-09T04:00:00", True),
        ("2026-05-08T03:00:00", True),  # Friday 05:00 belongs to Thursday's, which is not agreed
    ],
)
def test_hours_past_midnight_belong_to_the_day_they_began_on(utc: str, is_outside: bool) -> None:
    assert hours.outside(moment(utc), NIGHTS) is is_outside


def test_the_length_of_hours_goes_past_midnight() -> None:
    assert hours.length("06:00", "20:00") == timedelta(hours=14)
    assert hours.length("22:00", "06:00") == timedelta(hours=8)
    assert hours.length("06:00", "06:00") == timedelta()
