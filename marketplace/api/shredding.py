"""Retention: until when the sealed content of a campaign is kept, and shredding it before its day."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response

from marketplace.api.campaigns import described
from marketplace.api.door import api, done_once, existing, refuses, takes_body, who
from marketplace.api.replies import reply_once
from marketplace.api.schemas import Campaign, Keeping
from marketplace.edge.acting import current_context, current_principal
from marketplace.foundation.db import Tx
from tasks import retention, shredding
from tasks.errors import (
    BadKeepDay,
    NoSuchCampaign,
    NoSuchMicrotask,
    NothingSealed,
    NotYoursToShred,
    Shredded,
)


@api.post("/campaigns/<id:campaign_id>/keep")
@refuses(NoSuchCampaign, NotYoursToShred, NothingSealed, Shredded, BadKeepDay)
@takes_body
@done_once
@api.arguments(Keeping)
@api.response(200, Campaign)
def keep_content(body: dict[str, Any], campaign_id: UUID | None) -> Response:
    """Keep a campaign's sealed content to the end of another day, earlier or later.

    From today on, at most as far ahead as the agency keeps work of this level.
    """
    wanted = existing(campaign_id, NoSuchCampaign)
    return reply_once(
        lambda tx: retention.keep(tx, wanted, body["until"], **who()), lambda tx, _: _described(tx, wanted)
    )


@api.post("/campaigns/<id:campaign_id>/shred")
@refuses(NoSuchCampaign, NotYoursToShred, NothingSealed, Shredded)
@done_once
@api.response(200, Campaign)
def shred_campaign(campaign_id: UUID | None) -> Response:
    """Shred everything sealed of a campaign: items, answers, results, drafts and the campaign's own key.

    It cannot be undone. The campaign ends at once, its content goes within moments. Numbers, agreement and days of
    settled items stay. No body is needed.
    """
    wanted = existing(campaign_id, NoSuchCampaign)
    return reply_once(
        lambda tx: shredding.shred_campaign(tx, wanted, **who()), lambda tx, _: _described(tx, wanted)
    )


@api.post("/microtasks/<id:microtask_id>/shred")
@refuses(NoSuchMicrotask, NotYoursToShred, NothingSealed, Shredded)
@done_once
@api.response(200, Campaign)
def shred_item(microtask_id: UUID | None) -> Response:
    """Shred one item with its answers and its result.

    It cannot be undone. No body is needed.
    """
    wanted = existing(microtask_id, NoSuchMicrotask)
    return reply_once(
        lambda tx: shredding.shred_item(tx, wanted, **who()),
        lambda tx, _: _described(
            tx, shredding.of_item(tx, wanted, current_principal(), current_context()).id
        ),
    )


def _described(tx: Tx, campaign_id: UUID) -> dict[str, Any]:
    return described(tx, campaign_id, current_principal())
