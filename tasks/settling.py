"""Settling: from the contributions of a microtask to its result.

One job per campaign decides at a time (merge key `consensus:CAMPAIGN`). It reads and infers a batch outside any
transaction; then results, progress and its own `done` are written in one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

import structlog
from sqlalchemy import exists, insert, select, update

from agencies import notices
from marketplace.foundation import clock, jobs
from marketplace.foundation.db import Tx
from security.log import audit
from security.principal import JOB, Context, Principal
from security.sealing import Protection, SealingError
from tasks import facts, payloads
from tasks.campaign_names import in_notice
from tasks.consensus import Answer, Inference, NothingToInfer
from tasks.errors import KeyUnavailable, Shredded
from tasks.facts import CampaignFacts
from tasks.models import Campaign, CampaignProgress, Claim, Contribution, Microtask, Result, ResultPart
from tasks.payloads import Content
from tasks.questions.deciding import decide

BATCH = 200
UNREADABLE = (SealingError, KeyUnavailable, NothingToInfer, Shredded)

log = structlog.get_logger(__name__)


class Settled(Protocol):
    """What is known of a result beside its value: an Inference, or what an agency says that it inferred."""

    @property
    def agreeing(self) -> int: ...
    @property
    def answers(self) -> int: ...
    @property
    def tied(self) -> bool: ...
    @property
    def rule(self) -> str: ...
    @property
    def trace(self) -> Sequence[UUID]: ...


@dataclass(frozen=True, slots=True)
class Inferred:
    """What a batch of items amounts to, by microtask; nothing is written yet."""

    campaign: CampaignFacts
    by_microtask: Mapping[UUID, Inference]


def inferred(db: Tx, campaign_id: UUID, limit: int = BATCH) -> Inferred:
    """Read up to `limit` items that have all their answers, and infer; outside any transaction of its own.

    An item whose answers cannot be opened or understood is left undecided and logged; it must not hold up the rest.
    """
    campaign = facts.campaign(db, campaign_id)
    waiting = select(Microtask.id).where(Microtask.campaign_id == campaign_id, Microtask.undecided)
    due = [row.id for row in db.all(waiting.limit(limit))]
    try:
        return Inferred(campaign, infer(campaign, answers_to(db, campaign, due)))
    except UNREADABLE:
        return Inferred(campaign, dict(_one_by_one(db, campaign, due)))


def settle(tx: Tx, campaign_id: UUID, batch: Inferred | None = None, limit: int = BATCH) -> int:
    """Write the results of a batch (inferred here unless given). Returns how many; the rest gets a job of its own."""
    batch = batch or inferred(tx, campaign_id, limit)
    campaign = batch.campaign
    due = still_undecided(tx, batch.by_microtask)
    if not due:
        return 0
    _write(tx, campaign, {microtask_id: batch.by_microtask[microtask_id] for microtask_id in due})
    if mark(tx, campaign, due, None, JOB):
        jobs.record(tx, "campaign.settle", {"campaign_id": campaign_id}, merge_key=f"consensus:{campaign_id}")
    return len(due)


def ask_again(tx: Tx) -> int:
    """Ask for the settling of every campaign with items that have all their answers and no result.

    Their job may have been done by a worker that could not open them, being of an older release or without the key.
    What is sealed end to end its agency settles itself. Returns how many campaigns there are.
    """
    undecided = exists().where(Microtask.campaign_id == Campaign.id, Microtask.undecided)
    ours = (Campaign.protection != Protection.END_TO_END.value, undecided)
    left = [row.id for row in tx.all(select(Campaign.id).where(*ours).order_by(Campaign.id))]
    for campaign_id in left:
        jobs.record(tx, "campaign.settle", {"campaign_id": campaign_id}, merge_key=f"consensus:{campaign_id}")
    return len(left)


def mark(
    tx: Tx, campaign: CampaignFacts, due: Sequence[UUID], actor: Principal | None, context: Context
) -> bool:
    """With their results written: these items are settled, on the record, and the owner is told when all are.

    Whether items that have all their answers are still undecided.
    """
    tx.execute(update(Microtask).where(Microtask.id.in_(due)).values(undecided=False))
    done = CampaignProgress.settled + len(due)
    tx.execute(
        update(CampaignProgress).where(CampaignProgress.campaign_id == campaign.id).values(settled=done)
    )
    for microtask_id in due:
        target = campaign.target("microtask", microtask_id)
        audit.record(tx, "microtask.settle", target, actor=actor, context=context)
    if tx.scalar(select(exists().where(Microtask.campaign_id == campaign.id, Microtask.undecided))):
        return True
    if _is_finished(tx, campaign.id):
        path = f"/campaigns/{campaign.id}/room"
        notices.post(
            tx, campaign.owner_id, "campaign.settled", path=path, **in_notice(campaign, campaign.name)
        )
    return False


def answers_to(db: Tx, campaign: CampaignFacts, microtasks: Sequence[UUID]) -> dict[UUID, list[Answer]]:
    """The latest answers to the campaign's questions, by microtask; sealed ones are opened."""
    rows = db.all(
        select(
            Contribution.id,
            Contribution.microtask_id,
            Contribution.revision,
            Contribution.answer,
            Contribution.payload_id,
        )
        .where(Contribution.microtask_id.in_(microtasks))
        .order_by(Contribution.id)
    )
    refs = [payloads.answer(row.microtask_id, row.id, row.revision) for row in rows]
    wanted = [(ref, row.answer, row.payload_id) for ref, row in zip(refs, rows, strict=True)]
    found: dict[UUID, list[Answer]] = {microtask_id: [] for microtask_id in microtasks}
    for row, answer in zip(rows, payloads.open_all(db, campaign, wanted), strict=True):
        found[row.microtask_id].append(Answer(row.id, answer))
    return found


