"""Results: the list, one with its trace, all of them as a file. Every opening is on the record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Response, render_template, request

from agencies.device_keys import record_proofs
from marketplace.edge import sealed_json
from marketplace.edge.acting import current_context, current_principal
from marketplace.edge.results_csv import results_csv as as_csv
from marketplace.foundation.db import transaction
from marketplace.web import question_words, screen
from marketplace.web.blueprint import web
from security.permissions import Permission, may
from security.sealing import Protection
from tasks import facts, queries
from tasks import results as use_cases
from tasks.errors import NotUnderSeal
from tasks.results import SealedResult


@web.get("/campaigns/<uuid:campaign_id>/results")
def results(campaign_id: UUID) -> str:
    """Settled items, by number."""
    principal = current_principal()
    after = request.args.get("after", 0, type=int)
    with transaction() as tx:
        campaign = queries.described(tx, campaign_id, principal, current_context())
        found = use_cases.listing(
            tx, campaign_id, actor=principal, context=current_context(), after=max(after, 0)
        )
    for row in found["rows"]:
        row["shown"] = (
            None if row["values"] is None else question_words.values(campaign["form"], row["values"])
        )
    return render_template(
        "results.html",
        campaign=campaign,
        found=found,
        before=after > 0,
        can_export=may(principal, Permission.EXPORT_RESULTS),
    )


@web.get("/campaigns/<uuid:campaign_id>/results/<uuid:microtask_id>")
def result(campaign_id: UUID, microtask_id: UUID) -> str:
    """One result with the trace to each answer. Sealed, the page holds what is known without opening it."""
    principal, context = current_principal(), current_context()
    with transaction() as tx:
        campaign = queries.described(tx, campaign_id, principal, context)
        found: Any
        if campaign["sealed"]:
            found = use_cases.outline(tx, campaign_id, microtask_id, actor=principal, context=context)
            known = facts.campaign(tx, campaign_id)
            found["expected"] = sealed_json.expected(known, microtask_id)
            found["screen"] = screen.of(tx, known)
            if known.protection is Protection.END_TO_END:
                found["trust"] = record_proofs.trust(tx, known.agency_id)
        else:
            found = use_cases.open_result(tx, campaign_id, microtask_id, actor=principal, context=context)
    if not campaign["sealed"]:
        _put_in_words(campaign["form"], found)
    template = "sealed_result.html" if campaign["sealed"] else "result.html"
    return render_template(
        template,
        campaign=campaign,
        result=found,
        questions=question_words.all_shown(campaign["form"]),
        microtask_id=microtask_id,
        can_shred=may(principal, Permission.KEEP_CONTENT),
    )


def _put_in_words(form: Mapping[str, Any], found: dict[str, Any]) -> None:
    """Beside each value of an opened result, what it is called in the reader's language."""
    found["shown"] = question_words.values(form, found["values"])
    for step in found["trace"]:
        step["shown"] = question_words.values(form, step["values"])
    for question, fallen in zip(form["questions"], found["questions"], strict=True):
        for option in fallen["counts"]:
            option["shown"] = question_words.value(form, question, option["value"])


@web.get("/campaigns/<uuid:campaign_id>/results/<uuid:microtask_id>/parts")
def sealed_result(campaign_id: UUID, microtask_id: UUID) -> dict[str, Any]:
    """A sealed result for one of the reader's devices, as JSON."""
    principal, context = current_principal(), current_context()
    device = request.args.get("device", "")
    with transaction() as tx:
        found = use_cases.open_result(
            tx, campaign_id, microtask_id, actor=principal, context=context, device=device
        )
    if not isinstance(found, SealedResult):
        raise NotUnderSeal()
    return sealed_json.result_of(found)


@web.get("/campaigns/<uuid:campaign_id>/results.csv")
def results_csv(campaign_id: UUID) -> Response:
    """Every result as CSV, made in memory: a half-written export must not look whole."""
    with transaction() as tx:
        text = as_csv(tx, campaign_id, actor=current_principal(), context=current_context())
    response = Response(text, content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="results-{campaign_id}.csv"'
    return response
