"""The security record, for an agency's officer: who did what, when, from where, why. Names stay closed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Response as FlaskResponse
from flask import flash, jsonify, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from agencies import directory
from agencies.oversight import spans, views
from agencies.oversight.views import BadView, TooManyViews, ViewNameTaken
from marketplace.edge.acting import current_context, current_principal
from marketplace.edge.once import once
from marketplace.edge.record_csv import MOST as MOST_EXPORTED
from marketplace.edge.record_csv import record_csv as as_csv
from marketplace.foundation.db import reading, transaction
from marketplace.foundation.errors import DomainError
from marketplace.web import alerts, record_rows, record_search, record_timeline
from marketplace.web import record_proof as proofs
from marketplace.web.blueprint import web
from marketplace.web.record_search import Asked
from security.log import proving, queries, sealed
from security.log.sealed import Seal
from security.permissions import Permission, may
from tasks import campaign_names

MOST_PROVED = 5_000
"""Entries in the proof of a page: those of other agencies between them stand there as hashes."""


@web.get("/record")
def record() -> Response:
    """Entries that concern the officer's agency, newest first. Reading them is itself on the record."""
    with reading() as db:
        campaigns = campaign_names.of_agency(db, current_principal())
    elsewhere = record_search.clean_address(campaigns)
    if elsewhere is not None:
        return redirect(elsewhere, 303)
    return make_response(_page(record_search.from_address(), campaigns))


@web.get("/record.csv")
def record_csv() -> Response:
    """What a search finds, as CSV, made in memory: a half-written export must not look whole.

    A file cannot say that a word was not understood; the page does, so that is where it leads then.
    """
    asked = record_search.from_address()
    with reading() as db:
        if record_search.read(db, asked.words).left_out:
            typed: dict[str, Any] = request.args.to_dict()
            return redirect(url_for("web.record", **typed), 303)
    with transaction() as tx:
        found = record_search.read(tx, asked.words)
        text = as_csv(
            tx, found.filters, before=asked.before, actor=current_principal(), context=current_context()
        )
    response = FlaskResponse(text, content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="record.csv"'
    return response


@web.get("/record/proof.json")
def record_proof() -> Response:
    """A proof of `count` entries from `first` on, as far as they concern the agency. It is checked offline."""
    first = request.args.get("first", 0, type=int)
    count = request.args.get("count", 1, type=int)
    with transaction() as tx:
        proof = proving.prove(tx, max(first, 0), count, actor=current_principal(), context=current_context())
    response = jsonify(proof)
    response.headers["Content-Disposition"] = f'attachment; filename="record-{max(first, 0)}-{count}.json"'
    return response


@web.post("/record/views")
def save_view() -> Response:
    """Keep the search of a page under a name, for all officers of the agency."""
    principal, context = current_principal(), current_context()
    given, name = record_search.from_values(request.form), request.form.get("name", "")[:200]
    try:
        with transaction() as tx:
            once(tx, lambda: views.save(tx, name, given, actor=principal, context=context))
    except (BadView, ViewNameTaken, TooManyViews) as refusal:
        with reading() as db:
            campaigns = campaign_names.of_agency(db, principal)
        asked = Asked(given, None, "", ())
        return make_response(_page(asked, campaigns, name, _fault(refusal)), 422)
    flash(gettext("View saved. All security officers of your agency see it."))
    return redirect(record_search.address(given), 303)


@web.post("/record/views/<uuid:view_id>/drop")
def drop_view(view_id: UUID) -> Response:
    """Forget a saved view."""
    with transaction() as tx:
        once(tx, lambda: views.drop(tx, view_id, actor=current_principal(), context=current_context()))
    flash(gettext("View dropped."))
    return redirect(url_for("web.record"), 303)


def _fault(refusal: DomainError) -> str:
    if isinstance(refusal, ViewNameTaken):
        return gettext("There is a view of this name already.")
    if isinstance(refusal, TooManyViews):
        return gettext("There are 40 views already. Drop one that nobody needs any more.")
    if "words" in refusal.facts.get("errors", {}):
        return gettext("Search for something first; then save the view.")
    return gettext("Give it a name of at most 80 characters.")


def _page(asked: Asked, campaigns: Mapping[UUID, str], view_name: str = "", fault: str = "") -> str:
    principal = current_principal()
    with transaction() as tx:
        agencies = directory.listing(tx)
        search = record_search.read(tx, asked.words)
        found = queries.entries(
            tx, search.filters, actor=principal, context=current_context(), before=asked.before
        )
        under = spans.under_alert(tx, principal.agency_id)
        timeline = record_timeline.read(tx, search.filters, search.words, under, principal)
        seal = sealed.seal(tx)
        saved = views.listing(tx, principal)
        waiting = alerts.waiting(tx)
    known = {agency.id: agency for agency in agencies}
    choices = record_search.choices(agencies, campaigns)
    rows = [record_rows.shown(row, known, campaigns, under) for row in found["rows"]]
    return render_template(
        "record.html",
        alerts=waiting,
        chips=record_search.chips(search.words, choices),
        choices=choices,
        csv=record_search.address(search.words, "web.record_csv"),
        days=record_rows.by_day(rows),
        export_limit=MOST_EXPORTED,
        fault=fault,
        free=asked.free,
        given=search.words,
        left_out=record_search.titles(search.left_out) + list(asked.strange),
        may_save=may(principal, Permission.OVERSEE),
        older=_older(search.words, found["next"]),
        proof=proofs.described(seal, known),
        proof_file=_proof_file(found["rows"], seal),
        timeline=timeline,
        view_name=view_name,
        views=[(view, record_search.address(view.filters)) for view in saved],
    )


def _older(given: Mapping[str, str], before: int | None) -> str | None:
    return None if before is None else record_search.address(given, before=before)


def _proof_file(rows: list[Mapping[str, Any]], seal: Seal) -> str | None:
    """Where the proof of the page's newest signed entries is; None where there are none."""
    signed = [row["number"] for row in rows if row["number"] < seal.size]
    if not signed:
        return None
    count = min(signed[0] - signed[-1] + 1, MOST_PROVED)
    return url_for("web.record_proof", first=signed[0] - count + 1, count=count)
