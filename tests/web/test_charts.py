"""Charts as geometry: in proportion, without gaps, and nothing that is there becomes invisible."""

from __future__ import annotations

from datetime import date

import pytest

from marketplace.web import charts

DAY = date(2026, 11, 20)


def test_a_campaign_without_results_has_no_line() -> None:
    assert charts.progress([], 100) is None


def test_days_without_results_stand_in_the_table_too() -> None:
    found = charts.progress([(DAY, 2), (date(2026, 11, 23), 3)], 5)
    assert found is not None
    assert found.rows == [
        (DAY, 2, 2),
        (date(2026, 11, 21), 0, 2),
        (date(2026, 11, 22), 0, 2),
        (date(2026, 11, 23), 3, 5),
    ]


def test_the_line_ends_at_the_height_of_what_is_settled() -> None:
    found = charts.progress([(DAY, 50), (date(2026, 11, 21), 50)], 200)
    assert found is not None
    top, base = 14.0, 180.0
    assert found.last == (328.0, base - (base - top) / 2)


def test_many_days_are_drawn_broad_and_few_fit_a_phone() -> None:
    many = charts.progress([(date(2026, 11, 1), 2), (DAY, 3)], 5)
    few = charts.progress([(date(2026, 11, 18), 2), (DAY, 3)], 5)
    assert many is not None
    assert few is not None
    assert (many.width, few.width) == (640, 360)


def test_one_day_is_a_line_as_well() -> None:
    found = charts.progress([(DAY, 4)], 4)
    assert found is not None
    assert len(found.line.split()) == 2
    assert [tick.value for tick in found.along] == [date(2026, 11, 19), DAY]
    assert found.rows == [(DAY, 4, 4)]


def test_at_the_beginning_the_axis_fits_the_line() -> None:
    found = charts.progress([(DAY, 20)], 10_000)
    assert found is not None
    assert max(tick.value for tick in found.up) <= 40


@pytest.mark.parametrize(
    ("most", "step"), [(4, 1), (10, 5), (40, 10), (1000, 250), (2000, 500), (10_000, 2500)]
)
def test_grid_lines_stand_at_round_numbers(most: float, step: int) -> None:
    assert charts.nice_step(most) == step


def test_a_strip_is_filled_and_shows_the_smallest_part() -> None:
    found = charts.slices([("settled", 9_999), ("open", 1), ("none", 0)])
    assert [piece.name for piece in found] == ["settled", "open"]
    assert found[1].width >= 3.9
    assert found[1].start + found[1].width == pytest.approx(1000, abs=0.3)


def test_nothing_to_show_is_an_empty_strip() -> None:
    assert charts.slices([("settled", 0)]) == []


@pytest.mark.parametrize(("count", "length"), [(0, 0.0), (1, 3.0), (50, 50.0), (100, 100.0)])
def test_a_bar_is_in_proportion_and_never_invisible(count: int, length: float) -> None:
    assert charts.length(count, 100, 100) == length
