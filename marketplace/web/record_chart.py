"""Geometry of the record's timeline: which moments it spans, how wide a bar is, where everything stands. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil

from marketplace.web.charts import nice_step

DAY = timedelta(days=1)
LONGEST = timedelta(days=366)
"""More than this is not drawn: then it is the newest part."""
MOST_BARS = 100
WIDTHS = tuple(timedelta(minutes=each) for each in (1, 5, 15, 30, 60, 120, 240, 480, 1440, 2880, 5760))
HOURS = tuple(timedelta(minutes=each) for each in (1, 5, 15, 60, 120, 180, 360, 720))
DAYS = tuple(timedelta(days=each) for each in (1, 2, 5, 7, 14, 30, 61, 122))
FILLED = 0.84
"""The part of its place that a bar fills."""


@dataclass(frozen=True, slots=True)
class Window:
    """From when to when, in bars of `width`."""

    since: datetime
    until: datetime
    width: timedelta


@dataclass(frozen=True, slots=True)
class Step:
    """What one bar counts: entries done, done under alert, refused or failed; each entry once."""

    start: datetime
    done: int
    alert: int
    refused: int

    @property
    def total(self) -> int:
        return self.done + self.alert + self.refused


@dataclass(frozen=True, slots=True)
class Box:
    """A piece of a bar. `kind` is done, alert or refused."""

    kind: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Mark:
    """Something said at a place of the drawing: a moment, or on the axis upward a count."""

    at: float
    moment: datetime | None = None
    count: int = 0
    above: float = 0


@dataclass(frozen=True, slots=True)
class Drawing:
    """The timeline in a box of `width` by `height`."""

    name: str
    width: int
    height: int
    left: int
    right: int
    base: float
    boxes: list[Box]
    up: list[Mark]
    along: list[Mark]
    now: float | None
    peak: Mark | None
    """The bar with the most entries under alert."""
    by_day: bool
    """Marks along the axis are days, not times."""
    whole_days: bool
    """So are the bars."""


@dataclass(frozen=True, slots=True)
class Frame:
    """How large a drawing is, and how many marks there is room for along its axis."""

    name: str
    width: int
    height: int
    left: int
    top: float
    base: float
    marks: int


WIDE = Frame("across", 1180, 176, 44, 18.0, 152.0, 9)
NARROW = Frame("slim", 360, 196, 34, 18.0, 168.0, 4)
NARROW_BARS = 28
TIME, DAY_AND_TIME = 20.0, 52.0
"""Half the width of such a word."""


def window(since: datetime | None, until: datetime | None, now: datetime) -> Window | None:
    """What a timeline of these limits spans: the last seven days without any; None where they leave no time."""
    end_of_today = _midnight(now) + DAY
    end = min(until or end_of_today, end_of_today)
    begin = max(since or end - 7 * DAY, end - LONGEST)
    if begin >= end:
        return None
    width = next((each for each in WIDTHS if (end - begin) / each <= MOST_BARS), WIDTHS[-1])
    return Window(_floor(begin, width), end, width)


def merged(steps: Sequence[Step], most: int) -> list[Step]:
    """The same counts in at most `most` bars, each of as many of the old ones."""
    each = max(ceil(len(steps) / most), 1)
    runs = [steps[at : at + each] for at in range(0, len(steps), each)]
    return [
        Step(run[0].start, sum(s.done for s in run), sum(s.alert for s in run), sum(s.refused for s in run))
        for run in runs
    ]


def draw(steps: Sequence[Step], span: Window, now: datetime, frame: Frame) -> Drawing:
    """Bars from zero, refused on top, and the marks around them."""
    right = frame.width - 2
    step = nice_step(max((each.total for each in steps), default=0) or 4)
    ceiling = step * max(ceil(max((each.total for each in steps), default=0) / step), 1)
    scale = (frame.base - frame.top) / ceiling
    place = (right - frame.left) / len(steps)
    boxes = [
        box
        for at, each in enumerate(steps)
        for box in _bar(each, frame.left + at * place, place, frame.base, scale)
    ]
    begin = steps[0].start
    each_bar = steps[1].start - begin if len(steps) > 1 else span.until - begin

    def x(moment: datetime) -> float:
        return round(frame.left + (moment - begin) / each_bar * place, 1)

    by_day = span.until - span.since > 2 * DAY
    return Drawing(
        frame.name,
        frame.width,
        frame.height,
        frame.left,
        right,
        frame.base,
        boxes,
        [Mark(round(frame.base - count * scale, 1), count=count) for count in range(0, ceiling + 1, step)],
        _along(span, x, right, frame),
        x(now) if begin <= now < span.until else None,
        _peak(steps, place, frame, scale, TIME if not by_day else DAY_AND_TIME),
        by_day,
        each_bar >= DAY,
    )


def _bar(step: Step, left: float, place: float, base: float, scale: float) -> list[Box]:
    found, top = [], base
    for kind, count in (("done", step.done), ("alert", step.alert), ("refused", step.refused)):
        if count:
            # What is there is seen, however small beside the rest.
            height = max(count * scale, 1.5)
            top -= height
            x, width = left + place * (1 - FILLED) / 2, place * FILLED
            found.append(Box(kind, round(x, 1), round(top, 1), round(width, 1), round(height, 1)))
    return found


def _along(span: Window, x: Callable[[datetime], float], right: float, frame: Frame) -> list[Mark]:
    length = span.until - span.since
    steps = DAYS if length > 2 * DAY else HOURS
    every = next((each for each in steps if length / each <= frame.marks), steps[-1])
    first = _floor(span.since, min(every, DAY))
    moments = [first + at * every for at in range(ceil((span.until - first) / every))]
    marks = [Mark(x(moment), moment) for moment in moments if span.since <= moment < span.until]
    return [mark for mark in marks if mark.at <= right - 16]


def _peak(steps: Sequence[Step], place: float, frame: Frame, scale: float, reach: float) -> Mark | None:
    """Above its own bar and those beside it, as far as the words reach to either side."""
    most = max(range(len(steps)), key=lambda at: steps[at].alert, default=None)
    if most is None or not steps[most].alert:
        return None
    near = ceil(reach / place)
    highest = max(each.total for each in steps[max(most - near, 0) : most + near + 1])
    at = min(max(frame.left + (most + 0.5) * place, frame.left + reach), frame.width - reach)
    return Mark(
        round(at, 1), steps[most].start, steps[most].total, round(frame.base - highest * scale - 5, 1)
    )


def _midnight(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _floor(moment: datetime, width: timedelta) -> datetime:
    """The last multiple of `width` since midnight, in UTC; for whole days the midnight before."""
    midnight = _midnight(moment)
    return midnight if width >= DAY else midnight + ((moment - midnight) // width) * width
