"""Numbers, days and times as the reader's language writes them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from flask_babel import force_locale
from markupsafe import Markup

from marketplace.web import words
from tests.web.stage import Stage

THIS_YEAR = datetime.now(UTC).year


@pytest.fixture(params=["en", "de", "nl", "fr"])
def language(request: pytest.FixtureRequest, stage: Stage) -> Iterator[str]:
    with stage.app.test_request_context(), force_locale(request.param):
        yield request.param


def test_numbers_are_grouped(language: str) -> None:
    grouped = {"en": "6,412", "de": "6.412", "nl": "6.412", "fr": "6\u202f412"}
    assert words.number(6412) == grouped[language]


def test_a_part_is_a_whole_percentage(language: str) -> None:
    written = {"en": "67%", "de": "67\xa0%", "nl": "67%", "fr": "67\u202f%"}
    assert words.percent(2, 3).replace("\u00a0%", "\xa0%") in (
        written[language],
        written[language].replace("\u202f", "\xa0"),
    )
    assert words.percent(0, 0).startswith("0")


def test_a_day_of_another_year_says_the_year(language: str) -> None:
    assert str(THIS_YEAR + 1) in words.day(date(THIS_YEAR + 1, 3, 31))
    assert str(THIS_YEAR) not in words.day(date(THIS_YEAR, 3, 31))
    assert words.day(None) == ""


def test_minutes_have_their_plural(language: str) -> None:
    one = {"en": "about 1 minute", "de": "etwa 1 Minute", "nl": "ongeveer 1 minuut", "fr": "environ 1 minute"}
    two = {
        "en": "about 2 minutes",
        "de": "etwa 2 Minuten",
        "nl": "ongeveer 2 minuten",
        "fr": "environ 2 minutes",
    }
    assert words.about_minutes(1) == one[language]
    assert words.about_minutes(2) == two[language]


def test_names_are_listed_and_escaped(language: str) -> None:
    word = {"en": "and", "de": "und", "nl": "en", "fr": "et"}[language]
    assert words.listed(["a", "<b>"]) == Markup(f"<b>a</b> {word} <b>&lt;b&gt;</b>")


def test_a_lag_is_short(language: str) -> None:
    assert words.seconds(None) == "–"
    assert words.seconds(0.42).startswith(("0.4", "0,4"))
    assert words.seconds(540).startswith("9")


def test_half_a_minute_is_a_half(language: str) -> None:
    assert words.minutes(0.5).startswith("½")
