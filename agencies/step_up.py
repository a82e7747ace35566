"""Whether somebody signed in recently and strongly enough for this act; if not, signing in again is the remedy."""

from __future__ import annotations

from datetime import datetime, timedelta

from agencies.errors import NeedsStepUp
from marketplace.foundation import clock
from marketplace.foundation.db import Tx
from security.decision import ALLOWED, Decision, refused
from security.principal import Context, Factor

MINUTES = 15
"""How long a sign-in counts as recent where an act does not say otherwise."""
REMEDY = "step_up"
_STRENGTH = {Factor.NONE: 0, Factor.SINGLE: 1, Factor.MULTI: 2}


def decide(
    context: Context, now: datetime, *, minutes: int = MINUTES, factor: Factor = Factor.MULTI
) -> Decision:
    """Whether the sign-in of `context` is at most `minutes` old and at least as strong as `factor`.

    A token of a program says nothing about a sign-in (NONE, no time): it never suffices.
    """
    recent = context.auth_time is not None and now - context.auth_time <= timedelta(minutes=minutes)
    if recent and _STRENGTH[context.factor] >= _STRENGTH[factor]:
        return ALLOWED
    return refused("recent_sign_in", REMEDY, minutes=str(minutes), factor=factor.value)


def require(tx: Tx, context: Context, *, minutes: int = MINUTES, factor: Factor = Factor.MULTI) -> None:
    """Raises NeedsStepUp unless the sign-in is recent and strong enough, by the database's time."""
    decide(context, clock.now(tx), minutes=minutes, factor=factor).or_raise(NeedsStepUp)
