"""Results, for the campaign's agency: a list, one with its trace, all of them as CSV."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response

from marketplace.api.cursors import BadCursor, cursor, place
from marketplace.api.door import api, existing, refuses
from marketplace.api.replies import reply, reply_unless_known
from marketplace.api.schemas import DeviceQuery, OneResult, PageQuery, Results
from marketplace.edge import sealed_json
from marketplace.edge.acting import current_context, current_principal
from marketplace.edge.results_csv import results_csv
from marketplace.foundation.db import transaction
from marketplace.foundation.errors import InvalidInput
from tasks import results
from tasks.errors import (
    KeyUnavailable,
    NeedsDevice,
    NoSuchCampaign,
    NoSuchMicrotask,
    NotAHolder,
    NotForYou,
    NotFromHere,
    NotSettledYet,
    SealedElsewhere,
    Shredded,
)
from tasks.results import SealedResult


@api.get("/campaigns/<id:campaign_id>/results")
@refuses(NoSuchCampaign, NotForYou, BadCursor)
@api.arguments(PageQuery, location="query")
@api.response(200, Results)
def list_results(query: dict[str, Any], campaign_id: UUID | None) -> Response:
    """List settled items by number.

    The answer has an ETag; send it as If-None-Match to be told that nothing has changed (304).
    """
    wanted = existing(campaign_id, NoSuchCampaign)
    listing = f"results:{wanted}"
    after = place(listing, query["after"])
    with transaction() as tx:
        page = results.listing(
            tx,
            wanted,
            actor=current_principal(),
            context=current_context(),
            after=after,
            limit=query["limit"],
        )
    return reply_unless_known({"rows": page["rows"], "next": cursor(listing, page["next"])})


@api.get("/campaigns/<id:campaign_id>/results/<id:microtask_id>")
@refuses(
    NoSuchCampaign, NoSuchMicrotask, NotForYou, NotSettledYet, KeyUnavailable, NeedsDevice, NotAHolder, Shredded,
    InvalidInput,
)  # fmt: skip
@api.arguments(DeviceQuery, location="query")
@api.response(200, OneResult)
def get_result(query: dict[str, Any], campaign_id: UUID | None, microtask_id: UUID | None) -> Response:
    """Read one result with its item and the trace to each contribution.

    Each reading is on the record. A sealed result comes in `sealed`, for the device key that you name.
    """
    wanted, item = existing(campaign_id, NoSuchCampaign), existing(microtask_id, NoSuchMicrotask)
    with transaction() as tx:
        found = results.open_result(
            tx, wanted, item, actor=current_principal(), context=current_context(), device=query["device"]
        )
    if isinstance(found, SealedResult):
        return reply({"sealed": sealed_json.result_of(found)})
    return reply(found)


@api.get("/campaigns/<id:campaign_id>/results.csv")
@refuses(NoSuchCampaign, NotForYou, NotFromHere, KeyUnavailable, SealedElsewhere)
@api.response(200, {"type": "string"}, content_type="text/csv", description="One row per settled item.")
def export_results(campaign_id: UUID | None) -> Response:
    """Export every settled item as CSV.

    The export is on the record. Cells that a spreadsheet would take for a formula begin with an apostrophe.
    """
    wanted = existing(campaign_id, NoSuchCampaign)
    with transaction() as tx:
        text = results_csv(tx, wanted, actor=current_principal(), context=current_context())
    response = Response(text, mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="results-{wanted}.csv"'
    return response
