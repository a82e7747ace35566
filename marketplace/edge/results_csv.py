"""A campaign's results as CSV, the same file through both doors.

Columns: number, the fields, result, agreeing, answers, tied, rule, settled_on, trace, notes. With several questions
there are `result_NAME` and `trace_NAME` for each.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

from marketplace.foundation.db import Tx
from security.principal import Context, Principal
from tasks import results
from tasks.table import cell

_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_BEGINS_A_CELL = re.compile(r"([;\t\r\n]\s*)(?=[=+\-@])")


def results_csv(tx: Tx, campaign_id: UUID, *, actor: Principal, context: Context) -> str:
    """Every settled item: number, its fields, result, agreement, day, trace and notes as `alias: value` pairs.

    Made in memory: a spooled file would be payload in a temporary folder. Raises NoSuchCampaign, NotForYou.
    """
    exported = results.export(tx, campaign_id, actor=actor, context=context)
    return written(results.readable(tx, campaign_id, actor, context).form, exported)


def written(form: Mapping[str, Any], rows: Iterable[Mapping[str, Any]]) -> str:
    """Rows as `results.export` yields them, whoever opened them. A field called like one of our columns
    gets `item_` before its name.
    """
    names = [field["name"] for field in form["fields"]]
    asked = [question["name"] for question in form["questions"]]
    several = len(asked) > 1
    results = [f"result_{name}" for name in asked] if several else ["result"]
    traces = [f"trace_{name}" for name in asked] if several else ["trace"]
    ours = {"number", *results, "agreeing", "answers", "tied", "rule", "settled_on", *traces, "notes"}
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(
        [
            "number",
            *(f"item_{name}" if name in ours else name for name in names),
            *results, "agreeing", "answers", "tied", "rule", "settled_on", *traces, "notes",
        ]
    )  # fmt: skip
    for row in rows:
        values = row["values"] or {}
        writer.writerow(
            [
                row["number"],
                *(cell(row["item"].get(name)) for name in names),
                *(_value(values.get(name)) for name in asked),
                row["agreeing"],
                row["answers"],
                "yes" if row["tied"] else "no",
                row["rule"],
                row["settled_on"].isoformat(),
                *(_pairs(_said(row["trace"], name)) for name in asked),
                _pairs((alias, _one_line(note)) for alias, note in row["notes"]),
            ]
        )
    return text.getvalue()


def _value(value: Any) -> str:
    """A result as a cell: a list joined by "; ", a number as it is, anything else as no spreadsheet counts with it."""
    text = _joined(value)
    return text if _NUMBER.fullmatch(text) else cell(_BEGINS_A_CELL.sub(r"\1'", text))


def _said(trace: Iterable[tuple[str, Mapping[str, Any]]], name: str) -> Iterator[tuple[str, str]]:
    """Who said what to one question. Whoever left it out is left out."""
    for alias, answer in trace:
        if answer.get(name) is not None:
            yield alias, _one_line(_joined(answer[name]))


def _joined(value: Any) -> str:
    if isinstance(value, list):
        return "; ".join(str(each) for each in value)
    return "" if value is None else str(value)


def _pairs(pairs: Iterable[tuple[str, str]]) -> str:
    return cell("; ".join(f"{alias}: {said}" for alias, said in pairs))


def _one_line(said: str) -> str:
    """A note or an answer as part of a cell. A spreadsheet that takes the semicolon for the separator would otherwise
    begin a cell inside, and take what follows for a formula; so would a line break."""
    return " ".join(said.replace(";", ",").split())
