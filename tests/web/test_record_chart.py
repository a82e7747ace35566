"""The record's timeline as geometry: every entry is in one bar, bars stand on zero, nothing that is there is unseen."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from marketplace.web.record_chart import NARROW, WIDE, Frame, Step, Window, draw, merged, window

NOW = datetime(2026, 11, 21, 21, 20, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 21, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def steps(*counts: tuple[int, int, int], width: timedelta = HOUR) -> list[Step]:
    return [Step(MIDNIGHT + at * width, *each) for at, each in enumerate(counts)]


class TestWindow:
    def test_without_limits_it_is_the_last_seven_days(self) -> None:
        assert window(None, None, NOW) == Window(MIDNIGHT - 6 * DAY, MIDNIGHT + DAY, 2 * HOUR)

    def test_today_is_drawn_to_its_end_in_quarter_hours(self) -> None:
        assert window(MIDNIGHT, None, NOW) == Window(MIDNIGHT, MIDNIGHT + DAY, HOUR / 4)

    def test_an_end_without_a_beginning_has_seven_days_before_it(self) -> None:
        found = window(None, MIDNIGHT - 30 * DAY, NOW)
        assert found is not None
        assert (found.since, found.until) == (MIDNIGHT - 37 * DAY, MIDNIGHT - 30 * DAY)

    def test_the_future_is_not_drawn(self) -> None:
        found = window(MIDNIGHT, MIDNIGHT + 900 * DAY, NOW)
        assert found is not None
        assert found.until == MIDNIGHT + DAY

    def test_of_many_years_the_newest_is_drawn(self) -> None:
        found = window(datetime(1990, 1, 1, tzinfo=UTC), None, NOW)
        assert found is not None
        assert found.until - found.since == 366 * DAY

    @pytest.mark.parametrize("hours", [1, 5, 23, 100, 1000, 8000])
    def test_there_are_never_more_than_a_hundred_bars_and_they_begin_on_the_clock(self, hours: int) -> None:
        found = window(NOW - hours * HOUR, NOW, NOW)
        assert found is not None
        assert (found.until - found.since) / found.width <= 101
        midnight = found.since.replace(hour=0, minute=0)
        assert (found.since - midnight) % min(found.width, DAY) == timedelta()

    def test_limits_that_leave_no_time_have_no_drawing(self) -> None:
        assert window(NOW, NOW, NOW) is None
        assert window(MIDNIGHT + 5 * DAY, None, NOW) is None


class TestDrawing:
    DAY_SPAN = Window(MIDNIGHT, MIDNIGHT + 4 * HOUR, HOUR)

    @pytest.mark.parametrize("frame", [WIDE, NARROW])
    def test_bars_stand_on_zero_and_in_proportion(self, frame: Frame) -> None:
        found = draw(steps((40, 0, 0), (80, 0, 0), (0, 0, 0), (20, 0, 0)), self.DAY_SPAN, NOW, frame)
        assert [round(box.y + box.height, 1) for box in found.boxes] == [found.base] * 3
        low, high, small = (box.height for box in found.boxes)
        assert (high / low, low / small) == (pytest.approx(2, abs=0.01), pytest.approx(2, abs=0.02))

    def test_refused_stands_above_alert_above_done(self) -> None:
        found = draw(steps((4, 2, 1)), Window(MIDNIGHT, MIDNIGHT + HOUR, HOUR), NOW, WIDE)
        assert [box.kind for box in found.boxes] == ["done", "alert", "refused"]
        done, alert, refused = found.boxes
        assert (round(done.y, 1), round(alert.y, 1)) == (
            pytest.approx(alert.y + alert.height, abs=0.11),
            pytest.approx(refused.y + refused.height, abs=0.11),
        )

    def test_one_refusal_beside_thousands_is_seen(self) -> None:
        found = draw(steps((5000, 0, 1), (0, 0, 0)), self.DAY_SPAN, NOW, WIDE)
        assert [box.height >= 1.5 for box in found.boxes] == [True, True]

    def test_now_is_marked_where_it_is_in_the_drawing(self) -> None:
        span = Window(MIDNIGHT, MIDNIGHT + DAY, HOUR)
        counts = steps(*[(1, 0, 0)] * 24)
        found = draw(counts, span, MIDNIGHT + 12 * HOUR, WIDE)
        assert found.now == pytest.approx((found.left + found.right) / 2, abs=0.1)
        assert draw(counts, span, MIDNIGHT + 3 * DAY, WIDE).now is None

    def test_the_bar_with_the_most_under_alert_is_named(self) -> None:
        found = draw(steps((1, 0, 0), (1, 2, 0), (0, 9, 1)), self.DAY_SPAN, NOW, WIDE)
        assert found.peak is not None
        assert (found.peak.moment, found.peak.count) == (MIDNIGHT + 2 * HOUR, 10)
        assert draw(steps((1, 0, 0), (1, 0, 5)), self.DAY_SPAN, NOW, WIDE).peak is None

    @pytest.mark.parametrize("frame", [WIDE, NARROW])
    @pytest.mark.parametrize("days", [1, 2, 7, 30, 366])
    def test_marks_lie_inside_and_apart(self, frame: Frame, days: int) -> None:
        span = Window(MIDNIGHT - days * DAY, MIDNIGHT, days * DAY / 48)
        counts = [Step(span.since + at * span.width, 1, 0, 0) for at in range(48)]
        places = [mark.at for mark in draw(counts, span, NOW, frame).along]
        assert 2 <= len(places) <= frame.marks + 1
        assert places[0] >= frame.left
        assert places[-1] < frame.width
        assert min(b - a for a, b in itertools.pairwise(places)) > 40

    def test_nothing_at_all_is_drawn_as_an_empty_grid(self) -> None:
        found = draw(steps((0, 0, 0), (0, 0, 0)), self.DAY_SPAN, NOW, WIDE)
        assert found.boxes == []
        assert [mark.count for mark in found.up] == sorted({mark.count for mark in found.up})


def test_a_narrow_page_has_fewer_bars_with_the_same_counts() -> None:
    many = steps(*[(at, 1, 2) for at in range(96)], width=HOUR / 4)
    few = merged(many, 28)
    assert len(few) == 24
    assert [each.start for each in few[:2]] == [MIDNIGHT, MIDNIGHT + HOUR]
    assert sum(each.total for each in few) == sum(each.total for each in many)
