"""Posting a campaign: settings and rows in, a queue of open microtasks out, all in one transaction or not at all."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert

from agencies import directory, handling, people
from agencies.handling import Handling
from marketplace.foundation import clock, sequence
from marketplace.foundation.db import Tx
from marketplace.foundation.ids import new_id
from security.labels import Level
from security.log import audit
from security.principal import Context, Principal, Role
from tasks import campaign_keys, facts, payloads, spec, table
from tasks.errors import BadSpec, SealedElsewhere
from tasks.facts import CampaignFacts
from tasks.models import Campaign, CampaignProgress, Microtask

BATCH = 1_000


def post(tx: Tx, settings: Any, rows: str, *, actor: Principal, context: Context) -> UUID:
    """Post a campaign with one microtask per row of the CSV text `rows`. Returns its id.

    Raises BadSpec or BadRows with every problem; NotPermitted where the actor is no task owner any more;
    SealedElsewhere where the agency has work of this level sealed before it comes here.
    """
    checked = spec.read(settings)
    items = table.items(rows, checked["form"])
    people.still_holds(tx, actor, Role.TASK_OWNER)
    _check_clearance(checked, actor)
    _check_names(tx, checked)
    handled = handling.of(tx, actor.agency_id, Level.parse(checked["level"]))
    if handled.protection == handling.END_TO_END:
        raise SealedElsewhere()
    campaign_id = _insert(tx, checked, handled, actor)
    campaign = campaign_keys.ensure(tx, facts.campaign(tx, campaign_id))
    for start in range(0, len(items), BATCH):
        _insert_items(tx, campaign, start + 1, items[start : start + BATCH])
    tx.execute(insert(CampaignProgress), {"campaign_id": campaign_id, "total": len(items), "settled": 0})
    audit.record(
        tx,
        "campaign.post",
        campaign.target("campaign", campaign_id),
        actor=actor,
        context=context,
        detail={"items": len(items), "contributions": campaign.redundancy},
    )
    return campaign_id


def _check_clearance(checked: dict[str, Any], actor: Principal) -> None:
    """Nobody posts what they could not see themselves."""
    errors: dict[str, list[str]] = {}
    if Level.parse(checked["level"]) > actor.clearance:
        errors["level"] = ["You can't post above the level that you are cleared for."]
    if not set(checked["compartments"]) <= actor.compartments:
        errors["compartments"] = ["You can't post into a compartment that you are not in."]
    if errors:
        raise BadSpec(errors=errors)


def _check_names(tx: Tx, checked: dict[str, Any]) -> None:
    """Skills and agencies that do not exist would make a campaign that nobody can ever do."""
    known = {"skills": set(directory.skill_labels(tx, "en")), "audience": directory.slugs(tx)}
    errors = {
        place: [f"There is no {name} here." for name in checked[place] or () if name not in names]
        for place, names in known.items()
    }
    if any(errors.values()):
        raise BadSpec(errors={place: sentences for place, sentences in errors.items() if sentences})


def _insert(tx: Tx, checked: dict[str, Any], handled: Handling, actor: Principal) -> UUID:
    campaign_id, today = new_id(), clock.now(tx).date()
    tx.execute(
        insert(Campaign),
        {
            "id": campaign_id,
            "agency_id": actor.agency_id,
            "owner_id": actor.person_id,
            "state": "open",
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
        },
    )
    return campaign_id


def _insert_items(tx: Tx, campaign: CampaignFacts, first: int, items: Sequence[dict[str, str]]) -> None:
    ids = [new_id() for _ in items]
    contents = payloads.keep_all(
        tx, campaign, [(payloads.item(item_id), item) for item_id, item in zip(ids, items, strict=True)]
    )
    places = sequence.numbers(tx, "microtask_seq", len(items))
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
