"""Those who may open a campaign of their agency, and telling them that one waits."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from agencies import holders, notices, people
from marketplace.foundation.db import Tx
from security.labels import dominates
from tasks.campaign_names import in_notice
from tasks.facts import CampaignFacts
from tasks.stages import APPROVER, decide


def able(db: Tx, campaign: CampaignFacts) -> Iterator[UUID]:
    """The people who may open it: approvers of its agency but its owner, cleared for what it is about."""
    for row in holders.listing(db, campaign.agency_id, [APPROVER]):
        person = people.read(db, row.membership_id)
        if person is None or not decide("approve", person, campaign.agency_id, campaign.owner_id).allowed:
            continue
        if dominates(
            person.clearance, person.compartments, campaign.terms.level, campaign.terms.compartments
        ):
            yield row.person_id


def tell(tx: Tx, campaign: CampaignFacts) -> None:
    """Tell every one of them."""
    for person_id in able(tx, campaign):
        path, words = f"/approvals/{campaign.id}", in_notice(campaign, campaign.name)
        notices.post(tx, person_id, "campaign.submit", path=path, **words)
