"""What waits for the approver of an agency."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from agencies import people
from agencies.models import Person
from marketplace.foundation.db import Tx
from security.principal import Context, Principal
from tasks import access_sql, facts, policies, queries
from tasks.errors import NoSuchCampaign, NotYoursToMove
from tasks.models import Campaign, CampaignProgress
from tasks.stages import APPROVER, Stage, decide


def waiting(db: Tx, *, actor: Principal, context: Context) -> list[dict[str, Any]]:
    """The submitted campaigns of the actor's agency that they may know, oldest first, and which of them are theirs to
    open: nobody opens their own. Raises NotYoursToMove for who is no approver.

    Rows have id, name, title, language, level, owner (a name), items, minutes, contributions, submitted_on, yours.
    """
    now = people.still_member(db, actor)
    if APPROVER not in now.roles:
        raise NotYoursToMove()
    rules = policies.everywhere(db, now)
    known = access_sql.may(db, "know", now, context, rules)
    rows = db.all(
        facts.every_campaign_for(db, now)
        .add_columns(CampaignProgress.total, Person.name.label("owner"))
        .join(Person, Person.id == Campaign.owner_id)
        .join(CampaignProgress, CampaignProgress.campaign_id == Campaign.id)
        .where(Campaign.agency_id == now.agency_id, Campaign.stage == Stage.SUBMITTED, known)
        .order_by(Campaign.posted_on, Campaign.id)
    )
    return [_row(row, now) for row in rows]


def one(db: Tx, campaign_id: UUID, *, actor: Principal, context: Context) -> dict[str, Any]:
    """A campaign of the actor's agency as `queries.described` has it, in any stage. Raises NoSuchCampaign."""
    now = people.still_member(db, actor)
    campaign = facts.known(db, campaign_id, now, context)
    if campaign.agency_id != now.agency_id:
        raise NoSuchCampaign()
    return queries.describe(db, campaign, now)


def _row(row: Any, actor: Principal) -> dict[str, Any]:
    campaign = facts.facts_from(row)
    return {
        "id": campaign.id,
        "name": campaign.name,
        "title": campaign.title,
        "language": campaign.language,
        "level": campaign.terms.level.label_key,
        "owner": row.owner,
        "items": row.total,
        "minutes": campaign.minutes,
        "contributions": campaign.redundancy,
        "submitted_on": row.posted_on,
        "yours": decide("approve", actor, campaign.agency_id, campaign.owner_id).allowed,
    }
