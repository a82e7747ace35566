"""A campaign's results as CSV, the same file through both doors."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from marketplace.foundation.db import Tx
from security.principal import Context, Principal
from tasks import results
from tasks.table import cell

OURS = ("number", "result", "agreeing", "answers", "tied", "rule", "settled_on", "trace", "notes")
"""The columns beside those of the items; a field with one of these names gets `item_` before it."""


def results_csv(tx: Tx, campaign_id: UUID, *, actor: Principal, context: Context) -> str:
    """Every settled item: number, its fields, result, agreement, day, trace and notes as `alias: value` pairs.

    Made in memory: a spooled file would be payload in a temporary folder. Raises NoSuchCampaign, NotForYou.
    """
    exported = results.export(tx, campaign_id, actor=actor, context=context)
    return written(results.readable(tx, campaign_id, actor, context).form, exported)


def written(form: Mapping[str, Any], rows: Iterable[Mapping[str, Any]]) -> str:
    """Rows as `results.export` yields them, whoever opened them."""
    names = [field["name"] for field in form["fields"]]
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([OURS[0], *(f"item_{name}" if name in OURS else name for name in names), *OURS[1:]])
    for row in rows:
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
                _pairs(row["trace"]),
                _pairs((alias, _one_line(note)) for alias, note in row["notes"]),
            ]
        )
    return text.getvalue()


def _pairs(pairs: Iterable[tuple[str, str]]) -> str:
    return cell("; ".join(f"{alias}: {said}" for alias, said in pairs))


def _one_line(note: str) -> str:
    """A note as part of a cell. A spreadsheet that takes the semicolon for the separator would otherwise begin a cell
    inside the note, and take what follows for a formula; so would a line break."""
    return " ".join(note.replace(";", ",").split())
