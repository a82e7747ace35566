"""Geometry of the charts, drawn by the templates as SVG. Pure: numbers in, coordinates out; no words, no colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil, log10

BRIEF = 7
"""So many days and fewer need no broad drawing."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis: where, and the value it stands for."""

    at: float
    value: float | date


@dataclass(frozen=True, slots=True)
class Progress:
    """Settled items over days: a line from the first day to the last, in a box of `width` by `height`."""

    width: int
    height: int
    left: int
    right: int
    base: float
    line: str
    area: str
    last: tuple[float, float]
    rows: list[tuple[date, int, int]]
    """Day, settled that day, settled in all: the table behind the chart."""
    up: list[Tick]
    along: list[Tick]
    brief: bool
    """Drawn small enough for a phone without scrolling."""


@dataclass(frozen=True, slots=True)
class Slice:
    """A piece of a strip 1000 wide."""

    name: str
    start: float
    width: float


def progress(by_day: Sequence[tuple[date, int]], total: int) -> Progress | None:
    """The line of settled items, day by day without gaps; None before there is one."""
    if not by_day:
        return None
    rows = _running(by_day)
    # A line needs two ends: the first day's begins with nothing on the day before.
    drawn = rows if len(rows) > 1 else [(rows[0][0] - timedelta(days=1), 0, 0), *rows]
    brief = len(rows) <= BRIEF
    width, height, left, right, top, base = (
        (360, 212, 36, 328, 14.0, 180.0) if brief else (640, 276, 52, 600, 14.0, 244.0)
    )
    most = _most(rows[-1][2], total)
    step = nice_step(most)
    ceiling = step * ceil(most / step)
    across = (right - left) / (len(drawn) - 1)
    points = [
        (round(left + index * across, 1), round(base - (base - top) * row[2] / ceiling, 1))
        for index, row in enumerate(drawn)
    ]
    line = " ".join(f"{x},{y}" for x, y in points)
    area = f"{points[0][0]},{base} {line} {points[-1][0]},{base}"
    up = [Tick(round(base - (base - top) * value / ceiling, 1), value) for value in _steps(ceiling, step)]
    return Progress(
        width, height, left, right, base, line, area, points[-1], rows, up, _days(drawn, left, across), brief
    )


def nice_step(most: float) -> int:
    """A round distance between grid lines that gives about four of them: 1, 2, 2.5 or 5 times a power of ten."""
    raw = most / 4
    power = 10 ** max(int(log10(raw)) if raw >= 1 else 0, 0)
    for factor in (1, 2, 2.5, 5, 10):
        step = factor * power
        if step >= raw and step == int(step):
            return int(step)
    return int(10 * power)


def slices(counts: Sequence[tuple[str, int]], gap: float = 2.0) -> list[Slice]:
    """Counts as pieces of a strip 1000 wide; every count above nothing is seen."""
    shown = [(name, count) for name, count in counts if count > 0]
    total = sum(count for _, count in shown)
    if not total:
        return []
    room = 1000 - gap * (len(shown) - 1)
    widths = [max(room * count / total, 4.0) for _, count in shown]
    scale = room / sum(widths)
    found, start = [], 0.0
    for (name, _), width in zip(shown, widths, strict=True):
        found.append(Slice(name, round(start, 1), round(width * scale, 1)))
        start += width * scale + gap
    return found


def length(count: float, most: float, full: float) -> float:
    """How long a bar is: in proportion, and never invisible where there is something."""
    if count <= 0 or most <= 0:
        return 0.0
    return round(max(full * count / most, 3.0), 1)


def _most(settled: int, total: int) -> float:
    """The top of the axis: all items, but at the beginning only as much as lets the line be seen."""
    return max(total if settled * 3 >= total else settled * 1.5, 4)


def _running(by_day: Sequence[tuple[date, int]]) -> list[tuple[date, int, int]]:
    counted = dict(by_day)
    day, last = min(counted), max(counted)
    rows, total = [], 0
    while day <= last:
        settled = counted.get(day, 0)
        total += settled
        rows.append((day, settled, total))
        day += timedelta(days=1)
    return rows


def _steps(ceiling: int, step: int) -> list[int]:
    return list(range(0, ceiling + 1, step))


def _days(rows: Sequence[tuple[date, int, int]], left: int, across: float) -> list[Tick]:
    every = max(ceil(len(rows) / 5), 1)
    marks = [Tick(round(left + index * across, 1), rows[index][0]) for index in range(0, len(rows), every)]
    if len(rows) > 1 and (len(rows) - 1) % every > every // 2:
        marks.append(Tick(round(left + (len(rows) - 1) * across, 1), rows[-1][0]))
    return marks
