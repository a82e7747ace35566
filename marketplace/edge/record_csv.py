"""What a search of the record finds, as CSV: for a case file, not for following the record."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from agencies.models import Agency
from marketplace.foundation.db import Tx
from security.log import queries
from security.log.filtering import Filters
from security.principal import Context, Principal
from tasks.table import cell

MOST = 10_000
"""Entries in one file."""
COLUMNS = (
    "number", "time", "pseudonym", "agency", "act", "object_kind", "object", "object_pseudonym", "object_agency",
    "campaign", "purpose", "channel", "zone", "device", "device_id", "session", "label", "outcome", "reasons",
    "reference", "rules",
)  # fmt: skip
CUT = "Cut here: one file has at most {most:,} entries. Older ones are below number {below}."


def record_csv(
    tx: Tx,
    asked: Filters,
    *,
    before: int | None = None,
    most: int = MOST,
    actor: Principal,
    context: Context,
) -> str:
    """The newest entries that a search finds, codes as the record has them; taking them goes on the record.

    Made in memory. Where there are more than one file holds, the last line says so, and where they begin.
    """
    found = queries.entries(
        tx, asked, before=before, limit=most, act="log.export", actor=actor, context=context
    )
    agencies = slugs(tx)
    written = io.StringIO(newline="")
    writer = csv.writer(written)
    writer.writerow(COLUMNS)
    for row in found["rows"]:
        writer.writerow([_cell(value) for value in plain(row, agencies).values()])
    if found["next"] is not None:
        writer.writerow([CUT.format(most=most, below=found["next"])])
    return written.getvalue()


def slugs(db: Tx) -> dict[UUID, str]:
    """The short name of every agency, by its id."""
    return {row.id: row.slug for row in db.all(select(Agency.id, Agency.slug))}


def plain(row: Mapping[str, Any], agencies: Mapping[UUID, str]) -> dict[str, Any]:
    """A row of `queries.entries` by the names of `COLUMNS`; `agencies` are short names by id, `reasons` codes."""
    detail = row["detail"] or {}
    known = {
        **row,
        "time": _time(row["at"]),
        "agency": agencies.get(row["agency_id"], row["agency_id"]),
        "object": row["object_id"],
        "object_agency": agencies.get(row["object_agency_id"], row["object_agency_id"]),
        "campaign": row["campaign_id"],
        "label": row["level"],
        "reasons": detail.get("reasons") or [code for code in (detail.get("error"),) if code],
    }
    return {name: known[name] for name in COLUMNS}


def _cell(value: Any) -> str:
    return cell(" ".join(value) if isinstance(value, list) else value)


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
