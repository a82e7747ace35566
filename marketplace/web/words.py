"""How values are written for people: numbers, days, minutes, labels. All of it in the reader's language."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from babel.dates import format_skeleton, format_time
from babel.lists import format_list
from babel.numbers import format_decimal, format_percent
from flask_babel import gettext, lazy_gettext, lazy_pgettext, ngettext
from markupsafe import Markup, escape

from marketplace.web import label_words
from marketplace.web.languages import formats

LEVELS = {
    "public": lazy_pgettext("protection", "Open"),
    "internal": lazy_pgettext("protection", "Official"),
    "sensitive": lazy_pgettext("protection", "Official: sensitive"),
    "restricted": lazy_pgettext("protection", "Official: restricted"),
}
CLOSED = ("sensitive", "restricted")
"""Levels whose content lies sealed and whose label is drawn with a lock."""

SHORT_LEVELS = {
    "public": lazy_pgettext("protection, short", "Open"),
    "internal": lazy_pgettext("protection, short", "Official"),
    "sensitive": lazy_pgettext("protection, short", "Sensitive"),
    "restricted": lazy_pgettext("protection, short", "Restricted"),
}
"""For dense tables."""

ROLES = {
    "contributor": lazy_gettext("contributor"),
    "task_owner": lazy_gettext("task owner"),
    "appraiser": lazy_gettext("appraiser"),
    "security_officer": lazy_gettext("security officer"),
    "operator": lazy_gettext("operator"),
    "agency_admin": lazy_gettext("agency administrator"),
    "line_manager": lazy_gettext("line manager"),
    "marketplace_officer": lazy_gettext("marketplace security officer"),
    "data_protection": lazy_gettext("data protection"),
    "works_council": lazy_gettext("works council"),
}
ZONES = {
    "office": lazy_gettext("office"),
    "vpn": lazy_gettext("VPN"),
    "home": lazy_gettext("home"),
    "public": lazy_gettext("public network"),
}


def number(value: float) -> str:
    """1234567 → 1,234,567, or as the reader's language groups it; at most one decimal."""
    return format_decimal(value, "#,##0.#", locale=formats())


def percent(part: float, whole: float) -> str:
    """6412 of 10000 → 64 %, as the reader's language writes it."""
    return format_percent(round(part / whole, 2) if whole else 0, locale=formats())


def capital(text: str) -> str:
    """With a capital letter at the beginning, for words that stand alone."""
    return type(text)(text[:1].upper() + text[1:])


def day(value: date | datetime | None) -> str:
    """Fri 4 Dec; with the year where it is another one than this."""
    if value is None:
        return ""
    skeleton = "MMMEd" if value.year == datetime.now(UTC).year else "yMMMd"
    return format_skeleton(skeleton, _at_noon(value), locale=formats())


def short_day(value: date | datetime | None) -> str:
    """4 Dec."""
    return "" if value is None else format_skeleton("MMMd", _at_noon(value), locale=formats())


def clock(value: datetime) -> str:
    """14:32 UTC; a browser with scripts rewrites it in its own zone."""
    return gettext("%(time)s UTC", time=format_time(value.astimezone(UTC), "HH:mm", locale=formats()))


def hour(value: datetime) -> str:
    """14:32, in UTC where what stands around it says so."""
    return format_time(value.astimezone(UTC), "HH:mm", locale=formats())


def instant(value: datetime) -> str:
    """21:19:04.118, always in UTC, for records that are compared by the eye."""
    moment = value.astimezone(UTC)
    return f"{moment:%H:%M:%S}.{moment.microsecond // 1000:03d}"


def minutes(value: float) -> str:
    """1 min, ½ min, 2 min."""
    return gettext("%(minutes)s min", minutes="½" if value == 0.5 else number(value))


def about_minutes(value: float) -> str:
    """about 1 minute."""
    if value < 1:
        return gettext("less than a minute")
    return ngettext("about %(num)s minute", "about %(num)s minutes", round(value))


def seconds(value: float | None) -> str:
    """A lag: 0.4 s, 40 s, 9 min, 3 h."""
    if value is None:
        return "–"
    if value < 120:
        return gettext(
            "%(number)s s", number=format_decimal(value, "0.#" if value < 10 else "0", locale=formats())
        )
    if value < 7200:
        return gettext("%(minutes)s min", minutes=number(round(value / 60)))
    return gettext("%(hours)s h", hours=number(round(value / 3600)))


def level(key: str, of: str | None = None) -> str:
    """The word for a level: of the agency with the short name `of`, of the reader's own, or the common one."""
    return label_words.own(key, of) or str(LEVELS.get(key, key))


def short_level(key: str) -> str:
    """One word for a protection level, or the reader's own agency's."""
    return label_words.own(key) or str(SHORT_LEVELS.get(key, key))


def listed(names: list[str]) -> Markup:
    """“a”, “a and b”, “a, b and c”, each name in bold."""
    marked = [str(Markup("<b>%s</b>") % name) for name in names]
    return Markup(format_list(marked, locale=formats()))  # noqa: S704 - every part was escaped above


def sentence(text: str, **parts: Any) -> Markup:
    """A translated sentence with escaped parts put in; parts that are Markup stay as they are."""
    return escape(text) % parts if parts else escape(text)


def _at_noon(value: date | datetime) -> datetime:
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    return datetime(value.year, value.month, value.day, 12, tzinfo=UTC)
