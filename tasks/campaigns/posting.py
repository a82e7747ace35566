"""Posting a campaign: settings and rows in, a queue of microtasks out, all in one transaction or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from agencies import handling
from marketplace.foundation.db import Tx
from marketplace.foundation.ids import new_id
from security.labels import Level
from security.principal import Context, Principal
from tasks import campaign_keys, campaign_rows, facts, payloads, table
from tasks.errors import SealedElsewhere
from tasks.facts import CampaignFacts
from tasks.stages import Stage

BATCH = 1_000


def post(
    tx: Tx, settings: Any, rows: str, *, actor: Principal, context: Context, draft: bool = False
) -> UUID:
    """Post a campaign with one microtask per row of the CSV text `rows`. Returns its id.

    It waits for the agency's approver, who opens it; as a `draft` it waits for its owner to submit it.

    Raises BadSpec or BadRows with every problem; NotPermitted where the actor is no task owner any more;
    SealedElsewhere where the agency has work of this level sealed before it comes here.
    """
    checked = campaign_rows.may_post(tx, settings, actor)
    items = table.items(rows, checked["form"])
    handled = handling.of(tx, actor.agency_id, Level.parse(checked["level"]))
    if handled.protection == handling.END_TO_END:
        raise SealedElsewhere()
    campaign_id = new_id()
    stage = Stage.DRAFT if draft else Stage.SUBMITTED
    campaign_rows.add_campaign(tx, campaign_id, checked, handled, actor, stage=stage)
    campaign = campaign_keys.ensure(tx, facts.campaign(tx, campaign_id))
    for start in range(0, len(items), BATCH):
        _insert_items(tx, campaign, start + 1, items[start : start + BATCH])
    campaign_rows.finish(tx, campaign, len(items), actor, context)
    return campaign_id


def _insert_items(tx: Tx, campaign: CampaignFacts, first: int, items: Sequence[dict[str, str]]) -> None:
    ids = [new_id() for _ in items]
    contents = payloads.keep_all(
        tx, campaign, [(payloads.item(item_id), item) for item_id, item in zip(ids, items, strict=True)]
    )
    campaign_rows.add_items(tx, campaign, first, ids, contents)
