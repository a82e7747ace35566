"""The keys that the marketplace keeps for an agency, by year, and proposing to destroy one for ever."""

from __future__ import annotations

from uuid import UUID

from flask import flash, make_response, redirect, render_template, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from agencies import agreements
from agencies.key_destruction import DESTROY
from agencies.keys import LASTING
from agencies.proposals import OPEN
from marketplace.edge.acting import current_principal
from marketplace.foundation.db import Tx, reading
from marketplace.web import agency_forms
from marketplace.web.blueprint import web
from tasks import key_destruction

STAYS = {
    "current": _l("In use. It can go once an operator has made a new one."),
    "secrets": _l("It can go once an operator has moved the secrets to a newer one."),
}
"""Why a key cannot be destroyed."""


@web.get("/agency/keys/years", endpoint="keys_by_year")
def keys_by_year_() -> str:
    """Every key by year, and how much hangs on it."""
    principal = current_principal()
    with reading() as db:
        found = key_destruction.listing(db, principal.agency_slug)
        waiting = _waiting(db)
    return render_template("keys_by_year.html", keys=found, waiting=waiting, stays=STAYS, lasting=LASTING)


@web.get("/agency/keys/years/<key_id>")
def choose_key_to_destroy(key_id: str) -> str:
    """What is lost with a key; from here its end is proposed."""
    return _page(key_id, {})


@web.post("/agency/keys/years/<key_id>")
def propose_key_destruction(key_id: str) -> Response:
    """Propose it, with the first signature."""
    if agency_forms.text("sure") != "yes":
        said = gettext("Tick that this is to be unreadable for ever.")
        return make_response(_page(key_id, {"sure": said}), 422)

    def act(tx: Tx) -> UUID:
        return key_destruction.propose(tx, key_id, **agency_forms.who())

    made = agency_forms.acted(act).result_id
    flash(
        gettext(
            "Proposed, with your signature. A second administrator has to sign before the key is destroyed."
        )
    )
    return redirect(url_for("web.agreement", proposal_id=made), 303)


def _page(key_id: str, faults: dict[str, str]) -> str:
    principal = current_principal()
    with reading() as db:
        lost = key_destruction.described(db, key_id, principal.agency_slug)
        waiting = _waiting(db)
    return render_template(
        "key_destruction.html",
        lost=lost,
        key=lost.kept.key,
        stays=STAYS.get(lost.kept.why_it_stays or ""),
        waits=waiting.get(key_id),
        lasting=LASTING,
        faults=faults,
    )


def _waiting(db: Tx) -> dict[str, UUID]:
    """The open proposals to destroy keys of the reader's agency, by key id."""
    return {
        each["content"]["key"]: each["id"]
        for each in agreements.listing(db, current_principal())
        if (each["kind"], each["state"]) == (DESTROY.name, OPEN)
    }
