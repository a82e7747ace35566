"""The record's timeline: counts of what a search finds, what of it is under alert, and the finding in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from flask_babel import gettext, ngettext

from agencies.oversight.spans import Span
from marketplace.foundation import clock
from marketplace.foundation.db import Tx
from marketplace.web import record_chart, record_search, words
from marketplace.web.record_chart import Drawing, Step, Window
from security.log import queries
from security.log.filtering import Filters
from security.principal import Principal


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the table behind the drawing, and the search for just these entries."""

    label: str
    done: int
    alert: int
    refused: int
    href: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """What the page shows: heading, the finding as the drawing's title, two drawings, the table."""

    heading: str
    finding: str
    drawings: tuple[Drawing, ...]
    lines: list[Line]
    has_alert: bool
    has_refused: bool


def read(
    tx: Tx, asked: Filters, given: Mapping[str, str], spans: Sequence[Span], actor: Principal
) -> Timeline | None:
    """The timeline of a search that was read in this same transaction; None where its limits leave no time.

    `given` are the search's words; `spans` the entries under alert.
    """
    now = clock.now(tx)
    span = record_chart.window(asked.since, asked.until, now)
    if span is None:
        return None
    steps = _steps(tx, asked, span, spans, actor)
    total = sum(each.total for each in steps)
    few = record_chart.merged(steps, record_chart.NARROW_BARS)
    return Timeline(
        _heading(total, given, span),
        _finding(steps, span),
        (
            record_chart.draw(steps, span, now, record_chart.WIDE),
            record_chart.draw(few, span, now, record_chart.NARROW),
        ),
        [_line(each, span, given) for each in steps if each.total],
        any(each.alert for each in steps),
        any(each.refused for each in steps),
    )


def _steps(tx: Tx, asked: Filters, span: Window, spans: Sequence[Span], actor: Principal) -> list[Step]:
    """Counts per bar. Each stretch under alert is counted by itself: the stretches have no entry in common."""

    def count(filters: Filters) -> list[queries.Bar]:
        return queries.timeline(tx, filters, span.since, span.until, span.width, actor=actor)

    bars = count(asked)
    alert = [0] * len(bars)
    for under in spans:
        narrowed = _narrowed(asked, under)
        if narrowed is not None:
            alert = [before + bar.done for before, bar in zip(alert, count(narrowed), strict=True)]
    return [
        Step(bar.start, bar.done - under, under, bar.refused) for bar, under in zip(bars, alert, strict=True)
    ]


def _narrowed(asked: Filters, under: Span) -> Filters | None:
    """The same search within one stretch under alert; None where it can find nothing there."""
    if asked.subject_id not in (None, under.subject_id):
        return None
    first = max(under.first, asked.first or 0)
    last = under.last if asked.last is None else min(under.last, asked.last)
    return replace(asked, subject_id=under.subject_id, first=first, last=last) if first <= last else None


def _heading(total: int, given: Mapping[str, str], span: Window) -> str:
    shown = words.number(total)
    period = given.get("period") if not {"since", "until"} & set(given) else "between"
    if period == "today":
        return ngettext("%(count)s entry today", "%(count)s entries today", total, count=shown)
    if period == "month":
        return ngettext(
            "%(count)s entry in the last 30 days", "%(count)s entries in the last 30 days", total, count=shown
        )
    if period == "between":
        say = _sayer(span.until - span.since <= timedelta(days=2))
        last = span.until - timedelta(microseconds=1) if span.until == _whole(span.until) else span.until
        return ngettext(
            "%(count)s entry from %(since)s to %(until)s",
            "%(count)s entries from %(since)s to %(until)s",
            total,
            count=shown,
            since=say(span.since),
            until=say(last if span.until - span.since > timedelta(days=2) else span.until),
        )
    return ngettext(
        "%(count)s entry in the last 7 days", "%(count)s entries in the last 7 days", total, count=shown
    )


def _finding(steps: Sequence[Step], span: Window) -> str:
    """The drawing in words: when the most happened, how much was refused, how much is under alert."""
    most = max(steps, key=lambda each: each.total)
    if not most.total:
        return gettext("No entries in this time")
    parts = [
        gettext(
            "Most entries at %(when)s: %(count)s",
            when=moment(most.start, span),
            count=words.number(most.total),
        )
    ]
    refused, alert = sum(each.refused for each in steps), sum(each.alert for each in steps)
    parts.append(gettext("refused: %(count)s", count=words.number(refused)))
    if alert:
        parts.append(gettext("under alert: %(count)s", count=words.number(alert)))
    return "; ".join(parts)


def _line(step: Step, span: Window, given: Mapping[str, str]) -> Line:
    kept = {name: word for name, word in given.items() if name not in ("period", "since", "until")}
    until = min(step.start + span.width, span.until)
    href = record_search.address(kept, since=_address(step.start), until=_address(until))
    return Line(moment(step.start, span), step.done, step.alert, step.refused, href)


def moment(at: datetime, span: Window) -> str:
    """When a bar begins: its day where bars are days, else the time too, with the day where there are several."""
    if span.width >= timedelta(days=1):
        return words.day(at)
    return _sayer(span.until - span.since <= timedelta(days=1), with_time=True)(at)


def _sayer(short: bool, with_time: bool = False) -> Callable[[datetime], str]:
    def say(at: datetime) -> str:
        time = words.hour(at)
        if short and with_time:
            return time
        return f"{words.day(at)}, {time}" if short or with_time else words.day(at)

    return say


def _address(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M")


def _whole(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0, second=0, microsecond=0)
