"""Claims: a time-limited right to work on one microtask, taken, extended, given back, ended.

A claim is a row with an expiry, not a state of the microtask. Giving back needs no reason and leaves no trace held
against anybody: only *next* remembers not to offer the item again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update

from agencies import notices, people
from marketplace.foundation import clock
from marketplace.foundation.db import Tx
from security.log import audit
from security.principal import JOB, Context, Principal
from tasks import at_screen, facts, key_releases, leasing, retention
from tasks.campaign_names import in_notice
from tasks.errors import (
    AlreadyAnswered,
    AlreadyTaken,
    AlreadyYours,
    ClaimOver,
    NoMoreExtensions,
    NoSuchCampaign,
    NoSuchClaim,
    NoSuchMicrotask,
    NotEligible,
    NothingLeftToClaim,
)
from tasks.facts import CampaignFacts
from tasks.models import Claim, Microtask, Participation

MOST_EXTENSIONS = 4


@dataclass(frozen=True, slots=True)
class Held:
    """A person's claim as it is now."""

    id: UUID
    microtask_id: UUID
    campaign_id: UUID
    live: bool
    expires_at: datetime | None
    extensions: int
    ended: str | None


def claim_next(tx: Tx, campaign_id: UUID, *, actor: Principal, context: Context) -> UUID:
    """Lease the next open microtask of a campaign to `actor` for the campaign's claim period. Returns the claim's id.

    Raises NotEligible with every failed rule, NothingLeftToClaim when the queue holds nothing for this person.
    """
    campaign = _may_claim(tx, campaign_id, actor, context)
    at_screen.may_take(tx, campaign, actor, context)
    claim_id = leasing.next_item(tx, campaign, actor.person_id)
    if claim_id is None:
        raise NothingLeftToClaim(campaign=str(campaign_id))
    return _taken(tx, claim_id, campaign, actor, context)


def claim_one(tx: Tx, microtask_id: UUID, *, actor: Principal, context: Context) -> UUID:
    """Lease this very microtask, also again after giving it back. Returns the claim's id.

    Raises NotEligible, AlreadyYours, AlreadyAnswered, or AlreadyTaken when the last place has just gone.
    """
    campaign_id = tx.scalar(select(Microtask.campaign_id).where(Microtask.id == microtask_id))
    if campaign_id is None:
        raise NoSuchMicrotask()
    try:
        campaign = _may_claim(tx, campaign_id, actor, context)
    except NoSuchCampaign:
        raise NoSuchMicrotask() from None  # hidden and absent look the same
    at_screen.may_take(tx, campaign, actor, context, besides=microtask_id)
    try:
        claim_id = leasing.this_item(tx, campaign, actor.person_id, microtask_id)
    except AlreadyYours:  # the other tab has it, or has answered it by now
        raise _why_not(tx, microtask_id, actor) from None
    if claim_id is None:
        raise _why_not(tx, microtask_id, actor)
    return _taken(tx, claim_id, campaign, actor, context)


def extend(tx: Tx, claim_id: UUID, *, actor: Principal, context: Context) -> None:
    """Keep a live claim for another period from now. Raises ClaimOver, NoMoreExtensions, NotEligible."""
    held = mine(tx, claim_id, actor)
    campaign = may_work(tx, held, actor, context)
    longer = (
        update(Claim)
        .where(
            Claim.id == claim_id,
            Claim.live,
            Claim.expires_at > clock.at(tx),
            Claim.extensions < MOST_EXTENSIONS,
        )
        .values(
            expires_at=clock.at(tx, timedelta(minutes=campaign.claim_minutes)),
            extensions=Claim.extensions + 1,
        )
    )
    if tx.execute(longer).rowcount == 0:
        held = mine(tx, claim_id, actor)
        if held.live and held.extensions >= MOST_EXTENSIONS:
            raise NoMoreExtensions(most=MOST_EXTENSIONS)
        raise ClaimOver()
    key_releases.forget_waiting(tx, claim_id)
    target = campaign.target("microtask", held.microtask_id)
    audit.record(tx, "claim.extend", target, actor=actor, context=context)


