"""Incidents of an agency: opened from a search of the record, with a clock, a diary and files for the authority."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from flask import Response as FlaskResponse
from flask import flash, jsonify, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from agencies import directory
from agencies.oversight import incidents as use_cases
from agencies.oversight.alerts import listing
from agencies.oversight.alerts.errors import NoSuchAlert
from agencies.oversight.incidents import BadIncident
from marketplace.edge.acting import current_context, current_principal
from marketplace.edge.once import once
from marketplace.edge.record_csv import record_csv as as_csv
from marketplace.foundation.db import Tx, reading, transaction
from marketplace.foundation.ids import parse_id
from marketplace.web import alerts, record_search
from marketplace.web.blueprint import web
from security.log import handing_over
from tasks import campaign_names

TYPED = ("title", "known_at", "text", "reported_at", "how", "late_because", "finding")
LONGEST_TYPED = 8_000
SENTENCES = {
    "title": lambda: gettext("Give it a title of 3 to 120 characters."),
    "known_at": lambda: gettext("Write the moment when it became known, in UTC. It cannot lie ahead."),
    "text": lambda: gettext("Write 3 to 4,000 characters."),
    "reported_at": lambda: gettext("Write a moment after it became known and not after now, in UTC."),
    "how": lambda: gettext("Write in 3 to 300 characters how it was reported."),
    "late_because": lambda: gettext(
        "72 hours have passed. Write why it was reported later (Art. 33(1) GDPR), in 3 to 4,000 characters."
    ),
    "scope": lambda: gettext(
        "Nothing is chosen yet. Search the record first, and open the incident from what you find."
    ),
    "finding": lambda: gettext("Write what was found, in 3 to 4,000 characters."),
}
"""What is wrong with a field."""


@web.get("/record/incidents")
def incidents() -> str:
    """The agency's incidents, open ones first."""
    with reading() as db:
        found = use_cases.listing(db, current_principal())
    return render_template("record_incidents.html", incidents=found)


