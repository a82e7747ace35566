"""Moving a campaign from stage to stage: by a named act, from where that act leads on, and told to whom it concerns."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import update

from agencies import notices, people
from marketplace.foundation import clock
from marketplace.foundation.db import Tx
from marketplace.foundation.input import BadFields, clean
from security.log import audit
from security.principal import Context, Principal
from tasks import approvers, facts, leasing, retention, stages
from tasks.campaign_names import in_notice
from tasks.errors import BadRemark, NotYoursToMove, Shredded, WrongStage
from tasks.facts import CampaignFacts
from tasks.models import Campaign
from tasks.stages import ACTS, APPROVER, Stage

LONGEST_REMARK = 2_000


def move(
    tx: Tx, campaign_id: UUID, act: str, *, actor: Principal, context: Context, remark: str = ""
) -> Stage:
    """Do one of `stages.ACTS` to a campaign. Returns the stage that it is in then.

    `remark` goes to the owner where the act takes one, and stays with the campaign until its next act. Raises
    NoSuchCampaign, NotYoursToMove, WrongStage, BadRemark, Shredded.
    """
    now = people.still_member(tx, actor)
    campaign = facts.known(tx, campaign_id, now, context)
    target = campaign.target("campaign", campaign_id)
    stages.decide(act, now, campaign.agency_id, campaign.owner_id).or_raise(NotYoursToMove, target=target)
    kept = _remark(act, remark)
    if retention.has_passed(tx, campaign):
        raise Shredded()
    wanted = ACTS[act]
    values: dict[str, Any] = {"stage": wanted.to, "state": _gate(wanted.to), "remark": kept}
    if act in ("submit", "approve"):
        values["posted_on"] = clock.now(tx).date()
    moved = update(Campaign).where(Campaign.id == campaign_id, Campaign.stage.in_(sorted(wanted.come_from)))
    if tx.one_or_none(moved.values(values).returning(Campaign.id)) is None:
        raise WrongStage(stage=campaign.stage)
    audit.record(tx, f"campaign.{act}", target, actor=actor, context=context)
    _tell(tx, act, campaign)
    return wanted.to


def _gate(stage: Stage) -> str:
    """Whether the queue gives out its items: what claims and lists look at."""
    return "open" if stage is Stage.OPEN else "closed"


def _remark(act: str, remark: str) -> str | None:
    if not ACTS[act].remark:
        return None
    if not remark.strip() or len(remark) > LONGEST_REMARK:
        raise BadRemark(errors={"remark": [BadRemark().message]})
    try:
        return clean(remark.strip(), at="remark")
    except BadFields as unfit:
        raise BadRemark(errors=unfit.facts["errors"]) from None


def _tell(tx: Tx, act: str, campaign: CampaignFacts) -> None:
    if act == "submit":
        approvers.tell(tx, campaign)
    if ACTS[act].by is APPROVER:
        words = in_notice(campaign, campaign.name)
        path = f"/campaigns/{campaign.id}/room"
        notices.post(tx, campaign.owner_id, f"campaign.{act}", path=path, **words)
    if act == "cancel":
        for person_id in sorted(leasing.end_all(tx, campaign.id)):
            words = in_notice(campaign, campaign.title)
            notices.post(tx, person_id, "campaign.cancel", path="/my-work", **words)