def release(tx: Tx, claim_id: UUID, *, actor: Principal, context: Context) -> None:
    """Give a claim back; its place is free for others at once. Giving back twice is the same as once.

    Raises ClaimOver where the claim ended in another way.
    """
    held = mine(tx, claim_id, actor)
    if not leasing.give_back(tx, claim_id, held.microtask_id, actor.person_id):
        if mine(tx, claim_id, actor).ended == "given_back":
            return
        raise ClaimOver()
    campaign = facts.campaign(tx, held.campaign_id)
    target = campaign.target("microtask", held.microtask_id)
    audit.record(tx, "claim.release", target, actor=actor, context=context)


def end_due(tx: Tx) -> int:
    """End every claim whose time is over, free its place and tell its holder. Returns how many there were."""
    gone = leasing.lapse(tx)
    campaigns = {each: facts.campaign(tx, each) for each in {row.campaign_id for row in gone}}
    for claim in gone:
        campaign = campaigns[claim.campaign_id]
        target = campaign.target("microtask", claim.microtask_id)
        audit.record(tx, "claim.lapse", target, actor=None, context=JOB)
        path = f"/campaigns/{claim.campaign_id}"
        notices.post(tx, claim.person_id, "claim.lapsed", path=path, **in_notice(campaign, campaign.title))
    return len(gone)


def mine(tx: Tx, claim_id: UUID, actor: Principal) -> Held:
    """A claim of this person. Somebody else's looks like one that does not exist: NoSuchClaim."""
    row = tx.one_or_none(
        select(
            Claim.id,
            Claim.microtask_id,
            Claim.campaign_id,
            Claim.live,
            Claim.expires_at,
            Claim.extensions,
            Claim.ended,
        ).where(Claim.id == claim_id, Claim.person_id == actor.person_id)
    )
    if row is None:
        raise NoSuchClaim()
    return Held(**row._mapping)


def live_in(db: Tx, campaign_id: UUID, actor: Principal) -> UUID | None:
    """The person's live claim in a campaign, so that starting again resumes it."""
    found: UUID | None = db.scalar(
        select(Claim.id)
        .where(
            Claim.person_id == actor.person_id,
            Claim.campaign_id == campaign_id,
            Claim.live,
            Claim.expires_at > clock.now(db),
        )
        .order_by(Claim.expires_at)
        .limit(1)
    )
    return found


def campaign_of(db: Tx, held: Held, actor: Principal, context: Context) -> CampaignFacts:
    """The campaign of a claim, as its holder may know it. Who may not know it any more holds nothing: NoSuchClaim."""
    try:
        return facts.known(db, held.campaign_id, actor, context)
    except NoSuchCampaign:
        raise NoSuchClaim() from None


def may_work(tx: Tx, held: Held, actor: Principal, context: Context) -> CampaignFacts:
    """The campaign of a claim, if its holder may still work on it now. Raises NoSuchClaim, NotEligible."""
    now = people.still_member(tx, actor)
    return _allowed("open", campaign_of(tx, held, now, context), now, context)


def _may_claim(tx: Tx, campaign_id: UUID, actor: Principal, context: Context) -> CampaignFacts:
    now = people.still_member(tx, actor)
    campaign = _allowed("claim", facts.known(tx, campaign_id, now, context), now, context)
    kept = retention.decide_claim(campaign, clock.now(tx).date())
    kept.or_raise(NotEligible, campaign=str(campaign.id), target=campaign.target("campaign", campaign.id))
    return campaign


def _allowed(action: str, campaign: CampaignFacts, actor: Principal, context: Context) -> CampaignFacts:
    target = campaign.target("campaign", campaign.id)
    decision = campaign.decide(action, actor, context)
    decision.or_raise(NotEligible, campaign=str(campaign.id), target=target)
    return campaign


def _taken(tx: Tx, claim_id: UUID, campaign: CampaignFacts, actor: Principal, context: Context) -> UUID:
    microtask_id = tx.scalar(select(Claim.microtask_id).where(Claim.id == claim_id))
    audit.record(tx, "claim.take", campaign.target("microtask", microtask_id), actor=actor, context=context)
    return claim_id


def _why_not(tx: Tx, microtask_id: UUID, actor: Principal) -> Exception:
    state = tx.scalar(
        select(Participation.state).where(
            Participation.microtask_id == microtask_id, Participation.person_id == actor.person_id
        )
    )
    reasons = {"answered": AlreadyAnswered, "claimed": AlreadyYours}
    return reasons.get(state or "", AlreadyTaken)()
