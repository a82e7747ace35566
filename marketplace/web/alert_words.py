"""Alerts in words: what happened, why that is an alert, what its rule says, and what to do about the record's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from babel.dates import get_day_names
from babel.lists import format_list
from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _lp

from marketplace.web import words
from marketplace.web.languages import formats

NAMES: Mapping[str, Any] = {
    "new_device_bulk": _l("New device, then many items"),
    "many_views": _l("Many items within a short time"),
    "sensitive_export": _l("Export of protected results"),
    "outside_hours": _l("Outside agreed hours"),
    "refusals": _l("Repeated refusals"),
    "witness_contradicts": _l("A witness contradicts the record"),
    "witness_behind": _l("A witness has fallen behind"),
    "clock_jump": _l("A clock has jumped"),
    "gap": _l("Something in the record does not fit"),
}
REASONS: Mapping[str, Any] = {
    "new_device_bulk": _l(
        "Somebody who has taken over an account often comes from a device that was never seen, and takes what they "
        "can get."
    ),
    "many_views": _l(
        "Whoever opens item after item may be collecting content. It says nothing about anybody’s work."
    ),
    "sensitive_export": _l(
        "An export leaves the marketplace. What becomes of it there is neither protected nor on this record."
    ),
    "outside_hours": _l("At a time when nobody is expected, nobody notices what is opened either."),
    "refusals": _l("Somebody may be trying doors, or lacks a right that they need."),
    "witness_contradicts": _l(
        "A witness saw another record than the one that is shown now. Entries may have been rewritten."
    ),
    "witness_behind": _l("What no witness has seen could be rewritten without anybody noticing."),
    "clock_jump": _l("Times of entries before and after the jump do not fit together."),
    "gap": _l("An entry is missing, was changed, or does not belong there."),
}
NEXT: Mapping[str, Any] = {
    "witness_contradicts": _l(
        "Ask whoever runs the witness for what it saw. Verify the record offline, and speak to the marketplace’s "
        "operator."
    ),
    "witness_behind": _l("Ask whoever runs the witness whether it still runs and can be reached."),
    "clock_jump": _l("Ask the marketplace’s operator what happened to the clock."),
    "gap": _l("Verify the record offline, and speak to the marketplace’s operator."),
}
"""What helps where the entries themselves tell an officer nothing."""
FAULTS: Mapping[str, Any] = {
    "entry_changed": _l("an entry is not what it was"),
    "entry_missing": _l("an entry is missing"),
    "entry_unknown": _l("an entry does not belong to the record"),
    "root_wrong": _l("the record as a whole is not what was signed"),
    "note_wrong": _l("the signature under the record does not hold"),
}
"""What a check of the record found."""
STATES = {"open": _lp("an alert", "Open"), "taken": _l("Taken"), "closed": _lp("an alert", "Closed")}
FINDINGS = {
    "explained": _l("Explained"),
    "mistake": _l("A mistake"),
    "misuse": _l("Misuse"),
    "incident": _l("An incident"),
    "false_alarm": _l("False alarm"),
}


def title(alert: Mapping[str, Any]) -> str:
    """What happened, in one line: New device, then 41 items in 6 minutes."""
    return _TITLES[alert["kind"]](alert, int(alert["facts"].get("count", 1)))


def since(alert: Mapping[str, Any]) -> datetime:
    """When the first of it happened."""
    return datetime.fromisoformat(alert["facts"]["since"])


def finding(code: str) -> str:
    """What an officer found, in words."""
    return str(FINDINGS.get(code, code))


def rule(kind: str, values: Mapping[str, Any]) -> str:
    """What the rule says, with its values."""
    return _RULES[kind](values)


def days(numbers: list[int]) -> str:
    """Mon, Tue and Fri, as the reader's language writes it."""
    names = get_day_names("abbreviated", locale=formats())
    return format_list([names[number] for number in sorted(numbers)], locale=formats())


