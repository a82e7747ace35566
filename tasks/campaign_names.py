"""What the campaigns of an agency are called, for lists of its officers."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from agencies import people
from marketplace.foundation.db import Tx
from security.labels import dominates
from security.principal import Principal, Role
from tasks import facts
from tasks.facts import CampaignFacts
from tasks.models import Campaign

MOST = 200
"""The newest; older ones are found by their id."""


def in_notice(campaign: CampaignFacts, words: str) -> dict[str, Any]:
    """What a notice about a campaign says of it: `words`, and of a sealed one only that it is sealed.

    Notices go out as mails, and stand on screens that anybody may look at.
    """
    return {"sealed": True} if campaign.sealed else {"campaign": words}


def of_agency(db: Tx, actor: Principal) -> dict[UUID, str]:
    """The campaigns of the actor's agency by id, newest first, whose name the actor's clearance covers.

    A name can say as much as what it names. Of those under need-to-know only the agency's own officers know.
    """
    now = people.still_member(db, actor)
    known = [] if Role.SECURITY_OFFICER in now.roles else [Campaign.need_to_know.is_(False)]
    rows = db.all(
        facts.every_campaign()
        .where(Campaign.agency_id == now.agency_id, *known)
        .order_by(Campaign.posted_on.desc(), Campaign.id)
        .limit(MOST)
    )
    found = [facts.facts_from(row) for row in rows]
    return {
        campaign.id: campaign.name
        for campaign in found
        if dominates(now.clearance, now.compartments, campaign.terms.level, campaign.terms.compartments)
    }
