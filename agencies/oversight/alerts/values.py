"""The values of a rule as somebody typed them, read into what is kept. One reader per sort of value."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from agencies.oversight.alerts import hours
from agencies.oversight.alerts.errors import BadAlertRule
from agencies.oversight.alerts.kinds import KINDS, LONGEST_HOURS, Days, Number, OneOf, TimeOfDay, TimeZone

_TIME = re.compile(r"[0-2][0-9]:[0-5][0-9]")
_ZONE = re.compile(r"[A-Z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*")


def read(kind: str, given: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The values of a rule from a form: what was typed per name, several for days.

    Raises BadAlertRule with `errors`: the names of the values that are outside their bounds.
    """
    found: dict[str, Any] = {}
    wrong: list[str] = []
    for name, value in KINDS[kind].values.items():
        read_value = _READERS[type(value)](value, given.get(name, ()))
        if read_value is None:
            wrong.append(name)
        else:
            found[name] = read_value
    if not wrong and "from" in found and not _leaves_some_outside(found):
        wrong.append("until")
    if wrong:
        raise BadAlertRule(errors={name: [BadAlertRule().message] for name in wrong})
    return found


def _leaves_some_outside(found: Mapping[str, Any]) -> bool:
    """Hours that begin and end at the same time are the whole day, or none: neither is agreed hours."""
    return timedelta() < hours.length(found["from"], found["until"]) <= timedelta(hours=LONGEST_HOURS)


def _number(value: Number, given: Sequence[str]) -> int | None:
    text = "".join(given).strip()
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else -1
    return number if value.least <= number <= value.most else None


def _one_of(value: OneOf, given: Sequence[str]) -> str | None:
    word = "".join(given)
    return word if word in value.words else None


def _days(_: Days, given: Sequence[str]) -> list[int] | None:
    if not given or not set(given) <= set("0123456"):
        return None
    return sorted({int(day) for day in given})


def _time(_: TimeOfDay, given: Sequence[str]) -> str | None:
    text = "".join(given).strip()
    if not _TIME.fullmatch(text):
        return None
    try:
        return f"{time.fromisoformat(text):%H:%M}"
    except ValueError:
        return None


def _zone(_: TimeZone, given: Sequence[str]) -> str | None:
    text = "".join(given).strip()
    if not _ZONE.fullmatch(text) or len(text) > 60:
        return None
    try:
        return ZoneInfo(text).key
    except (ValueError, OSError, KeyError):
        return None


_READERS: Mapping[type, Callable[[Any, Sequence[str]], Any]] = {
    Number: _number,
    OneOf: _one_of,
    Days: _days,
    TimeOfDay: _time,
    TimeZone: _zone,
}