def day_names() -> list[tuple[int, str]]:
    """Every day of the week with its number, Monday is 0."""
    names = get_day_names("wide", "stand-alone", locale=formats())
    return [(number, words.capital(names[number])) for number in range(7)]


def _within(alert: Mapping[str, Any]) -> str:
    """In 6 minutes, in 3 hours."""
    lasted: timedelta = alert["last_at"] - since(alert)
    minutes = max(1, ceil(lasted.total_seconds() / 60))
    if minutes <= 120:
        return ngettext("in %(num)s minute", "in %(num)s minutes", minutes)
    return ngettext("in %(num)s hour", "in %(num)s hours", ceil(minutes / 60))


def _new_device(alert: Mapping[str, Any], count: int) -> str:
    return ngettext(
        "New device, then %(num)s item %(within)s",
        "New device, then %(num)s items %(within)s",
        count,
        within=_within(alert),
    )


def _many_views(alert: Mapping[str, Any], count: int) -> str:
    return ngettext(
        "%(num)s item opened %(within)s", "%(num)s items opened %(within)s", count, within=_within(alert)
    )


def _export(alert: Mapping[str, Any], count: int) -> str:
    label = words.level(alert["facts"]["level"])
    return ngettext(
        "%(num)s export of results labelled “%(label)s”",
        "%(num)s exports of results labelled up to “%(label)s”",
        count,
        label=label,
    )


def _outside(_: Mapping[str, Any], count: int) -> str:
    return ngettext(
        "Content opened %(num)s time outside agreed hours",
        "Content opened %(num)s times outside agreed hours",
        count,
    )


def _refusals(alert: Mapping[str, Any], count: int) -> str:
    return ngettext("%(num)s refusal %(within)s", "%(num)s refusals %(within)s", count, within=_within(alert))


def _contradicts(alert: Mapping[str, Any], _: int) -> str:
    return gettext("The witness “%(name)s” contradicts the record", name=alert["about"])


def _behind(alert: Mapping[str, Any], _: int) -> str:
    return gettext("The witness “%(name)s” has fallen behind", name=alert["about"])


def _jump(alert: Mapping[str, Any], _: int) -> str:
    return gettext("The clock jumped by %(seconds)s s", seconds=words.number(alert["facts"]["seconds"]))


def _gap(_: Mapping[str, Any], count: int) -> str:
    return ngettext(
        "%(num)s place in the record does not fit", "%(num)s places in the record do not fit", count
    )


_TITLES: Mapping[str, Callable[[Mapping[str, Any], int], str]] = {
    "new_device_bulk": _new_device,
    "many_views": _many_views,
    "sensitive_export": _export,
    "outside_hours": _outside,
    "refusals": _refusals,
    "witness_contradicts": _contradicts,
    "witness_behind": _behind,
    "clock_jump": _jump,
    "gap": _gap,
}
_RULES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "new_device_bulk": lambda values: gettext(
        "Somebody signs in from a device that was never seen, and then opens %(count)s items or more within "
        "%(minutes)s minutes.",
        **values,
    ),
    "many_views": lambda values: gettext(
        "One person opens more than %(count)s items within %(minutes)s minutes.", **values
    ),
    "sensitive_export": lambda values: gettext(
        "Somebody exports results labelled “%(level)s” or higher.", level=words.level(values["level"])
    ),
    "outside_hours": lambda values: gettext(
        "Somebody opens an item or a result outside %(days)s, %(from)s to %(until)s (%(zone)s).",
        **{**values, "days": days(values["days"])},
    ),
    "refusals": lambda values: gettext(
        "One person is refused more than %(count)s times within %(minutes)s minutes, sign-ins that failed included.",
        **values,
    ),
    "witness_contradicts": lambda _: gettext("A witness refuses the record as another one than it saw."),
    "witness_behind": lambda _: gettext("A witness has seen nothing new for more than 10 minutes."),
    "clock_jump": lambda _: gettext("The time of the database moves by more than 5 seconds at once."),
    "gap": lambda _: gettext("The regular check of the record finds something that does not fit."),
}
