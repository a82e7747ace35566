"""Results: the list, one with its trace, all of them as a file. Every opening is on the record."""

from __future__ import annotations

from uuid import UUID

from flask import Response, render_template, request

from marketplace.edge.acting import current_context, current_principal
from marketplace.edge.results_csv import results_csv as as_csv
from marketplace.foundation.db import transaction
from marketplace.web.blueprint import web
from security.permissions import Permission, may
from tasks import queries
from tasks import results as use_cases


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
    """One result with the trace to each answer."""
    principal = current_principal()
    with transaction() as tx:
        campaign = queries.described(tx, campaign_id, principal, current_context())
        opened = use_cases.open_result(
            tx, campaign_id, microtask_id, actor=principal, context=current_context()
        )
    return render_template("result.html", campaign=campaign, result=opened)


@web.get("/campaigns/<uuid:campaign_id>/results.csv")
def results_csv(campaign_id: UUID) -> Response:
    """Every result as CSV, made in memory: a half-written export must not look whole."""
    with transaction() as tx:
        text = as_csv(tx, campaign_id, actor=current_principal(), context=current_context())
    response = Response(text, content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="results-{campaign_id}.csv"'
    return response