def infer(campaign: CampaignFacts, answers: dict[UUID, list[Answer]]) -> dict[UUID, Inference]:
    """What the answers amount to, by microtask. Pure."""
    questions = campaign.form["questions"]
    return {microtask_id: decide(questions, given) for microtask_id, given in answers.items()}


def _one_by_one(db: Tx, campaign: CampaignFacts, due: Sequence[UUID]) -> Iterator[tuple[UUID, Inference]]:
    for microtask_id in due:
        try:
            yield from infer(campaign, answers_to(db, campaign, [microtask_id])).items()
        except UNREADABLE as error:
            log.error("microtask.unreadable", microtask=str(microtask_id), error=type(error).__name__)


def still_undecided(tx: Tx, microtasks: Iterable[UUID]) -> list[UUID]:
    """Those of these items that are undecided, locked: of two who decide one, the second finds it decided."""
    waiting = select(Microtask.id).where(Microtask.id.in_(list(microtasks)), Microtask.undecided)
    return [row.id for row in tx.all(waiting.order_by(Microtask.id).with_for_update())]


def _write(tx: Tx, campaign: CampaignFacts, inferences: dict[UUID, Inference]) -> None:
    values = [
        (payloads.result(microtask_id, version=1), inference.value)
        for microtask_id, inference in inferences.items()
    ]
    write(tx, campaign, inferences, payloads.keep_all(tx, campaign, values))


def write(
    tx: Tx, campaign: CampaignFacts, inferences: Mapping[UUID, Settled], contents: Iterable[Content]
) -> None:
    """The first version of these results and what they were inferred from, with values kept in `contents`."""
    today = clock.now(tx).date()
    results: list[dict[str, Any]] = []
    parts: list[dict[str, Any]] = []
    for (microtask_id, inference), content in zip(inferences.items(), contents, strict=True):
        results.append(
            {
                "microtask_id": microtask_id,
                "version": 1,
                "campaign_id": campaign.id,
                "value": content.plain,
                "payload_id": content.payload_id,
                "agreeing": inference.agreeing,
                "answers": inference.answers,
                "tied": inference.tied,
                "rule": inference.rule,
                "settled_on": today,
            }
        )
        parts += [
            {"microtask_id": microtask_id, "version": 1, "contribution_id": contribution_id}
            for contribution_id in inference.trace
        ]
    tx.execute(insert(Result), results)
    tx.execute(insert(ResultPart), parts)


def _is_finished(tx: Tx, campaign_id: UUID) -> bool:
    waits = exists().where(Microtask.campaign_id == campaign_id, Microtask.open)
    undecided = exists().where(Microtask.campaign_id == campaign_id, Microtask.undecided)
    claimed = exists().where(Claim.campaign_id == campaign_id, Claim.live)
    return not tx.scalar(select(waits | undecided | claimed))
