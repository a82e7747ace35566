"""Alerts for officers: what waits, one alert with what can be done about it, and the rules by which alerts arise."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import url_for

from agencies import directory
from agencies.oversight.alerts import listing
from agencies.oversight.alerts.kinds import OF_PEOPLE
from marketplace.edge.acting import current_principal
from marketplace.foundation.db import Tx
from marketplace.web import alert_words

MOST_WAITING = 99


def waiting(tx: Tx) -> list[dict[str, Any]]:
    """The alerts of the acting officer's agency that are not closed, newest first: the list that
    `parts/alerts_waiting.html` shows the first three of.
    """
    found = listing.not_closed(tx, current_principal().agency_id, MOST_WAITING)
    return [shown(alert, _agencies(tx)) for alert in found]


def shown(alert: Mapping[str, Any], agencies: Mapping[UUID, str]) -> dict[str, Any]:
    """An alert with its words: title, since, agency, zone, look (an address or nothing)."""
    agency = alert["facts"].get("agency")
    return dict(alert) | {
        "title": alert_words.title(alert),
        "since": alert_words.since(alert),
        "agency": agencies.get(UUID(agency)) if agency else None,
        "zone": alert["facts"].get("zone"),
        "look": _look(alert),
    }


def _look(alert: Mapping[str, Any]) -> str | None:
    """The record's entries about somebody in that time; until is the first second that does not count."""
    if alert["kind"] not in OF_PEOPLE:
        return None
    of = {"pseudonym": alert["pseudonym"]} if alert["pseudonym"] else {"device": alert["about"]}
    begin = alert_words.since(alert).replace(microsecond=0)
    end = alert["last_at"].replace(microsecond=0) + timedelta(seconds=1)
    return url_for("web.record", **of, since=begin.isoformat(), until=end.isoformat())


def _agencies(tx: Tx) -> dict[UUID, str]:
    return {row.id: row.name for row in directory.listing(tx)}
