"""Campaigns: what there is to do, posting one, reading one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response

from marketplace.api.door import api, at_most, done_once, existing, refuses, takes_body
from marketplace.api.replies import reply, reply_once, reply_unless_known
from marketplace.api.schemas import (
    Approvals,
    BoardQuery,
    Campaign,
    CampaignMove,
    CampaignMoved,
    CampaignPost,
    Campaigns,
)
from marketplace.edge.acting import current_context, current_principal, settings
from marketplace.foundation.db import Tx, reading
from marketplace.foundation.errors import InvalidInput
from security.principal import Principal
from tasks import board, campaigns, facts, queries
from tasks.errors import (
    BadFile,
    BadRemark,
    BadRows,
    BadSpec,
    NoSuchCampaign,
    NotYoursToMove,
    Shredded,
    WrongStage,
)

LARGEST_IMPORT = 32 * 1024 * 1024


@api.get("/campaigns")
@refuses(InvalidInput)
@api.arguments(BoardQuery, location="query")
@api.response(200, Campaigns)
def list_campaigns(query: dict[str, Any]) -> Response:
    """List the work there is.

    What you may do now in the order of the board, what is one step away, and the campaigns of your agency whose
    results you may read.
    """
    principal = current_principal()
    wanted = board.Filter(query["agency"], query["level"], query["skill"], query["minutes"], query["q"])
    with reading() as db:
        shown = board.board(db, principal, current_context(), wanted)
        own = queries.campaigns_of(db, principal, current_context())
    return reply({"can": shown["can"], "away": shown["away"], "own": own})


@api.post("/campaigns")
@at_most(LARGEST_IMPORT)
@refuses(BadSpec, BadRows, BadFile)
@takes_body
@done_once
@api.arguments(CampaignPost)
@api.response(201, Campaign, headers={"Location": {"schema": {"type": "string"}}})
def post_campaign(body: dict[str, Any]) -> Response:
    """Post a campaign with all its items; an approver of your agency opens it.

    Every row is checked before anything is written: all of them are imported or none. `errors` of a refusal lists
    each bad row with its line in the file (1 is the header) and the reason. Bodies may have 32 MB.
    """
    principal, context = current_principal(), current_context()

    def act(tx: Tx) -> UUID:
        asked = (body["spec"], body["csv"])
        return campaigns.post(tx, *asked, actor=principal, context=context, draft=body["draft"])

    def shown(tx: Tx, campaign_id: UUID | None) -> dict[str, Any]:
        return described(tx, existing(campaign_id, NoSuchCampaign), principal)

    return reply_once(act, shown, 201, lambda made: {"Location": f"/api/v1/campaigns/{made}"})


@api.get("/approvals")
@refuses(NotYoursToMove)
@api.response(200, Approvals)
def list_approvals() -> Response:
    """List the campaigns of your agency that wait for an approver, oldest first; nobody opens their own."""
    with reading() as db:
        found = campaigns.waiting(db, actor=current_principal(), context=current_context())
    return reply({"campaigns": found})


@api.post("/campaigns/<id:campaign_id>/move")
@refuses(NoSuchCampaign, NotYoursToMove, WrongStage, BadRemark, Shredded)
@takes_body
@done_once
@api.arguments(CampaignMove)
@api.response(200, CampaignMoved)
def move_campaign(body: dict[str, Any], campaign_id: UUID | None) -> Response:
    """Move a campaign on by an act.

    Submit or withdraw it, approve it or send it back, pause, resume, close, cancel or discard it. Its `acts` are those
    that you may do now. Sending back takes a `remark`, which its owner reads.
    """
    wanted = existing(campaign_id, NoSuchCampaign)
    principal, context = current_principal(), current_context()

    def act(tx: Tx) -> None:
        asked = (wanted, body["act"])
        campaigns.move(tx, *asked, actor=principal, context=context, remark=body["remark"])

    def shown(tx: Tx, _: UUID | None) -> dict[str, Any]:
        return {"id": wanted, "stage": facts.campaign(tx, wanted).stage}

    return reply_once(act, shown, 200)


@api.get("/campaigns/<id:campaign_id>")
@refuses(NoSuchCampaign)
@api.response(200, Campaign)
def get_campaign(campaign_id: UUID | None) -> Response:
    """Read a campaign: what it asks, how, and its form.

    The answer has an ETag; send it as If-None-Match to be told that nothing has changed (304).
    """
    with reading() as db:
        shown = described(db, existing(campaign_id, NoSuchCampaign), current_principal())
    return reply_unless_known(shown)


def described(db: Tx, campaign_id: UUID, principal: Principal) -> dict[str, Any]:
    """A campaign as this API shows it. Raises NoSuchCampaign."""
    shown = queries.described(db, campaign_id, principal, current_context())
    return shown | {"page": f"{settings().public_url}/campaigns/{campaign_id}"}
