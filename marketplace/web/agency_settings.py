"""What an agency decides for itself: its networks, who joins how, its words for labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from agencies import labels as label_names
from agencies import networks as zones
from agencies import settings
from agencies.errors import BadAgencySettings, LookAlike
from marketplace.edge.acting import current_principal
from marketplace.foundation.catalogues import LANGUAGES, SOURCE
from marketplace.foundation.db import Tx, reading
from marketplace.web import agency_forms, agency_words, words
from marketplace.web.blueprint import web


@web.get("/agency/networks")
def networks() -> str:
    """The networks of each zone, one in each line."""
    principal = current_principal()
    with reading() as db:
        return _networks(zones.listed(db, principal.agency_id), {})


@web.post("/agency/networks")
def set_networks() -> Response:
    """Replace them."""
    typed = {zone.value: agency_forms.lines(zone.value) for zone in zones.ZONES}

    def act(tx: Tx) -> None:
        zones.set_lists(tx, typed, **agency_forms.who())

    try:
        agency_forms.acted(act)
    except BadAgencySettings as refusal:
        faults = agency_words.network_faults(refusal.facts.get("faults", {}))
        many = {zone: [str(agency_words.TOO_MANY)] for zone in refusal.facts["errors"] if zone not in faults}
        return make_response(_networks(typed, faults | many), 422)
    flash(gettext("The networks are saved. They count from the next request on."))
    return redirect(url_for("web.networks"), 303)


@web.get("/agency/joining")
def joining() -> str:
    """Mail domains, and whether people join by signing in."""
    with reading() as db:
        return _joining(settings.of(db, current_principal().agency_id), {})


@web.post("/agency/joining")
def set_joining() -> Response:
    """Change them."""
    typed = agency_forms.part(("mail_domains", "self_join"))

    def act(tx: Tx) -> None:
        settings.change(tx, typed, **agency_forms.who())

    try:
        agency_forms.acted(act)
    except BadAgencySettings as refusal:
        return make_response(_joining(typed, agency_words.faults(refusal.facts["errors"])), 422)
    except LookAlike as refusal:
        agency_forms.beside_field(refusal)
        said = " ".join(agency_words.look_alike(reason) + "." for reason in refusal.facts["reasons"])
        return make_response(_joining(typed, {"mail_domains": said}), 403)
    flash(gettext("Saved."))
    return redirect(url_for("web.joining"), 303)


@web.get("/agency/labels")
def labels() -> str:
    """The agency's own words for the four levels."""
    with reading() as db:
        return _labels(label_names.all_names(db, current_principal().agency_id), {})


@web.post("/agency/labels")
def rename_levels() -> Response:
    """Change them; an empty field takes the common word."""
    typed = {
        key: {code: request.form.get(f"{key}.{code}", "").strip() for code in LANGUAGES}
        for key in label_names.KEYS
    }

    def act(tx: Tx) -> None:
        label_names.rename(tx, typed, **agency_forms.who())

    try:
        agency_forms.acted(act)
    except BadAgencySettings as refusal:
        # A level's own field is its English one, which the others fall back to.
        faults = {f"{key}.{SOURCE}": agency_words.BAD_WORD for key in refusal.facts["errors"]}
        return make_response(_labels(typed, faults), 422)
    flash(gettext("The words are saved. Your people read them from the next page on."))
    return redirect(url_for("web.labels"), 303)


def _networks(lists: Mapping[str, list[str]], faults: Mapping[str, list[str]]) -> str:
    return render_template("agency_networks.html", lists=lists, faults=faults)


def _joining(form: Mapping[str, Any], faults: Mapping[str, str]) -> str:
    with reading() as db:
        named = settings.names_an_organisation(db, current_principal().agency_id)
    return render_template("agency_joining.html", form=form, faults=faults, organisation=named)


def _labels(names: Mapping[str, Mapping[str, str]], faults: Mapping[str, Any]) -> str:
    common = [(key, str(words.LEVELS[key])) for key in label_names.KEYS]
    return render_template("agency_labels.html", names=names, faults=faults, levels=common)
