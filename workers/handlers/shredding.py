"""Jobs that shred what is not to be kept any more, a batch at a time; where there is more, another job goes on."""

from __future__ import annotations

from uuid import UUID

from marketplace.foundation import jobs
from marketplace.foundation.db import Tx, reading
from tasks import drafts, moving_years, shredding
from tasks.moving_years import Batch
from workers.handling import handles


@handles("campaigns.shred_due")
def shred_due(tx: Tx) -> None:
    shredding.begin_due(tx)


@handles("campaign.shred")
def shred(tx: Tx, campaign_id: str, after: str) -> None:
    last = shredding.shred_some(tx, UUID(campaign_id), int(after))
    if last is not None:
        shredding.go_on(tx, UUID(campaign_id), last)


@handles("drafts.shred_over")
def shred_drafts(tx: Tx) -> None:
    if drafts.shred_over(tx):
        jobs.record(tx, "drafts.shred_over", merge_key="drafts.shred_over")


@handles("drafts.shred_of")
def shred_drafts_of(tx: Tx, person_id: str) -> None:
    drafts.shred_of_person(tx, UUID(person_id))


def rewrap(campaign_id: str) -> Batch | None:
    """Wrap a batch for the other year's key; a keeper of keys may be another machine."""
    with reading() as db:
        return moving_years.prepared(db, UUID(campaign_id))


@handles("campaign.move_year", prepare=rewrap)
def move_year(tx: Tx, batch: Batch | None, campaign_id: str) -> None:
    if batch is not None and moving_years.write(tx, batch):
        jobs.record(tx, "campaign.move_year", {"campaign_id": campaign_id}, merge_key=f"year:{campaign_id}")
