"""Sharing terms of one's own agency: what holds, ending it, proposing new ones."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import flash, make_response, redirect, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from agencies import sharing as domain
from agencies.errors import BadAgencySettings
from marketplace.edge.acting import current_principal
from marketplace.foundation import clock
from marketplace.foundation.db import Tx, reading
from marketplace.web import agency_forms, agency_words
from marketplace.web.blueprint import web
from security.permissions import Permission, may

FIELDS = ("level", "rules_of", "hours_of", "requests_to", "until", "note")


@web.get("/agency/sharing")
def sharing() -> str:
    """The terms this agency is part of; for administrators with what can be done about them."""
    return _page({"level": "internal", "rules_of": "owner", "hours_of": "guest", "requests_to": "owner"}, {})


@web.post("/agency/sharing")
def propose_terms() -> Response:
    """Propose terms with another agency."""
    typed = agency_forms.part(FIELDS)
    own, other = current_principal().agency_slug, agency_forms.text("other")
    lends = agency_forms.text("direction") == "guest"
    sides = {"owner": other, "guest": own} if lends else {"owner": own, "guest": other}

    def act(tx: Tx) -> UUID:
        return domain.propose(tx, typed | sides, **agency_forms.who())

    try:
        made = agency_forms.acted(act).result_id
    except BadAgencySettings as refusal:
        form = typed | {"other": other, "direction": "guest" if lends else "owner"}
        return make_response(_page(form, _faults(refusal)), 422)
    flash(gettext("Proposed, with your signature. An administrator of the other agency has to sign too."))
    return redirect(url_for("web.agreement", proposal_id=made), 303)


@web.post("/agency/sharing/<uuid:terms_id>/end")
def end_terms(terms_id: UUID) -> Response:
    """End terms at once."""

    def act(tx: Tx) -> None:
        domain.end(tx, terms_id, **agency_forms.who())

    agency_forms.acted(act)
    flash(gettext("These terms have ended. What is shared under them is hidden from now on."))
    return redirect(url_for("web.sharing"), 303)


def _faults(refusal: BadAgencySettings) -> dict[str, str]:
    """What to put right. The form asks for the other agency, whichever side it is."""
    found = agency_words.faults(refusal.facts["errors"])
    return {"other" if place in ("owner", "guest") else place: said for place, said in found.items()}


def _page(form: dict[str, Any], faults: dict[str, str]) -> str:
    principal = current_principal()
    with reading() as db:
        found = [
            terms | {"last_day": clock.last_day(terms["until"]) if terms["until"] else None}
            for terms in domain.listing(db, principal.agency_id)
        ]
    others = {
        slug: name for slug, name in agency_forms.agency_names().items() if slug != principal.agency_slug
    }
    return render_template(
        "agency_sharing.html",
        held=[terms for terms in found if terms["in_force"]],
        ended=[terms for terms in found if not terms["in_force"]],
        own=principal.agency_slug,
        others=others,
        may_change=may(principal, Permission.ADMINISTER_AGENCY),
        form=form,
        faults=faults,
        levels=agency_words.levels(),
    )
