"""Results: the list, one with its trace, all of them as a file. Every opening is on the record."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, render_template, request

from agencies.device_keys import record_proofs
from marketplace.edge import sealed_json
from marketplace.edge.acting import current_context, current_principal
from marketplace.edge.results_csv import results_csv as as_csv
from marketplace.foundation.db import transaction
from marketplace.web import screen
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
    template = "sealed_result.html" if campaign["sealed"] else "result.html"
    return render_template(
        template,
        campaign=campaign,
        result=found,
        microtask_id=microtask_id,
        can_shred=may(principal, Permission.KEEP_CONTENT),
    )


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
