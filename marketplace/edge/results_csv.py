"""A campaign's results as CSV, the same file through both doors."""

from __future__ import annotations

import csv
import io
from uuid import UUID

from marketplace.foundation.db import Tx
from security.principal import Context, Principal
from tasks import results
from tasks.table import cell

OURS = ("number", "result", "agreeing", "answers", "tied", "rule", "settled_on", "trace")
"""The columns beside those of the items; a field with one of these names gets `item_` before it."""


def results_csv(tx: Tx, campaign_id: UUID, *, actor: Principal, context: Context) -> str:
    """Every settled item: number, its fields, result, agreement, day, and the trace as `alias: value` pairs.

    Made in memory: a spooled file would be payload in a temporary folder. Raises NoSuchCampaign, NotForYou.
    """
    exported = results.export(tx, campaign_id, actor=actor, context=context)
    names = [field["name"] for field in results.readable(tx, campaign_id, actor).form["fields"]]
    written = io.StringIO(newline="")
    writer = csv.writer(written)
    writer.writerow([OURS[0], *(f"item_{name}" if name in OURS else name for name in names), *OURS[1:]])
    for row in exported:
        writer.writerow(
            [
                row["number"],
                *(cell(row["item"].get(name)) for name in names),
                cell(row["value"]),
                row["agreeing"],
                row["answers"],
                "yes" if row["tied"] else "no",
                row["rule"],
                row["settled_on"].isoformat(),
                "; ".join(f"{alias}: {value}" for alias, value in row["trace"]),
            ]
        )
    return written.getvalue()
