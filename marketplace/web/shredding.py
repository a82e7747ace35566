"""How long the sealed content of a campaign is kept, and shredding it before its day: all of it, or one item."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from marketplace.edge.acting import current_context, current_principal
from marketplace.edge.once import once
from marketplace.foundation.db import Tx, reading, transaction
from marketplace.web.blueprint import web
from tasks import claims, drafts, queries, retention, shredding
from tasks.errors import BadKeepDay


@web.get("/campaigns/<uuid:campaign_id>/retention", endpoint="retention")
def retention_(campaign_id: UUID) -> str:
    """Until when the content is kept, and the way to shred it now."""
    return _page(campaign_id, "", "")


@web.post("/campaigns/<uuid:campaign_id>/retention", endpoint="keep_content")
def keep(campaign_id: UUID) -> Response:
    """Keep the content to another day."""
    typed = request.form.get("until", "")[:10].strip()
    principal, context = current_principal(), current_context()
    try:
        with transaction() as tx:
            day = _day(typed)
            once(tx, lambda: retention.keep(tx, campaign_id, day, actor=principal, context=context))
    except BadKeepDay:
        fault = gettext("Choose a day from today to the last one that is possible.")
        return make_response(_page(campaign_id, typed, fault), 422)
    flash(gettext("Kept until the new day."))
    return redirect(url_for("web.retention", campaign_id=campaign_id), 303)


@web.get("/campaigns/<uuid:campaign_id>/shred")
def choose_to_shred(campaign_id: UUID) -> str:
    """What is lost with the content of a campaign; from here it is shredded."""
    return render_template("shred.html", campaign=_kept(campaign_id)["campaign"], item=None)


@web.post("/campaigns/<uuid:campaign_id>/shred")
def shred_campaign(campaign_id: UUID) -> Response:
    """Shred everything sealed of a campaign."""
    principal, context = current_principal(), current_context()
    with transaction() as tx:
        once(tx, lambda: shredding.shred_campaign(tx, campaign_id, actor=principal, context=context))
    flash(gettext("The content is being shredded. You are told when all of it is gone."))
    return redirect(url_for("web.retention", campaign_id=campaign_id), 303)


@web.get("/campaigns/<uuid:campaign_id>/items/<uuid:microtask_id>/shred")
def choose_to_shred_item(campaign_id: UUID, microtask_id: UUID) -> str:
    """What is lost with the content of one item; from here it is shredded."""
    principal, context = current_principal(), current_context()
    with reading() as db:
        campaign = queries.describe(db, shredding.of_item(db, microtask_id, principal, context), principal)
        number = shredding.number_of(db, microtask_id)
    return render_template("shred.html", campaign=campaign, item={"id": microtask_id, "number": number})


@web.post("/campaigns/<uuid:campaign_id>/items/<uuid:microtask_id>/shred")
def shred_item(campaign_id: UUID, microtask_id: UUID) -> Response:
    """Shred one item with its answers and its result."""
    principal, context = current_principal(), current_context()
    with transaction() as tx:
        once(tx, lambda: shredding.shred_item(tx, microtask_id, actor=principal, context=context))
    flash(gettext("The item is shredded."))
    return redirect(url_for("web.results", campaign_id=campaign_id), 303)


@web.post("/claims/<uuid:claim_id>/draft/destroy")
def destroy_draft(claim_id: UUID) -> Response:
    """Destroy what the reader wrote for a claim and never submitted."""
    principal, context = current_principal(), current_context()
    with transaction() as tx:
        once(tx, lambda: drafts.destroy(tx, claim_id, actor=principal, context=context))
        live = claims.mine(tx, claim_id, principal).live
    flash(gettext("What you wrote is destroyed."))
    return redirect(url_for("web.claim", claim_id=claim_id) if live else url_for("web.my_work"), 303)


def _day(typed: str) -> date:
    try:
        return date.fromisoformat(typed)
    except ValueError:
        raise BadKeepDay() from None


def _kept(campaign_id: UUID) -> dict[str, Any]:
    with reading() as db:
        return _found(db, campaign_id)


def _found(db: Tx, campaign_id: UUID) -> dict[str, Any]:
    principal, context = current_principal(), current_context()
    campaign = retention.of_keeper(db, campaign_id, principal, context)
    return {
        "campaign": queries.describe(db, campaign, principal),
        "over": retention.has_passed(db, campaign),
        "latest": retention.latest(db, campaign),
    }


def _page(campaign_id: UUID, typed: str, fault: str) -> str:
    found = _kept(campaign_id)
    until = found["campaign"]["kept_until"]
    typed = typed or ("" if until is None else until.isoformat())
    return render_template("retention.html", **found, typed=typed, faults={"until": fault} if fault else {})
