"""When a sign-in is recent and strong enough; without evidence it is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from agencies import step_up
from agencies.errors import NeedsStepUp
from marketplace.foundation import clock
from marketplace.foundation.db import transaction
from security.principal import Context, Factor

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)


def signed_in(minutes_ago: float | None, factor: Factor) -> Context:
    at = None if minutes_ago is None else NOW - timedelta(minutes=minutes_ago)
    return Context("web", auth_time=at, factor=factor)


@pytest.mark.parametrize(
    ("ago", "factor", "allowed"),
    [
        (0, Factor.MULTI, True),
        (15, Factor.MULTI, True),
        (15.1, Factor.MULTI, False),
        (0, Factor.SINGLE, False),
        (0, Factor.NONE, False),
        (None, Factor.MULTI, False),
    ],
)
def test_a_quarter_of_an_hour_with_a_second_factor(ago: float | None, factor: Factor, allowed: bool) -> None:
    assert step_up.decide(signed_in(ago, factor), NOW).allowed is allowed


def test_an_act_may_ask_for_less_or_more() -> None:
    once = signed_in(50, Factor.SINGLE)
    assert step_up.decide(once, NOW, minutes=60, factor=Factor.SINGLE).allowed
    assert not step_up.decide(once, NOW, minutes=30, factor=Factor.SINGLE).allowed


def test_the_refusal_says_how_recent_and_that_signing_in_again_helps(database: Engine) -> None:
    with transaction() as tx, pytest.raises(NeedsStepUp) as raised:
        step_up.require(tx, Context("api"), minutes=5)
    (reason,) = raised.value.facts["reasons"]
    assert (reason.code, reason.remedy) == ("recent_sign_in", "step_up")
    assert dict(reason.args) == {"minutes": "5", "factor": "multi"}


def test_recent_is_told_by_the_databases_time(database: Engine) -> None:
    with transaction() as tx:
        fresh = Context("web", auth_time=clock.now(tx) - timedelta(minutes=1), factor=Factor.MULTI)
        step_up.require(tx, fresh)
