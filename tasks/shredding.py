"""Shredding what is sealed: a campaign whose day has come, a campaign or an item that its owner wants gone now.

A campaign goes item by item, some at a time, each batch in a transaction of its own: item, answers, results, drafts
and released keys of a microtask go together, and the campaign's own key goes last. So it may be stopped anywhere and
started again, and doing it twice is the same as once. What an item came to stays: its number, how far people agreed,
the days, and the hash of every header on the record.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import case, delete, exists, func, or_, select, update

from agencies import notices
from marketplace.foundation import clock, jobs
from marketplace.foundation.db import Tx
from security.labels import Level
from security.log import audit
from security.principal import JOB, Context, Principal
from tasks import drafts, facts, leasing, retention
from tasks.campaign_names import in_notice
from tasks.errors import NoSuchCampaign, NoSuchMicrotask, Shredded
from tasks.facts import CampaignFacts
from tasks.models import Campaign, Claim, Contribution, KeyRelease, Microtask, Payload, Result
from tasks.payloads import shredding
from tasks.stages import UNPUBLISHED, Stage

_OVER = {
    "state": "closed",
    "stage": case(
        (Campaign.stage.in_(sorted(UNPUBLISHED)), Stage.DISCARDED),
        (Campaign.stage == Stage.CANCELLED, Stage.CANCELLED),
        else_=Stage.CLOSED,
    ),
}
"""Shredded, a campaign is over; what was never opened stays unknown outside its agency."""
AT_ONCE = 100
"""Items in one transaction, each with its answers and its result."""


def begin_due(tx: Tx) -> int:
    """Ask for the shredding of every campaign whose last day has passed. Returns how many there are."""
    due = [row.id for row in tx.all(_due(tx))]
    for campaign_id in due:
        _ask(tx, campaign_id)
    return len(due)


def shred_some(tx: Tx, campaign_id: UUID, after: int = 0, limit: int = AT_ONCE) -> int | None:
    """Shred the next `limit` items behind the number `after`. Returns the number to go on after, None at the end.

    Does nothing where the campaign is to be kept by now.
    """
    campaign = facts.campaign(tx, campaign_id)
    day = retention.hold(tx, campaign_id)
    if not campaign.sealed or day is None or day >= clock.now(tx).date():
        return None
    tx.execute(update(Campaign).where(Campaign.id == campaign_id).values(_OVER))
    rows = tx.all(_kept(campaign_id, after).limit(limit))
    _shred(tx, campaign, [row.id for row in rows], None, JOB)
    if len(rows) == limit:
        number: int = rows[-1].number
        return number
    if _shred_key(tx, campaign):
        path = f"/campaigns/{campaign_id}/room"
        notices.post(
            tx, campaign.owner_id, "campaign.shredded", path=path, **in_notice(campaign, campaign.name)
        )
    return None


def go_on(tx: Tx, campaign_id: UUID, after: int) -> None:
    """Ask for the next batch."""
    args = {"campaign_id": campaign_id, "after": after}
    jobs.record(tx, "campaign.shred", args, merge_key=f"shred:{campaign_id}")


def shred_campaign(tx: Tx, campaign_id: UUID, *, actor: Principal, context: Context) -> None:
    """Shred everything sealed of a campaign now; it takes no new claims from this moment.

    Raises NoSuchCampaign, NotYoursToShred, NothingSealed, Shredded.
    """
    campaign = retention.of_keeper(tx, campaign_id, actor, context)
    day, today = retention.hold(tx, campaign_id), clock.now(tx).date()
    if day is not None and day < today:
        raise Shredded()
    over = _OVER | {"keep_until": today - timedelta(days=1)}
    tx.execute(update(Campaign).where(Campaign.id == campaign_id).values(over))
    _ask(tx, campaign_id)
    target = campaign.target("campaign", campaign_id)
    audit.record(tx, "campaign.shred", target, actor=actor, context=context)


def shred_item(tx: Tx, microtask_id: UUID, *, actor: Principal, context: Context) -> None:
    """Shred one item with its answers and its result, now.

    Raises NoSuchMicrotask, NotYoursToShred, NothingSealed, Shredded.
    """
    campaign = of_item(tx, microtask_id, actor, context)
    if not _shred(tx, campaign, [microtask_id], actor, context):
        raise Shredded()


def of_item(db: Tx, microtask_id: UUID, actor: Principal, context: Context) -> CampaignFacts:
    """The campaign of an item that the actor may shred. Hidden and absent look the same: NoSuchMicrotask."""
    campaign_id = db.scalar(select(Microtask.campaign_id).where(Microtask.id == microtask_id))
    if campaign_id is None:
        raise NoSuchMicrotask()
    try:
        return retention.of_keeper(db, campaign_id, actor, context)
    except NoSuchCampaign:
        raise NoSuchMicrotask() from None


def shredded_on(db: Tx, campaign: CampaignFacts) -> date | None:
    """The day on which the last of a campaign was shredded: its own key. None: it is not, or not all of it."""
    key = campaign.key_payload_id
    if key is None:
        return None
    day: date | None = db.scalar(select(Payload.shredded_on).where(Payload.id == key))
    return day


def number_of(db: Tx, microtask_id: UUID) -> int:
    """An item's number in its campaign."""
    return int(db.scalar(select(Microtask.number).where(Microtask.id == microtask_id)))


