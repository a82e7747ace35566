"""What somebody holds when their standing has become less: claims that no membership of theirs allows go back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import select

from agencies import memberships, people
from agencies.rules import RulesUnreadable
from marketplace.foundation import clock
from marketplace.foundation.db import Tx
from security.log import audit
from security.principal import JOB, Context, Device, Factor, Principal, Zone
from tasks import facts, leasing
from tasks.errors import NoSuchCampaign
from tasks.facts import CampaignFacts
from tasks.models import Claim


def end_claims(tx: Tx, person_id: UUID) -> int:
    """End the live claims that no live membership of the person allows; each place is free at once.

    Nothing is held against them: the item counts as given back. Returns how many there were.
    """
    held = tx.all(
        select(Claim.id, Claim.microtask_id, Claim.campaign_id)
        .where(Claim.person_id == person_id, Claim.live)
        .order_by(Claim.id)
        .with_for_update()  # all claims before any item, as every verb of leasing locks
    )
    if not held:
        return 0
    hats = [each for each in _hats(tx, person_id) if each is not None]
    campaigns = {each: facts.campaign(tx, each) for each in {row.campaign_id for row in held}}
    lost = {each for each in campaigns if not _may_keep(tx, hats, each)}
    gone = [row for row in held if row.campaign_id in lost]
    for claim in sorted(gone, key=lambda row: row.microtask_id.hex):
        _give_back(tx, claim, person_id, campaigns[claim.campaign_id])
    return len(gone)


def _hats(tx: Tx, person_id: UUID) -> Iterable[Principal | None]:
    return (people.read(tx, member.id) for member in memberships.of_person(tx, person_id))


def _may_keep(tx: Tx, hats: Iterable[Principal], campaign_id: UUID) -> bool:
    """Whether some hat may work on it, from the best place there is: a rule about the moment ends no claim."""
    best = Context("web", Zone.OFFICE, Device.MANAGED, auth_time=clock.now(tx), factor=Factor.MULTI)
    return any(_may_open(tx, campaign_id, hat, best) for hat in hats)


def _may_open(tx: Tx, campaign_id: UUID, hat: Principal, context: Context) -> bool:
    try:
        return facts.known(tx, campaign_id, hat, context).decide("open", hat, context).allowed
    except (NoSuchCampaign, RulesUnreadable):
        return False


def _give_back(tx: Tx, claim: Any, person_id: UUID, campaign: CampaignFacts) -> None:
    if leasing.give_back(tx, claim.id, claim.microtask_id, person_id):
        target = campaign.target("microtask", claim.microtask_id)
        audit.record(tx, "claim.withdraw", target, actor=None, context=JOB)
