"""The quarterly summary of an agency's record: tables to read, and the same as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Response, render_template, url_for
from flask_babel import gettext

from agencies.oversight import summary as use_cases
from agencies.oversight.summary import Quarter
from marketplace.edge.acting import current_context, current_principal
from marketplace.foundation import clock
from marketplace.foundation.db import Tx, transaction
from marketplace.web import alert_words, names, words
from marketplace.web.blueprint import web
from tasks.table import cell


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the summary: its caption, its columns, its rows; a count is an int, everything else is text."""

    id: str
    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str | int]]
    hint: str = ""


@web.get("/record/summary", defaults={"quarter": ""})
@web.get("/record/summary/<quarter>")
def summary(quarter: str) -> str:
    """One quarter, by default this one. Reading it is on record."""
    with transaction() as tx:
        chosen = _chosen(tx, quarter)
        tables = _tables(tx, chosen)
        kept = use_cases.kept(tx, current_principal())
    return render_template(
        "record_summary.html",
        quarter=chosen,
        title=said(chosen),
        tables=tables,
        quarters=[(each == chosen, said(each), url_for("web.summary", quarter=str(each))) for each in kept],
    )


@web.get("/record/summary/<quarter>.csv")
def summary_csv(quarter: str) -> Response:
    """The same counts as CSV: table, what is counted, count. Made in memory."""
    with transaction() as tx:
        chosen = use_cases.parse(quarter)
        tables = _tables(tx, chosen)
    written = io.StringIO(newline="")
    writer = csv.writer(written)
    for table in tables:
        writer.writerow([cell(table.caption), *(cell(column) for column in table.columns)])
        for row in table.rows:
            writer.writerow(["", *(value if isinstance(value, int) else cell(value) for value in row)])
    response = Response(written.getvalue(), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="summary-{chosen}.csv"'
    return response


def said(quarter: Quarter) -> str:
    """A quarter in words."""
    return gettext("Quarter %(number)s of %(year)s", number=quarter.number, year=quarter.year)


def _chosen(db: Tx, quarter: str) -> Quarter:
    return use_cases.parse(quarter) if quarter else use_cases.of(clock.now(db))


def _tables(tx: Tx, quarter: Quarter) -> list[Table]:
    found = use_cases.read(tx, quarter, actor=current_principal(), context=current_context())
    entries = gettext("Entries")
    protected = [gettext("Label"), gettext("From"), entries]
    return [
        Table(
            "acts",
            gettext("Entries by act"),
            [gettext("Act"), gettext("Done"), gettext("Refused or failed")],
            [(names.act(act), done, refused) for act, done, refused in found["acts"]],
        ),
        Table(
            "refusals",
            gettext("Refusals by rule"),
            [gettext("Rule"), entries],
            [(_refusal(code), count) for code, count in found["refusals"].items()],
        ),
        Table("views", gettext("Views of items by label and network"), protected, _places(found["views"])),
        Table("exports", gettext("Exports by label and network"), protected, _places(found["exports"])),
        Table(
            "alerts",
            gettext("Alerts by kind and finding"),
            [gettext("Kind"), gettext("Finding"), gettext("Alerts")],
            [
                (str(alert_words.NAMES.get(kind, kind)), _finding(finding), count)
                for kind, finding, count in found["alerts"]
            ],
        ),
        Table(
            "look-ups",
            gettext("Look-ups of names by purpose"),
            [
                gettext("Purpose"), gettext("Asked"), gettext("Granted"), gettext("Declined"),
                gettext("Person told later"),
            ],
            [
                (names.purpose(purpose), *(states[state] for state in use_cases.LOOK_UP_STATES))
                for purpose, states in found["look_ups"].items()
            ],
        ),
        Table(
            "incidents",
            gettext("Incidents that became known"),
            [gettext("Known since"), gettext("State"), gettext("Report to the authority")],
            [
                (_moment(each["known_at"]), _state(each["state"]), REPORTED[each["reported"]]())
                for each in found["incidents"]
            ],
        ),
        Table(
            "expired",
            gettext("Entries that expired"),
            [gettext("Label"), entries],
            [(_label(label), count) for label, count in found["expired"].items()],
            gettext("Of the whole marketplace’s record. Their hashes stay, so that every proof goes on holding."),
        ),
        Table(
            "seal",
            gettext("Seal of the record, as of now"),
            [gettext("By whom"), gettext("Entries"), gettext("When")],
            _sealed(found["seal"]),
        ),
        Table(
            "reviews",
            gettext("Access reviews"),
            [gettext("Opened"), gettext("Due"), gettext("Decided"), gettext("Of"), gettext("State")],
            [
                (
                    _day(each["opened_at"]), each["due"].isoformat(), each["items"] - each["left"], each["items"],
                    _state("closed" if each["closed_at"] else "open"),
                )
                for each in found["reviews"]
            ],
        ),
    ]  # fmt: skip


REPORTED = {
    "in_time": lambda: gettext("Reported in time"),
    "late": lambda: gettext("Reported late"),
    "no": lambda: gettext("Not reported"),
    "over": lambda: gettext("Time to report is over"),
    "not_yet": lambda: gettext("Time to report runs"),
}
"""How an incident stands with Art. 33(1) GDPR."""


def _places(rows: Sequence[tuple[str, str, int]]) -> list[tuple[str, str, int]]:
    return [(_label(label), names.zone(zone), count) for label, zone, count in rows]


def _label(key: str) -> str:
    return gettext("Without a label") if key == "none" else words.level(key)


def _state(code: str) -> str:
    return gettext("Open") if code == "open" else gettext("Closed")


def _refusal(code: str) -> str:
    """The rule that refused, or where none is named the kind of refusal."""
    return names.refusal([code], None) or names.refusal([], code) or code


def _finding(code: str) -> str:
    return gettext("Not closed yet") if code == "open" else str(alert_words.FINDINGS.get(code, code))


def _sealed(seal: dict[str, Any]) -> list[tuple[str, int, str]]:
    when = _moment(seal["signed_at"]) if seal["signed_at"] else "–"
    rows = [(gettext("Signed by the marketplace"), int(seal["signed"]), when)]
    rows.append((gettext("Cosigned by a witness"), int(seal["cosigned"]), "–"))
    for each in seal["witnesses"]:
        seen = _moment(each["seen_at"]) if each["seen_at"] else "–"
        name = f"{each['name']} – {gettext('contradicts')}" if each["refused"] else each["name"]
        rows.append((name, int(each["size"]), seen))
    return rows


def _moment(at: Any) -> str:
    return f"{_day(at)} {words.clock(at)}"


def _day(at: Any) -> str:
    day: str = at.date().isoformat()
    return day