def without_result(db: Tx, campaign_id: UUID) -> int:
    """How many items of a campaign were shredded before they had a result."""
    settled = exists().where(Result.microtask_id == Microtask.id)
    chosen = select(func.count()).select_from(Microtask).join(Payload, Payload.id == Microtask.payload_id)
    mine = (Microtask.campaign_id == campaign_id, Payload.shredded_on.is_not(None))
    return int(db.scalar(chosen.where(*mine, ~settled)))


def _ask(tx: Tx, campaign_id: UUID) -> None:
    go_on(tx, campaign_id, 0)


def _due(tx: Tx) -> Any:
    """Sealed campaigns whose last day has passed and which have something left. A campaign's key goes last; one from
    before campaigns had keys is looked at item by item."""
    over = Campaign.keep_until < clock.now(tx).date()
    sealed = or_(Campaign.protection != "none", Campaign.level >= int(Level.SENSITIVE))
    key = exists().where(Payload.id == Campaign.key_payload_id, Payload.shredded_on.is_(None))
    item = exists().where(
        Microtask.campaign_id == Campaign.id,
        Payload.id == Microtask.payload_id,
        Payload.shredded_on.is_(None),
    )
    left = or_(key, Campaign.key_payload_id.is_(None) & item)
    return select(Campaign.id).where(over, sealed, left).order_by(Campaign.id)


def _kept(campaign_id: UUID, after: int) -> Any:
    chosen = select(Microtask.id, Microtask.number).join(Payload, Payload.id == Microtask.payload_id)
    mine = (Microtask.campaign_id == campaign_id, Microtask.number > after)
    return chosen.where(*mine, Payload.shredded_on.is_(None)).order_by(Microtask.number)


def _shred(
    tx: Tx, campaign: CampaignFacts, items: Sequence[UUID], actor: Principal | None, context: Context
) -> int:
    """Shred items with all that belongs to them, on the record. Returns how many payloads there were."""
    if not items:
        return 0
    _take_back(tx, campaign, items)
    _close(tx, items)
    # Whoever took a place while the items were waited for: now nobody can any more.
    _take_back(tx, campaign, items)
    _close(tx, items)
    drafts.shred_of_items(tx, items)
    of_items = select(Claim.id).where(Claim.microtask_id.in_(items))
    tx.execute(delete(KeyRelease).where(KeyRelease.claim_id.in_(of_items)))
    belongs = dict(_payloads(tx, items))
    gone = shredding.shred(tx, list(belongs))
    for payload_id in sorted(gone, key=lambda each: (belongs[each].hex, gone[each])):
        target = campaign.target("microtask", belongs[payload_id])
        detail = {"header": gone[payload_id]}
        audit.record(tx, "payload.shred", target, actor=actor, context=context, detail=detail)
    return len(gone)


def _payloads(tx: Tx, items: Sequence[UUID]) -> Iterator[tuple[UUID, UUID]]:
    """Every payload of these items, with the item that it belongs to."""
    for table, microtask in (
        (Microtask, Microtask.id),
        (Contribution, Contribution.microtask_id),
        (Result, Result.microtask_id),
    ):
        chosen = select(table.payload_id, microtask.label("microtask_id"))
        for row in tx.all(chosen.where(microtask.in_(items), table.payload_id.is_not(None))):
            yield row.payload_id, row.microtask_id


def _take_back(tx: Tx, campaign: CampaignFacts, items: Sequence[UUID]) -> None:
    """End the live claims on these items. Nothing is held against their holders, and they are told."""
    held = tx.all(
        select(Claim.id, Claim.microtask_id, Claim.person_id)
        .where(Claim.microtask_id.in_(items), Claim.live)
        .order_by(Claim.id)
        .with_for_update()  # all claims before any item, as every verb of leasing locks
    )
    for claim in sorted(held, key=lambda row: (row.microtask_id.hex, row.person_id.hex)):
        if not leasing.give_back(tx, claim.id, claim.microtask_id, claim.person_id):
            continue
        target = campaign.target("microtask", claim.microtask_id)
        audit.record(tx, "claim.withdraw", target, actor=None, context=JOB)
        path = f"/campaigns/{campaign.id}"
        notices.post(tx, claim.person_id, "claim.shredded", path=path, **in_notice(campaign, campaign.title))


def _close(tx: Tx, items: Sequence[UUID]) -> None:
    """No place is free on these items any more, and nothing is left to decide. An answer on its way is waited for."""
    here = Microtask.id.in_(items)
    tx.execute(select(Microtask.id).where(here).order_by(Microtask.id).with_for_update())
    closed = {"need": 0, "wanted": Microtask.answers, "open": False, "undecided": False}
    tx.execute(update(Microtask).where(here).values(closed))


def _shred_key(tx: Tx, campaign: CampaignFacts) -> bool:
    """Shred the campaign's own key; without it no answer opens again. False: it was shredded already."""
    key = tx.scalar(select(Campaign.key_payload_id).where(Campaign.id == campaign.id))
    gone = {} if key is None else shredding.shred(tx, [key])
    for header in gone.values():
        target = campaign.target("campaign", campaign.id)
        audit.record(tx, "payload.shred", target, actor=None, context=JOB, detail={"header": header})
    return bool(gone)
