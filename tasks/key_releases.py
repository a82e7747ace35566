"""Keys to end-to-end sealed items: a device asks, and whoever holds the campaign's key wraps the item's for it.

The server sees who asks for what, decides whether they may, and hands the answer on; it could open neither.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import delete, select

from agencies.device_keys import DeviceKey
from marketplace.foundation.db import Tx, insert
from security.log import audit
from security.principal import Context, Principal
from tasks.facts import CampaignFacts
from tasks.models import Claim, KeyRelease


def ask(
    tx: Tx, claim_id: UUID, campaign: CampaignFacts, device: DeviceKey, *, actor: Principal, context: Context
) -> bytes | None:
    """The released slot for this claim and device; None where it is asked for and not there yet.

    Asking is on the record once, with the device: it is the decision that whoever releases a key looks for.
    """
    mine = (KeyRelease.claim_id == claim_id, KeyRelease.device_key_id == device.id)
    row = tx.one_or_none(select(KeyRelease.wrapped).where(*mine))
    if row is not None:
        return None if row.wrapped is None else bytes(row.wrapped)
    asked = {"claim_id": claim_id, "device_key_id": device.id, "campaign_id": campaign.id, "wrapped": None}
    if tx.execute(insert(tx, KeyRelease).values(asked).on_conflict_do_nothing()).rowcount:
        microtask_id = tx.scalar(select(Claim.microtask_id).where(Claim.id == claim_id))
        target = campaign.target("microtask", microtask_id)
        detail = {"device": device.thumbprint}
        audit.record(tx, "key.ask", target, actor=actor, context=context, detail=detail)
    return None


def forget_over(tx: Tx) -> int:
    """Delete what was asked for and released for claims that have ended. Returns how many there were."""
    over = select(Claim.id).where(Claim.live).where(Claim.id == KeyRelease.claim_id).exists()
    return tx.execute(delete(KeyRelease).where(~over)).rowcount
