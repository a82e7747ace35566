"""The kinds of alert, one table: which acts they look at, and what an agency may adjust within which bounds.

Within its bounds a rule always can fire. Whoever wants it silent switches it off, which is on the record and shown.
Kinds about the record itself are nobody's to adjust. What they say in words is `marketplace/web/alert_words.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

MANY_VIEWS, OUTSIDE_HOURS, REFUSALS = "many_views", "outside_hours", "refusals"
NEW_DEVICE_BULK, SENSITIVE_EXPORT = "new_device_bulk", "sensitive_export"
WITNESS_CONTRADICTS, WITNESS_BEHIND = "witness_contradicts", "witness_behind"
CLOCK_JUMP, GAP = "clock_jump", "gap"

VIEW, SIGN_IN, EXPORT, REFUSED = "payload.view", "sign_in.succeed", "result.export", "access.refuse"


@dataclass(frozen=True, slots=True)
class Number:
    """A whole number from `least` to `most`."""

    default: int
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class OneOf:
    """One word of several."""

    default: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Days:
    """Days of the week, Monday is 0. At least one."""

    default: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TimeOfDay:
    """A time as "06:00"."""

    default: str


@dataclass(frozen=True, slots=True)
class TimeZone:
    """The name of a time zone (IANA)."""

    default: str


Value = Number | OneOf | Days | TimeOfDay | TimeZone


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of alert. `values` are what can be adjusted, by name."""

    acts: frozenset[str]
    values: Mapping[str, Value] = field(default_factory=dict)
    of_the_record: bool = False
    """It is about the record as a whole: raised for every agency that has an officer, and never switched off."""


KINDS: Mapping[str, Kind] = {
    NEW_DEVICE_BULK: Kind(
        frozenset({SIGN_IN, VIEW}), {"count": Number(10, 3, 50), "minutes": Number(30, 10, 120)}
    ),
    MANY_VIEWS: Kind(frozenset({VIEW}), {"count": Number(30, 5, 100), "minutes": Number(10, 5, 60)}),
    SENSITIVE_EXPORT: Kind(frozenset({EXPORT}), {"level": OneOf("sensitive", ("internal", "sensitive"))}),
    OUTSIDE_HOURS: Kind(
        frozenset({VIEW, "result.view", "result.list", EXPORT}),
        {
            "days": Days((0, 1, 2, 3, 4)),
            "from": TimeOfDay("06:00"),
            "until": TimeOfDay("20:00"),
            "zone": TimeZone("Europe/Brussels"),
        },
    ),
    REFUSALS: Kind(
        frozenset({REFUSED, "sign_in.fail"}),
        {"count": Number(10, 3, 50), "minutes": Number(10, 5, 60)},
    ),
    WITNESS_CONTRADICTS: Kind(frozenset({"witness.contradict"}), of_the_record=True),
    WITNESS_BEHIND: Kind(frozenset({"witness.behind"}), of_the_record=True),
    CLOCK_JUMP: Kind(frozenset({"clock.jump"}), of_the_record=True),
    GAP: Kind(frozenset({"record.fault"}), of_the_record=True),
}

OF_PEOPLE = tuple(name for name, kind in KINDS.items() if not kind.of_the_record)
OF_THE_RECORD = tuple(name for name, kind in KINDS.items() if kind.of_the_record)
LONGEST_HOURS = 18
"""Agreed hours leave a part of every day outside, or the rule would never fire."""


def defaults(kind: str) -> dict[str, object]:
    """The values that hold where an agency has set nothing, as they are kept."""
    return {
        name: list(value.default) if isinstance(value, Days) else value.default
        for name, value in KINDS[kind].values.items()
    }
