"""The sign-in service of one's own agency: how it is used, our keys there, changing and suspending it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from agencies import enrolment
from agencies.errors import BadAgencySettings, NoSuchProvider
from marketplace.edge import checking
from marketplace.edge.acting import current_principal, settings
from marketplace.foundation.db import Tx, reading
from marketplace.web import agency_forms, agency_words
from marketplace.web.blueprint import web
from security.oidc import Fault

CHANGED = (*agency_forms.PROVIDER, "claim_names", "algorithms")


@web.get("/agency/sign-in-service")
def provider() -> str:
    """How the provider is used, and what an administrator can do about it."""
    shown = _registered()
    return _page(shown, {name: shown.get(name) for name in CHANGED}, {})


@web.post("/agency/sign-in-service")
def change_provider() -> Response:
    """Propose how the provider is used from now on."""
    # The form does not ask for signature algorithms: they stay as they are registered.
    given = agency_forms.provider() | {"algorithms": _registered()["algorithms"]}
    try:
        made = _proposed(given)
    except BadAgencySettings as refusal:
        faults = agency_words.faults(refusal.facts["errors"])
        return make_response(_page(_registered(), given | {"client_secret": ""}, faults), 422)
    return _to(made)


@web.post("/agency/sign-in-service/key")
def renew_key() -> Response:
    """Propose a new key of ours; everything else stays."""
    shown = _registered()
    return _to(_proposed({name: shown[name] for name in CHANGED if name in shown} | {"new_key": True}))


@web.post("/agency/sign-in-service/check")
def check_provider() -> str:
    """Look at the service now, as sign-in would; nothing is changed."""
    shown = _registered()
    form = {name: shown.get(name) for name in CHANGED}
    return _page(shown, form, {}, trouble=checking.faults_of(shown["issuer"]))


@web.post("/agency/sign-in-service/suspend")
def suspend_provider() -> Response:
    """Suspend at once; only with the box ticked, because it signs everybody out."""
    if request.form.get("sure") != "yes":
        said = gettext("Nothing was suspended: tick the box to say that you mean it.")
        shown = _registered()
        return make_response(_page(shown, {name: shown.get(name) for name in CHANGED}, {"sure": said}), 422)
    with_all = agency_forms.who()

    def act(tx: Tx) -> None:
        enrolment.suspend(tx, **with_all)

    agency_forms.acted(act)
    flash(gettext("Sign-in is suspended, and everybody whom the service vouched for is signed out."))
    return redirect(url_for("web.start"), 303)


def _proposed(given: dict[str, Any]) -> UUID:
    slug = current_principal().agency_slug

    def act(tx: Tx) -> UUID:
        return enrolment.propose_change(tx, slug, given, **agency_forms.who())

    made = agency_forms.acted(act).result_id
    assert made is not None
    return made


def _to(proposal_id: UUID) -> Response:
    flash(gettext("Proposed, with your signature. A second administrator has to sign before it holds."))
    return redirect(url_for("web.agreement", proposal_id=proposal_id), 303)


def _registered() -> dict[str, Any]:
    with reading() as db:
        shown = enrolment.described(db, current_principal().agency_id)
    if shown is None:
        raise NoSuchProvider()
    return shown


def _page(
    shown: dict[str, Any],
    form: dict[str, Any],
    faults: dict[str, str],
    *,
    trouble: Sequence[Fault] | None = None,
) -> str:
    """The page; `trouble` is what a look at the service found, None where nobody looked."""
    return render_template(
        "agency_provider.html",
        provider=shown,
        form=form,
        faults=faults,
        trouble=trouble,
        levels=agency_words.levels(),
        words=agency_words,
        keys_address=f"{settings().public_url}/sign-in/{shown['slug']}/keys",
    )
