"""Posting sealed work in the browser, and who holds a campaign's key. What is sealed here, the server never reads."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response

from agencies import agency_keys, device_keys
from agencies.device_keys import record_proofs
from marketplace.edge import sealed_json, sealed_posting_json
from marketplace.edge.acting import current_context, current_principal
from marketplace.edge.larger_bodies import LARGEST
from marketplace.edge.once import once
from marketplace.foundation.db import reading, transaction
from marketplace.foundation.input import BadJson, load_json
from marketplace.web.blueprint import web
from security.principal import Context, Principal
from tasks import key_holders, posting_sealed, table
from tasks.errors import BadSealing, BadSpec
from tasks.posting_sealed import SealedRow

LONGEST_SETTINGS = 200_000
LONGEST_EMAIL = 320


@web.get("/campaigns/sealed/new")
def seal_campaign() -> str:
    """Where a campaign is sealed and posted."""
    agency_id = current_principal().agency_id
    with reading() as db:
        held = [agency_keys.current(db, agency_id, kind) for kind in agency_keys.KINDS]
        trust = record_proofs.trust(db, agency_id)
    own = [each for each in held if each is not None]
    return render_template(
        "post_sealed.html",
        agency_keys=own,
        trust=trust,
        hybrid=any(each.suite == agency_keys.HYBRID for each in own),
        longest_cell=table.LONGEST_CELL,
        most_rows=table.MOST_ROWS,
        largest=LARGEST["web.post_sealed"],
    )


@web.post("/campaigns/sealed/check")
def check_settings() -> dict[str, Any]:
    """Check the settings in a TOML file, and tell the device how to seal the items."""
    settings = _from_toml(request.form.get("settings", ""))
    with transaction() as tx:
        found = posting_sealed.prepare(tx, settings, current_principal())
    return sealed_posting_json.preparation_of(found)


@web.post("/campaigns/sealed")
def post_sealed() -> dict[str, Any]:
    """Post what the browser has sealed. Tells where the campaign's room is."""
    given = load_json(request.get_data())
    if not isinstance(given, dict):
        raise BadSealing(problem="items")
    campaign_id, key, items = sealed_posting_json.posting_in(given)
    principal, context = _who()

    def act() -> UUID:
        return posting_sealed.post_sealed(
            tx, given.get("spec"), key, items, campaign_id=campaign_id, actor=principal, context=context
        )

    with transaction() as tx:
        made = once(tx, act).result_id
    _tell_posted(given, items)
    return {
        "room": url_for("web.room", campaign_id=made),
        "more": url_for("web.add_sealed_items", campaign_id=made),
    }


@web.post("/campaigns/<uuid:campaign_id>/sealed/items")
def add_sealed_items(campaign_id: UUID) -> dict[str, Any]:
    """Put the next batch of what the browser has sealed behind the items that are in."""
    given = load_json(request.get_data())
    if not isinstance(given, dict):
        raise BadSealing(problem="items")
    items = sealed_posting_json.batch_in(given)
    principal, context = _who()

    def act() -> None:
        posting_sealed.add_items(tx, campaign_id, items, actor=principal, context=context)

    with transaction() as tx:
        once(tx, act)
    _tell_posted(given, items)
    return {"room": url_for("web.room", campaign_id=campaign_id)}


def _tell_posted(given: dict[str, Any], items: Sequence[SealedRow]) -> None:
    """How many items there are, for the campaign's page: with the last batch, whose last item has that number."""
    if given.get("last") is True and items:
        posted = items[-1].number
        flash(ngettext("%(num)s item was posted.", "%(num)s items were posted.", posted))


@web.get("/campaigns/<uuid:campaign_id>/key", endpoint="key_holders")
def key_holders_(campaign_id: UUID) -> str:
    """Who holds the key of a campaign."""
    principal, context = _who()
    with transaction() as tx:
        found = key_holders.listing(tx, campaign_id, actor=principal, context=context)
        trust = record_proofs.trust(tx, found.campaign.agency_id)
    return render_template("campaign_key.html", held=found, campaign=found.campaign, trust=trust)


@web.post("/campaigns/<uuid:campaign_id>/key/offer")
def key_to_give(campaign_id: UUID) -> dict[str, Any]:
    """The key for a device of mine that holds it, and the devices to wrap it for with what stands behind them."""
    email = request.form.get("email", "")[:LONGEST_EMAIL].strip()
    principal, context = _who()
    with transaction() as tx:
        found = key_holders.offer(
            tx,
            campaign_id,
            device=request.form.get("device", ""),
            email=email or None,
            actor=principal,
            context=context,
        )
        evidence = {each.thumbprint: device_keys.evidence(tx, each.id) for each in found.devices}
    return {
        "key": sealed_json.part_of(found.key),
        "devices": [{"thumbprint": name, "evidence": shown} for name, shown in evidence.items()],
    }


@web.post("/campaigns/<uuid:campaign_id>/key/give")
def give_key(campaign_id: UUID) -> tuple[str, int]:
    """Keep the key as one of my devices wrapped it for others."""
    slots = sealed_posting_json.key_slots_in({"slots": _json(request.form.get("slots", ""))})
    principal, context = _who()
    with transaction() as tx:
        key_holders.give(tx, campaign_id, slots, actor=principal, context=context)
    flash(gettext("The key was given."))
    return "", 204


@web.post("/campaigns/<uuid:campaign_id>/key/take-back")
def take_key_back(campaign_id: UUID) -> Response:
    """Take the key back from a device of mine, or from a colleague."""
    principal, context = _who()
    holder = request.form.get("membership", type=UUID)
    device = request.form.get("device", "") or None

    def act() -> None:
        key_holders.take_back(tx, campaign_id, holder, device=device, actor=principal, context=context)

    with transaction() as tx:
        once(tx, act)
    flash(gettext("The key was taken back."))
    return redirect(url_for("web.key_holders", campaign_id=campaign_id), 303)


def _who() -> tuple[Principal, Context]:
    return current_principal(), current_context()


def _json(text: str) -> Any:
    try:
        return load_json(text.encode("utf-8", "replace"))
    except BadJson:
        raise BadSealing(problem="slots") from None


def _from_toml(text: str) -> Any:
    """The settings in a `campaign.toml`, with dates as texts. Raises BadSpec with the place of a mistake."""
    if len(text) > LONGEST_SETTINGS:
        raise BadSpec(errors={"file": ["The settings are longer than a campaign's can be."]})
    try:
        return _plain(tomllib.loads(text.removeprefix("\ufeff")))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadSpec(errors={"file": [f"This is not valid TOML: {error}."]}) from None


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(below) for name, below in value.items()}
    if isinstance(value, list):
        return [_plain(below) for below in value]
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    return value
