"""The hours an agency agreed on, and whether a moment lies outside them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo


def outside(moment: datetime, values: Mapping[str, Any]) -> bool:
    """Whether an aware moment is outside the agreed days and hours, by the wall clock of their time zone.

    Hours that end earlier in the day than they begin go on past midnight; they belong to the day they began on. The
    minute named as the end lies outside.
    """
    local = moment.astimezone(_zone(values["zone"]))
    begin, end = time.fromisoformat(values["from"]), time.fromisoformat(values["until"])
    today, yesterday = local.weekday() in values["days"], (local.weekday() - 1) % 7 in values["days"]
    if begin < end:
        return not (today and begin <= local.time() < end)
    return not ((today and local.time() >= begin) or (yesterday and local.time() < end))


def length(begin: str, end: str) -> timedelta:
    """How long hours from `begin` to `end` ("06:00") are; past midnight where they end earlier in the day."""
    first, last = (
        timedelta(hours=at.hour, minutes=at.minute) for at in map(time.fromisoformat, (begin, end))
    )
    return (last - first) % timedelta(days=1)


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
