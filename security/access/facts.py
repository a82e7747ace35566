"""Facts about people and circumstances, in the words that rules use."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from security.access.attributes import LEVELS, Value
from security.principal import Context, Principal

A_MINUTE = timedelta(minutes=1)


def of_principal(principal: Principal) -> dict[str, Value | None]:
    """What rules may know of who acts."""
    return {
        "principal.person": principal.person_id,
        "principal.agency": principal.agency_slug,
        "principal.roles": principal.roles,
        "principal.clearance": LEVELS[principal.clearance],
        "principal.compartments": principal.compartments,
        "principal.skills": principal.skills,
        "principal.partner": principal.partner,
    }


def of_context(context: Context, now: datetime | None) -> Mapping[str, Value | None]:
    """What rules may know of the circumstances; without `now` the age of the sign-in is not known."""
    return {
        "context.zone": context.zone,
        "context.device": context.device,
        "context.factor": context.factor,
        "context.channel": context.channel,
        "context.minutes_since_sign_in": _minutes(context.auth_time, now),
    }


def _minutes(since: datetime | None, now: datetime | None) -> int | None:
    """Minutes begun since the sign-in. A sign-in of the future is no evidence; a minute of it is another clock."""
    if since is None or now is None or since > now + A_MINUTE:
        return None
    return max(0, -((since - now) // A_MINUTE))
