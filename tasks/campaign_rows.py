"""The rows of a new campaign, the same whether the server seals its items, a device has, or nobody does."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert

from agencies import directory, people
from agencies.handling import Handling
from agencies.skills import lists
from marketplace.foundation import clock, sequence
from marketplace.foundation.db import Tx
from security.labels import Level
from security.log import audit
from security.principal import Context, Principal, Role
from tasks import approvers, spec
from tasks.errors import BadSpec
from tasks.facts import CampaignFacts
from tasks.models import Campaign, CampaignProgress, Microtask
from tasks.payloads import Content
from tasks.stages import Stage

Checked = Mapping[str, Any]
"""Settings as `spec.read` gives them."""


def may_post(tx: Tx, settings: Any, actor: Principal) -> Checked:
    """The checked settings, if the actor may post such a campaign. Raises BadSpec, NotPermitted."""
    checked = spec.read(settings)
    people.still_holds(tx, actor, Role.TASK_OWNER)
    _check_clearance(checked, actor)
    _check_names(tx, checked)
    return checked


def add_campaign(
    tx: Tx,
    campaign_id: UUID,
    checked: Checked,
    handled: Handling,
    actor: Principal,
    public_key: Mapping[str, str] | None = None,
    stage: Stage = Stage.SUBMITTED,
) -> None:
    """The campaign itself, handled as its agency has work of its level handled today."""
    today = clock.now(tx).date()
    tx.execute(
        insert(Campaign),
        {
            "id": campaign_id,
            "agency_id": actor.agency_id,
            "owner_id": actor.person_id,
            "state": "closed",
            "stage": stage,
            "name": checked["name"],
            "title": checked["title"],
            "language": checked["language"],
            "purpose": checked["purpose"],
            "instructions": checked["instructions"],
            "form": checked["form"],
            "level": int(Level.parse(checked["level"])),
            "compartments": checked["compartments"],
            "audience": checked["audience"],
            "skills": checked["skills"],
            "minutes": checked["minutes"],
            "redundancy": checked["contributions"],
            "claim_minutes": checked["claim_minutes"],
            "queue": checked["queue"],
            "need_to_know": checked["need_to_know"],
            "due": checked["due"],
            "posted_on": today,
            "alias_key": secrets.token_bytes(32),
            "protection": handled.protection,
            "keep_until": (checked["due"] or today) + timedelta(days=handled.keep_days),
            "public_key": public_key,
        },
    )


def add_items(
    tx: Tx, campaign: CampaignFacts, first: int, ids: Sequence[UUID], contents: Iterable[Content]
) -> None:
    """Open items, numbered from `first` on, at the end of the queue."""
    places = sequence.numbers(tx, "microtask_seq", len(ids))
    tx.execute(
        insert(Microtask),
        [
            {
                "id": item_id,
                "campaign_id": campaign.id,
                "number": number,
                "seq": seq,
                "open": True,
                "undecided": False,
                "need": campaign.redundancy,
                "wanted": campaign.redundancy,
                "answers": 0,
                "content": content.plain,
                "payload_id": content.payload_id,
            }
            for number, (item_id, content, seq) in enumerate(
                zip(ids, contents, places, strict=True), start=first
            )
        ],
    )


def finish(tx: Tx, campaign: CampaignFacts, items: int, actor: Principal, context: Context) -> None:
    """With its items in: how far it is, and that it was posted, on the record; its approvers are told."""
    tx.execute(insert(CampaignProgress), {"campaign_id": campaign.id, "total": items, "settled": 0})
    detail = {"items": items, "contributions": campaign.redundancy}
    target = campaign.target("campaign", campaign.id)
    audit.record(tx, "campaign.post", target, actor=actor, context=context, detail=detail)
    if campaign.stage is Stage.SUBMITTED:
        approvers.tell(tx, campaign)


def _check_clearance(checked: Checked, actor: Principal) -> None:
    """Nobody posts what they could not see themselves."""
    errors: dict[str, list[str]] = {}
    if Level.parse(checked["level"]) > actor.clearance:
        errors["level"] = ["You can't post above the level that you are cleared for."]
    if not set(checked["compartments"]) <= actor.compartments:
        errors["compartments"] = ["You can't post into a compartment that you are not in."]
    if errors:
        raise BadSpec(errors=errors)


def _check_names(tx: Tx, checked: Checked) -> None:
    """Skills and agencies that do not exist would make a campaign that nobody can ever do."""
    known = {"skills": lists.offered(tx, checked["skills"]), "audience": directory.slugs(tx)}
    errors = {
        place: [f"There is no {name} here." for name in checked[place] or () if name not in names]
        for place, names in known.items()
    }
    if any(errors.values()):
        raise BadSpec(errors={place: sentences for place, sentences in errors.items() if sentences})
