"""Need-to-know: who is let in to a campaign, letting somebody in, ending it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response

from agencies.people_errors import OwnAffair
from marketplace.api.door import api, done_once, existing, refuses, takes_body, who
from marketplace.api.replies import reply, reply_once
from marketplace.api.schemas import LetIn, LettingIn
from marketplace.edge.reading_people import reading_people
from marketplace.foundation.db import Tx
from tasks import need_to_know
from tasks.errors import BadDay, NobodyThere, NoSuchCampaign, NotUnderNeedToKnow, NotYoursToGive


@api.get("/campaigns/<id:campaign_id>/need-to-know")
@refuses(NoSuchCampaign, NotYoursToGive)
@api.response(200, LetIn)
def list_let_in(campaign_id: UUID | None) -> Response:
    """List who is let in to a campaign under need-to-know.

    For task owners of the campaign's agency who may know it, and for that agency's security officers.
    """
    with reading_people() as db:
        return reply(_listed(db, campaign_id))


@api.post("/campaigns/<id:campaign_id>/need-to-know")
@refuses(NoSuchCampaign, NotYoursToGive, NotUnderNeedToKnow, NobodyThere, BadDay, OwnAffair)
@takes_body
@done_once
@api.arguments(LettingIn)
@api.response(201, LetIn)
def let_in(body: dict[str, Any], campaign_id: UUID | None) -> Response:
    """Let somebody in to a campaign, to the end of a day.

    Nobody lets themselves in. Somebody who is in already is in until the new day. Being let in opens nothing that
    another rule closes.
    """
    wanted = existing(campaign_id, NoSuchCampaign)
    return reply_once(
        lambda tx: need_to_know.give(tx, wanted, **body, **who()),
        lambda tx, _: _listed(tx, wanted),
        201,
    )


@api.post("/campaigns/<id:campaign_id>/need-to-know/<id:membership_id>/end")
@refuses(NoSuchCampaign, NotYoursToGive)
@done_once
@api.response(200, LetIn)
def end_let_in(campaign_id: UUID | None, membership_id: UUID | None) -> Response:
    """End what somebody was let in to.

    No body is needed.
    """
    wanted, whose = existing(campaign_id, NoSuchCampaign), existing(membership_id, NoSuchCampaign)
    return reply_once(
        lambda tx: need_to_know.end(tx, wanted, whose, **who()),
        lambda tx, _: _listed(tx, wanted),
    )


def _listed(db: Tx, campaign_id: UUID | None) -> dict[str, Any]:
    wanted = existing(campaign_id, NoSuchCampaign)
    return need_to_know.listing(db, wanted, **who())
