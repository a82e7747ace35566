"""How long the content of a sealed campaign is kept: to the end of a day, which its agency's task owners may move."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import select, update

from agencies import handling, people
from marketplace.foundation import clock, jobs
from marketplace.foundation.db import Tx
from security.decision import ALLOWED, Decision, refused
from security.log import audit
from security.principal import Context, Principal, Role
from tasks import facts
from tasks.errors import BadKeepDay, NothingSealed, NotYoursToShred, Shredded
from tasks.facts import CampaignFacts
from tasks.models import Campaign


def is_over(campaign: CampaignFacts, today: date) -> bool:
    """Whether the last day of a sealed campaign's content has passed."""
    return campaign.sealed and campaign.keep_until is not None and campaign.keep_until < today


def has_passed(db: Tx, campaign: CampaignFacts) -> bool:
    """Whether the last day of a campaign's sealed content is over today."""
    return is_over(campaign, clock.now(db).date())


def decide_claim(campaign: CampaignFacts, today: date) -> Decision:
    """Nobody takes work whose content is about to go."""
    return refused("closed", remedy="find_other_work") if is_over(campaign, today) else ALLOWED


def latest(db: Tx, campaign: CampaignFacts) -> date:
    """The last day to which the content may be kept, as its agency has work of this level handled."""
    handled = handling.of(db, campaign.agency_id, campaign.terms.level)
    return clock.now(db).date() + timedelta(days=handled.keep_days)


def keep(tx: Tx, campaign_id: UUID, until: date, *, actor: Principal, context: Context) -> None:
    """Keep a campaign's sealed content to the end of the day `until`: earlier or later than was said before.

    Raises NoSuchCampaign, NotYoursToShred, NothingSealed, Shredded, BadKeepDay.
    """
    campaign = of_keeper(tx, campaign_id, actor, context)
    before = hold(tx, campaign_id)
    today, last = clock.now(tx).date(), latest(tx, campaign)
    if before is not None and before < today:
        raise Shredded()
    if not today <= until <= last:
        raise BadKeepDay(errors={"until": [BadKeepDay().message]}, latest=last)
    tx.execute(update(Campaign).where(Campaign.id == campaign_id).values(keep_until=until))
    if before is None or before.year != until.year:
        jobs.record(tx, "campaign.move_year", {"campaign_id": campaign_id}, merge_key=f"year:{campaign_id}")
    target = campaign.target("campaign", campaign_id)
    detail = {"until": until.isoformat()}
    audit.record(tx, "campaign.keep", target, actor=actor, context=context, detail=detail)


def of_keeper(db: Tx, campaign_id: UUID, actor: Principal, context: Context) -> CampaignFacts:
    """A sealed campaign, if the actor decides how long it is kept: task owners of its agency who may know it.

    Raises NoSuchCampaign, NotYoursToShred, NothingSealed.
    """
    now = people.still_member(db, actor)
    campaign = facts.known(db, campaign_id, now, context)
    if campaign.agency_id != now.agency_id or Role.TASK_OWNER not in now.roles:
        raise NotYoursToShred(target=campaign.target("campaign", campaign_id))
    if not campaign.sealed:
        raise NothingSealed()
    return campaign


def hold(tx: Tx, campaign_id: UUID) -> date | None:
    """The day as it is now, held until COMMIT: who moves it and who shreds do not meet."""
    day = select(Campaign.keep_until).where(Campaign.id == campaign_id).with_for_update(key_share=True)
    found: date | None = tx.scalar(day)
    return found
