"""Entries of the record as rows: what leads where, by day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date
from itertools import groupby
from typing import Any
from uuid import UUID

from flask_babel import gettext

from agencies.oversight.spans import Span
from marketplace.web import names

NO_SEARCH = ("route", "person", "campaign", "log")
"""Kinds of objects whose id is no word of a search, or another word than `object`."""
LONGEST_WORD = 20
"""Characters of an object's name that is written out; what is longer was not made to be read."""


def by_day(rows: Iterable[dict[str, Any]]) -> list[tuple[date, list[dict[str, Any]]]]:
    """Rows under the day (UTC) on which they happened."""
    days = groupby(rows, key=lambda row: row["at"].astimezone(UTC).date())
    return [(day, list(of_day)) for day, of_day in days]


def shown(
    row: Mapping[str, Any],
    agencies: Mapping[Any, Any],
    campaigns: Mapping[UUID, str],
    spans: Sequence[Span],
) -> dict[str, Any]:
    """An entry with what its row says and leads to.

    `agencies` and `campaigns` by id; a campaign that is not among them is called by the beginning of its id.
    """
    detail = row["detail"] or {}
    campaign = row["campaign_id"]
    return dict(row) | {
        "agency_shown": agencies.get(row["agency_id"]),
        "object_name": _object_name(row),
        "object_link": None if row["object_kind"] in NO_SEARCH else row["object_id"],
        "object_short": _shortened(row["object_id"] or ""),
        "campaign_name": None if campaign is None else campaigns.get(campaign, str(campaign)[:8]),
        "campaign_only": row["object_kind"] == "campaign",
        "label": row["level"],
        "reason": names.refusal(detail.get("reasons") or [], detail.get("error")),
        "alert": any(span.holds(row["pseudonym"], row["number"]) for span in spans),
        "new_device": detail.get("new_device") is True,
    }


def _shortened(identifier: str) -> str:
    """The beginning of an id that nobody reads out; a word as it is."""
    return identifier if len(identifier) <= LONGEST_WORD else identifier[:8]


def _object_name(row: Mapping[str, Any]) -> str:
    """The kind of thing; of a person without a pseudonym no more than that it was one."""
    if row["object_kind"] == "person":
        return gettext("a person")
    return "" if row["object_kind"] == "none" else names.thing(row["object_kind"], row["object_id"])
