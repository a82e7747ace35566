"""Need-to-know: the campaigns to which somebody lets people in, who is in, letting in, and ending it."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from agencies import directory
from marketplace.edge.acting import current_context, current_principal
from marketplace.edge.once import once
from marketplace.edge.reading_people import reading_people
from marketplace.foundation.db import transaction
from marketplace.web.blueprint import web
from tasks import need_to_know
from tasks.errors import BadDay, NobodyThere

LONGEST_TYPED = 320
MOST_NAMED = 4
"""As many people as the list names for one campaign; the page of the campaign names all."""


@web.get("/campaigns/need-to-know")
def under_need_to_know() -> str:
    """The campaigns of my agency to which I let people in, each with who is in."""
    with reading_people() as db:
        found = need_to_know.campaigns(db, actor=current_principal(), context=current_context())
    return render_template("need_to_know.html", campaigns=found, most_named=MOST_NAMED)


@web.get("/campaigns/<uuid:campaign_id>/need-to-know")
def who_is_in(campaign_id: UUID) -> str:
    """Who is let in to one campaign, and the form that lets somebody in."""
    return _page(campaign_id, {}, {})


@web.post("/campaigns/<uuid:campaign_id>/need-to-know")
def let_in(campaign_id: UUID) -> Response:
    """Let somebody in to a campaign under need-to-know."""
    typed = {
        name: request.form.get(name, "")[:LONGEST_TYPED].strip() for name in ("agency", "email", "until")
    }
    principal, context = current_principal(), current_context()

    def give() -> UUID:
        return need_to_know.give(
            tx,
            campaign_id,
            agency=typed["agency"],
            email=typed["email"],
            until=_day(typed["until"]),
            actor=principal,
            context=context,
        )

    try:
        with transaction() as tx:
            once(tx, give)
    except (NobodyThere, BadDay) as refusal:
        return make_response(_page(campaign_id, typed, _faults(refusal)), 422)
    flash(gettext("Let in."))
    return redirect(url_for("web.who_is_in", campaign_id=campaign_id), 303)


@web.post("/campaigns/<uuid:campaign_id>/need-to-know/<uuid:membership_id>/end")
def end_let_in(campaign_id: UUID, membership_id: UUID) -> Response:
    """End what somebody was let in to."""
    principal, context = current_principal(), current_context()
    with transaction() as tx:
        once(tx, lambda: need_to_know.end(tx, campaign_id, membership_id, actor=principal, context=context))
    flash(gettext("They are not let in any more."))
    return redirect(url_for("web.who_is_in", campaign_id=campaign_id), 303)


def _day(typed: str) -> date:
    try:
        return date.fromisoformat(typed)
    except ValueError:
        raise BadDay(errors={"until": [BadDay().message]}) from None


def _faults(refusal: NobodyThere | BadDay) -> dict[str, str]:
    if isinstance(refusal, NobodyThere):
        return {"email": gettext("Nobody in this agency has this e-mail address.")}
    return {"until": gettext("Choose a day from today on, at most a year ahead.")}


def _page(campaign_id: UUID, form: dict[str, str], faults: dict[str, str]) -> str:
    principal = current_principal()
    with reading_people() as db:
        shown = need_to_know.listing(db, campaign_id, actor=principal, context=current_context())
        agencies = directory.names(db)
    return render_template(
        "need_to_know_campaign.html",
        campaign=shown,
        agencies=agencies,
        form={"agency": principal.agency_slug} | form,
        faults=faults,
    )