@web.get("/record/incidents/new")
def new_incident() -> str:
    """The form that opens an incident: from an alert, or with the words of a search as its scope."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M")
    alert, words = request.args.get("alert", ""), record_search.from_values(request.args)
    if alert and not words:
        words = _words_of(alert)
    return _new(words, alert, {"known_at": now}, {})


@web.post("/record/incidents")
def open_incident() -> Response:
    """Open an incident."""
    typed, words = _typed(), record_search.from_values(request.form)
    principal, context, alert = current_principal(), current_context(), request.form.get("alert", "")

    def act() -> UUID:
        return use_cases.open_one(
            tx, typed["title"], _moment(typed["known_at"]), words,
            alert_id=parse_id(alert), actor=principal, context=context,
        )  # fmt: skip

    try:
        with transaction() as tx:
            made = once(tx, act)
    except BadIncident as refusal:
        return make_response(_new(words, alert, typed, _faults(refusal)), 422)
    flash(gettext("The incident is open. Your officers and your data protection are told."))
    return redirect(url_for("web.incident", incident_id=made.result_id), 303)


@web.get("/record/incidents/<uuid:incident_id>")
def incident(incident_id: UUID) -> str:
    """One incident: its clock, its scope as it is now, its diary, and what can be done. Reading it is on record."""
    return _page(incident_id, {}, {})


@web.post("/record/incidents/<uuid:incident_id>/notes")
def note_incident(incident_id: UUID) -> Response:
    """Write a line into the diary."""
    typed = _typed()

    def act(tx: Tx) -> UUID:
        return use_cases.note(tx, incident_id, typed["text"], **_who())

    return _done(incident_id, act, gettext("Written into the diary."))


@web.post("/record/incidents/<uuid:incident_id>/report")
def report_incident(incident_id: UUID) -> Response:
    """Note that the authority was told."""
    typed = _typed()

    def act(tx: Tx) -> None:
        moment, late = _moment(typed["reported_at"]), typed["late_because"]
        use_cases.report(tx, incident_id, moment, typed["how"], late_because=late, **_who())

    return _done(incident_id, act, gettext("Noted. The authority has been told."))


@web.post("/record/incidents/<uuid:incident_id>/close")
def close_incident(incident_id: UUID) -> Response:
    """Close it with what was found."""
    typed = _typed()

    def act(tx: Tx) -> None:
        use_cases.close(tx, incident_id, typed["finding"], **_who())

    return _done(incident_id, act, gettext("The incident is closed."))


@web.get("/record/incidents/<uuid:incident_id>/entries.csv")
def incident_csv(incident_id: UUID) -> Response:
    """The entries of its scope as CSV, made in memory: a half-written file must not look whole."""
    with transaction() as tx:
        asked = use_cases.search_of(tx, incident_id, actor=current_principal())
        text = as_csv(tx, asked, actor=current_principal(), context=current_context())
    return _file(FlaskResponse(text, content_type="text/csv; charset=utf-8"), incident_id, "csv")


@web.get("/record/incidents/<uuid:incident_id>/proof.json")
def incident_proof(incident_id: UUID) -> Response:
    """The proof that those entries are on the record, for whoever checks it offline."""
    with transaction() as tx:
        asked = use_cases.search_of(tx, incident_id, actor=current_principal())
        proof = handing_over.prove(tx, asked, about=("incident", incident_id), **_who())
    return _file(jsonify(proof), incident_id, "json")


def _who() -> dict[str, Any]:
    return {"actor": current_principal(), "context": current_context()}


def _done(incident_id: UUID, act: Callable[[Tx], UUID | None], sentence: str) -> Response:
    try:
        with transaction() as tx:
            once(tx, lambda: act(tx))
    except BadIncident as refusal:
        return make_response(_page(incident_id, _typed(), _faults(refusal)), 422)
    flash(sentence)
    return redirect(url_for("web.incident", incident_id=incident_id), 303)


def _typed() -> dict[str, str]:
    fields = ((name, request.form.get(name, "")) for name in TYPED)
    return {
        name: value.replace("\x00", "").replace("\r\n", "\n").strip()[:LONGEST_TYPED]
        for name, value in fields
    }


def _moment(text: str) -> datetime | None:
    """A moment in UTC, as a browser's field for moments sends it."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _faults(refusal: BadIncident) -> dict[str, str]:
    return {field: SENTENCES[field]() for field in refusal.facts["errors"]}


def _words_of(alert: str) -> dict[str, str]:
    """The search that an alert of the agency speaks of. Raises NoSuchAlert."""
    alert_id = parse_id(alert)
    if alert_id is None:
        raise NoSuchAlert()
    with reading() as db:
        return alerts.search_words(listing.one(db, alert_id, current_principal().agency_id))


def _new(words: Mapping[str, str], alert: str, form: Mapping[str, str], faults: Mapping[str, str]) -> str:
    with reading() as db:
        campaigns = campaign_names.of_agency(db, current_principal())
        choices = record_search.choices(directory.listing(db), campaigns)
    return render_template(
        "record_incident_new.html",
        words=words,
        chips=record_search.chips(words, choices),
        alert=alert,
        form=form,
        faults=faults,
    )


def _page(incident_id: UUID, form: Mapping[str, str], faults: Mapping[str, str]) -> str:
    principal = current_principal()
    with transaction() as tx:
        found = use_cases.one(tx, incident_id, actor=principal, context=current_context())
        agencies = directory.listing(tx)
        campaigns = campaign_names.of_agency(tx, principal)
    known = {agency.id: agency.name for agency in agencies}
    scope = found["scope"]
    choices = record_search.choices(agencies, campaigns)
    return render_template(
        "record_incident.html",
        incident=found,
        scope=scope,
        agencies=[known[each] for each in scope.agencies if each in known],
        campaigns=[(each, campaigns.get(each) or str(each)[:8]) for each in scope.campaigns],
        chips=record_search.chips(found["words"], choices),
        search=record_search.address(found["words"]),
        most=handing_over.MOST,
        form=form,
        faults=faults,
    )


def _file(response: FlaskResponse, incident_id: UUID, kind: str) -> Response:
    name = f"incident-{str(incident_id)[:8]}.{kind}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
