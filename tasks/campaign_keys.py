"""A campaign's own key: answers are sealed to its public half, whose private half lies sealed itself.

At the level *server-sealed* the server makes it and keeps the private half under the agency's key. At the level
*end-to-end* the owner's device makes it, and the server never has the private half.
"""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import select, update

from marketplace.foundation.db import Tx
from security.sealing import Protection, keys
from tasks import payloads
from tasks.facts import CampaignFacts
from tasks.models import Campaign
from tasks.payloads.keeping import keep_bytes


def make(tx: Tx, campaign: CampaignFacts) -> CampaignFacts:
    """Make the key of a server-sealed campaign. Returns the campaign with it. Raises KeyTrouble, SealedElsewhere."""
    private = keys.new_private()
    public = keys.public_jwk(private)
    payload_id = keep_bytes(tx, campaign, [(payloads.key(), keys.private_bytes(private))])[0]
    tx.execute(
        update(Campaign)
        .where(Campaign.id == campaign.id)
        .values(public_key=public, key_payload_id=payload_id)
    )
    return replace(campaign, public_key=public, key_payload_id=payload_id)


def ensure(tx: Tx, campaign: CampaignFacts) -> CampaignFacts:
    """The campaign with its key; one from before campaigns had keys gets it now, once."""
    if campaign.key_payload_id is not None or campaign.protection is not Protection.SERVER:
        return campaign
    held = select(Campaign.public_key, Campaign.key_payload_id).where(Campaign.id == campaign.id)
    row = tx.execute(held.with_for_update()).one()
    if row.key_payload_id is not None:
        return replace(campaign, public_key=row.public_key, key_payload_id=row.key_payload_id)
    return make(tx, campaign)
