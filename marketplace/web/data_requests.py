"""Data protection's desk: who asked which data was seen, and the answer ready to send."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from datetime import UTC
from typing import Any
from uuid import UUID

from flask import Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response as AnyResponse

from agencies import directory
from agencies.oversight import erasure
from agencies.oversight import requests as use_cases
from agencies.oversight.requests import Answer, NoSuchRequest
from marketplace.edge.acting import current_principal
from marketplace.foundation.db import Tx, transaction
from marketplace.foundation.ids import parse_id
from marketplace.web import agency_forms, names, words
from marketplace.web.blueprint import web
from marketplace.web.my_record import proof_file
from marketplace.web.record_rows import by_day
from security.log import own
from tasks.table import cell

SHOWN = 200
"""Entries on the page; the file has all of them."""
COLUMNS = ("number", "time", "agency", "role", "act", "purpose", "from", "label", "outcome")

_ACTED_AS = (
    ("log.", _l("security officer")),
    ("look_up.", _l("security officer or data protection")),
    ("data_request.", _l("data protection")),
    ("subject.", _l("data protection")),
    ("clearance.", _l("security officer")),
    ("need_to_know.", _l("task owner or security officer")),
    ("person.view", _l("administrator or security officer")),
    ("scim_", _l("directory of the agency")),
    ("claim.", _l("the marketplace")),
    ("notice.", _l("the marketplace")),
    ("sign_in.", _l("the marketplace")),
    ("", _l("agency administrator")),
)
"""As what somebody acts who does such a thing to a person: the first beginning that fits."""


@web.get("/data-requests")
def data_requests() -> str:
    """Who asked, open ones first."""
    with transaction() as tx:
        rows = use_cases.listing(tx, **agency_forms.who())
    return render_template("data_requests.html", rows=rows)


@web.post("/data-requests")
def answer_for() -> AnyResponse:
    """Prepare the answer for somebody who wrote a letter and whom a look-up found."""
    look_up, person = parse_id(request.form.get("look_up", "")), parse_id(request.form.get("person", ""))
    if look_up is None or person is None:
        raise NoSuchRequest()

    def act(tx: Tx) -> UUID:
        return use_cases.on_behalf(tx, look_up, person, **agency_forms.who())

    made = agency_forms.acted(act)
    return redirect(url_for("web.data_request", request_id=made.result_id), 303)


@web.get("/data-requests/<uuid:request_id>")
def data_request(request_id: UUID) -> str:
    """The answer ready to send. Reading it is on the record, and so on the person's own page."""
    with transaction() as tx:
        found = use_cases.read(tx, request_id, form="page", **agency_forms.who())
        agencies = {agency.id: agency for agency in directory.listing(tx)}
    rows = [_shown(row, agencies) for row in found.entries]
    return render_template(
        "data_request.html",
        answer=found,
        days=by_day(rows[:SHOWN]),
        all=len(rows),
        most=SHOWN,
        acted=_acted(rows),
    )


@web.get("/data-requests/<uuid:request_id>/answer.csv")
def data_request_csv(request_id: UUID) -> Response:
    """Every entry of the answer, as a table."""
    with transaction() as tx:
        found = use_cases.read(tx, request_id, form="csv", **agency_forms.who())
        agencies = {agency.id: agency for agency in directory.listing(tx)}
    response = Response(_csv(found, agencies), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="answer-{request_id}.csv"'
    return response


@web.get("/data-requests/<uuid:request_id>/proof.json")
def data_request_proof(request_id: UUID) -> Response:
    """The proof that the newest entries of the answer are on the record."""
    with transaction() as tx:
        found = use_cases.read(tx, request_id, form="proof", **agency_forms.who())
        made = own.prove(tx, found.entries[: own.MOST_PROVED])
    return proof_file(made, f"answer-{request_id}-proof.json")


@web.post("/data-requests/<uuid:request_id>/sent")
def answer_request(request_id: UUID) -> AnyResponse:
    """Note that the answer was sent."""

    def act(tx: Tx) -> None:
        use_cases.answer(tx, request_id, **agency_forms.who())

    agency_forms.acted(act)
    flash(gettext("Noted as sent. The person is told."))
    return redirect(url_for("web.data_requests"), 303)


@web.post("/data-requests/<uuid:request_id>/erase")
def erase_from_record(request_id: UUID) -> AnyResponse:
    """Cut the record's tie to somebody who has left."""

    def act(tx: Tx) -> None:
        person_id = use_cases.person_of(tx, request_id, current_principal())
        erasure.erase_from_record(tx, person_id, **agency_forms.who())

    agency_forms.acted(act)
    flash(gettext("Erased. No entry of the record can be matched to this person any more."))
    return redirect(url_for("web.data_requests"), 303)


def acted_as(act: str, by_somebody: bool) -> str:
    """As what somebody did this to a person; without an actor it was the marketplace itself."""
    if not by_somebody:
        return str(_l("the marketplace"))
    return str(next(said for beginning, said in _ACTED_AS if act.startswith(beginning)))


def _shown(row: Any, agencies: Mapping[UUID, Any]) -> dict[str, Any]:
    shown = own.shown(row)
    return shown | {
        "agency_shown": agencies.get(row.agency_id),
        "object_name": names.thing(row.object_kind, None),
        "role": acted_as(row.act, row.subject_id is not None),
    }


def _acted(rows: list[dict[str, Any]]) -> list[tuple[str, str, Any, Any]]:
    """For the letter: which agency did what, and from which day to which, in the order of the newest."""
    found: dict[tuple[str, str], tuple[Any, Any]] = {}
    for row in rows:
        agency = row["agency_shown"].name if row["agency_shown"] else gettext("the marketplace")
        key = (agency, row["act"])
        found[key] = (row["at"], found.get(key, (None, row["at"]))[1])
    return [(agency, act, first, last) for (agency, act), (first, last) in found.items()]


def _csv(answer: Answer, agencies: Mapping[UUID, Any]) -> str:
    written = io.StringIO(newline="")
    writer = csv.writer(written)
    writer.writerow(COLUMNS)
    for entry in answer.entries:
        row = _shown(entry, agencies)
        agency = row["agency_shown"]
        values = (
            row["number"],
            row["at"].astimezone(UTC).isoformat(timespec="milliseconds"),
            agency.name if agency else "",
            row["role"],
            names.act(row["act"]),
            names.purpose(row["purpose"]),
            names.zone(row["zone"]),
            words.short_level(row["level"]) if row["level"] else "",
            names.outcome(row["outcome"]),
        )
        writer.writerow([cell(value) for value in values])
    return written.getvalue()
