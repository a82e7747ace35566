"""The key desk of a campaign sealed end to end: its owner's browser gives keys to the devices that ask for them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import render_template, request

from agencies.device_keys import record_proofs
from marketplace.edge import key_json
from marketplace.edge.acting import current_context, current_principal
from marketplace.foundation.db import Tx, reading, transaction
from marketplace.foundation.ids import parse_id
from marketplace.web.blueprint import web
from security.permissions import Permission, may
from security.sealing import Protection
from tasks import key_releases, key_requests, queries, results
from tasks.errors import BadSealing, NoSuchKeyRequest
from tasks.facts import CampaignFacts


@web.get("/campaigns/<uuid:campaign_id>/key-desk")
def key_desk(campaign_id: UUID) -> str:
    """The desk on a page of its own, to be left open."""
    principal, context = current_principal(), current_context()
    with reading() as db:
        campaign = key_releases.readable(db, campaign_id, principal, context)
        described = queries.describe(db, campaign, principal)
        desk = shown(db, campaign)
    return render_template(
        "key_desk.html",
        campaign=described,
        desk=desk,
        can_export=may(principal, Permission.EXPORT_RESULTS),
    )


@web.get("/campaigns/<uuid:campaign_id>/key-desk/requests")
def key_requests_(campaign_id: UUID) -> dict[str, Any]:
    """What waits for one of the reader's devices, as JSON; those that it knows already are only named.

    All are where its page is `full`: they are named so that those leave it that do not wait any more.
    """
    asked: dict[str, Any] = {
        "campaign_id": campaign_id,
        "holder": request.args.get("device", ""),
        "known": key_json.known_in(request.args.get("known", "")),
        "most": 0 if "full" in request.args else key_requests.MOST,
        "actor": current_principal(),
        "context": current_context(),
    }
    with reading() as db:
        found = key_requests.look(db, **asked)
    if found.requests:
        with transaction() as tx:
            found = key_requests.waiting(tx, **asked)
    return key_json.desk_of(found)


@web.post("/campaigns/<uuid:campaign_id>/key-desk/release")
def release_key(campaign_id: UUID) -> tuple[str, int]:
    """Give one device the key to one item. A second time it was given already, which the script knows."""
    claim_id = parse_id(request.form.get("claim", ""))
    if claim_id is None:
        raise NoSuchKeyRequest()
    slot = request.form.get("slot", "")
    if not slot.isascii():
        raise BadSealing(problem="slot")
    with transaction() as tx:
        key_releases.release(
            tx,
            campaign_id,
            claim_id,
            request.form.get("device", ""),
            slot.encode("ascii"),
            holder=request.form.get("holder", ""),
            actor=current_principal(),
            context=current_context(),
        )
    return "", 204


def shown_at(db: Tx, campaign_id: UUID) -> dict[str, Any] | None:
    """What the part on a campaign's page needs; None where the marketplace itself hands out the keys."""
    campaign = results.readable(db, campaign_id, current_principal(), current_context())
    return shown(db, campaign) if campaign.protection is Protection.END_TO_END else None


def shown(db: Tx, campaign: CampaignFacts) -> dict[str, Any]:
    """What the desk is made of: the campaign’s key, the reader’s devices that hold it, whom evidence is checked by."""
    return {
        "campaign_id": campaign.id,
        "key_id": campaign.key_id,
        "holders": key_requests.holding(db, campaign, current_principal()),
        "trust": record_proofs.trust(db),
    }
