"""Moving a campaign's content to the agency's key of another year, when the last day of its content was moved there.

What ends in a year hangs on that year's key, so that destroying the key of a year destroys just that. The ciphertext
is not touched. A batch is wrapped outside any transaction and written in one; it may be stopped anywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import select, union

from agencies.keys import bound
from marketplace.foundation.db import Tx
from security.sealing import Protection, SlotPurpose
from tasks import facts, rewrapping
from tasks.models import Campaign, Contribution, Microtask, Payload, PayloadSlot, Result
from tasks.payloads.keeping import retention_year
from tasks.rewrapping import Moved, Slot

AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Batch:
    """New slots under the key `to`, by the key that they were under. `full`: there may be more."""

    to: str
    moved: Sequence[tuple[str, Sequence[Moved]]]
    full: bool


def prepared(db: Tx, campaign_id: UUID) -> Batch | None:
    """The next slots that hang on another year's key, wrapped anew; None where nothing is left. Raises KeyTrouble."""
    campaign, keys = facts.campaign(db, campaign_id), bound.provider()
    if campaign.protection is not Protection.SERVER:
        return None
    year = retention_year(db, campaign)
    wanted = {each.id for each in keys.listing() if (each.agency, each.year) == (campaign.agency_slug, year)}
    rows = db.all(_elsewhere(campaign_id, wanted).limit(AT_ONCE))
    if not rows:
        return None
    to = keys.current(campaign.agency_slug, year)
    moved = []
    for from_id, group in groupby(rows, key=lambda row: row.key_id):
        slots = [Slot(row.payload_id, row.wrapped, sha256(row.header).digest()) for row in group]
        moved.append((from_id, rewrapping.rewrapped(keys, slots, from_id, to)[0]))
    return Batch(to, moved, len(rows) == AT_ONCE)


def write(tx: Tx, batch: Batch) -> bool:
    """Put the slots under their new key. Whether another batch may follow; what did not open is not tried again."""
    written = [rewrapping.write(tx, moved, from_id, batch.to) for from_id, moved in batch.moved]
    return batch.full and any(written)


def _elsewhere(campaign_id: UUID, wanted: set[str]) -> Any:
    of_items = select(Microtask.id).where(Microtask.campaign_id == campaign_id)
    mine = union(
        select(Microtask.payload_id).where(Microtask.campaign_id == campaign_id),
        select(Contribution.payload_id).where(Contribution.microtask_id.in_(of_items)),
        select(Result.payload_id).where(Result.campaign_id == campaign_id),
        select(Campaign.key_payload_id).where(Campaign.id == campaign_id),
    )
    chosen = select(PayloadSlot.payload_id, PayloadSlot.key_id, PayloadSlot.wrapped, Payload.header)
    chosen = chosen.join(Payload, Payload.id == PayloadSlot.payload_id)
    here = (PayloadSlot.kind == SlotPurpose.KEK, PayloadSlot.key_id.not_in(wanted))
    chosen = chosen.where(*here, PayloadSlot.payload_id.in_(mine))
    return chosen.order_by(PayloadSlot.key_id, PayloadSlot.payload_id)
