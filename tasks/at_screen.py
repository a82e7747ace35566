"""The rules at the screen, asked inside the transaction of the act that they are about."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select, update

from agencies import handling
from agencies.models import Person
from marketplace.foundation import clock
from marketplace.foundation.db import Tx
from security.labels import Level
from security.principal import Context, Principal, Zone
from tasks import screen
from tasks.errors import ClaimOver, NotEligible, NotFromHere
from tasks.facts import CampaignFacts
from tasks.models import Campaign, Claim
from tasks.screen import Shown


def may_take(
    tx: Tx, campaign: CampaignFacts, actor: Principal, context: Context, *, besides: UUID | None = None
) -> None:
    """Refuse another item to somebody who may have one at a time here. Raises NotEligible.

    `besides` is the microtask that is asked for: whoever has that very one is told so elsewhere.
    """
    if not campaign.sealed:
        return
    rules = handling.of(tx, campaign.agency_id, campaign.terms.level)
    if screen.decide_claim(rules, context.zone, held_sealed=1).allowed:
        return
    decision = screen.decide_claim(rules, context.zone, _held(tx, actor.person_id, besides))
    target = campaign.target("campaign", campaign.id)
    decision.or_raise(NotEligible, campaign=str(campaign.id), target=target)


def count_view(tx: Tx, claim_id: UUID, campaign: CampaignFacts, context: Context) -> None:
    """Count one opening of a live claim's item, where openings are limited. Raises NotEligible, ClaimOver.

    Counting and asking is one statement, so that two tabs do not pass the limit together. The count ends with the
    claim (`leasing`): it is no trace of how somebody works.
    """
    if not campaign.sealed:
        return
    rules = handling.of(tx, campaign.agency_id, campaign.terms.level)
    most = screen.most_views(rules, context.zone)
    if most is None:
        return
    this = (Claim.id == claim_id, Claim.live)
    counted = update(Claim).where(*this, Claim.views < most).values(views=Claim.views + 1)
    if tx.execute(counted).rowcount:
        return
    views = tx.scalar(select(Claim.views).where(*this))
    if views is None:
        raise ClaimOver()
    target = campaign.target("campaign", campaign.id)
    decision = screen.decide_view(rules, context.zone, views)
    decision.or_raise(NotEligible, campaign=str(campaign.id), target=target)


def may_export(tx: Tx, campaign: CampaignFacts, context: Context) -> None:
    """Refuse an export of sealed results from a network where there is none. Raises NotFromHere."""
    if not campaign.sealed:
        return
    rules = handling.of(tx, campaign.agency_id, campaign.terms.level)
    decision = screen.may_export(rules, context.zone)
    decision.or_raise(NotFromHere, target=campaign.target("campaign", campaign.id))


def shown(db: Tx, campaign: CampaignFacts, zone: Zone) -> Shown:
    """How an item of a campaign is shown to somebody in a network."""
    if not campaign.sealed:
        return Shown()
    return screen.shown(handling.of(db, campaign.agency_id, campaign.terms.level), zone)


def _held(tx: Tx, person_id: UUID, besides: UUID | None) -> int:
    """Whether the person has another sealed item in hand (1) or not (0), of whatever agency.

    The person's row is locked first: of two tabs that take something at once, the second sees what the first took.
    """
    tx.execute(select(Person.id).where(Person.id == person_id).with_for_update(key_share=True))
    held = (
        select(Claim.id)
        .join(Campaign, Campaign.id == Claim.campaign_id)
        .where(
            Claim.person_id == person_id,
            Claim.live,
            Claim.expires_at > clock.at(tx),
            Campaign.level >= int(Level.SENSITIVE),
        )
        .limit(1)
    )
    if besides is not None:
        held = held.where(Claim.microtask_id != besides)
    return 0 if tx.one_or_none(held) is None else 1
