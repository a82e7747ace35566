"""Settling what the server cannot read: an agency takes the sealed answers, decides, and hands the sealed results in.

The server still knows which answers there are, and takes a result only with a trace to exactly those. What they say,
and so whether the result is right, only those can check who hold the campaign's key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from agencies import device_keys, people
from agencies.device_keys import DeviceKey
from marketplace.foundation.db import Tx
from security.log import audit
from security.principal import Context, Principal
from security.sealing import Protection, SlotPurpose
from tasks import at_screen, payloads, results, sealers, settling
from tasks.aliases import alias
from tasks.errors import BadTrace, NeedsDevice, NotForYou, NotUnderOwnKey
from tasks.facts import CampaignFacts
from tasks.models import Contribution, Microtask, Result
from tasks.payloads import Content, Part, Sealed
from tasks.questions.deciding import RULES
from tasks.results import SealedStep
from tasks.sealers import Evidence

MOST = 100
"""Items in one page."""


@dataclass(frozen=True, slots=True)
class Undecided:
    """An item that has all its answers, each sealed to the campaign's key."""

    microtask_id: UUID
    number: int
    answers: Sequence[Part]


@dataclass(frozen=True, slots=True)
class UndecidedPage:
    """Undecided items by number, with the campaign's key for whoever asked; without it where there are none.

    `next`: read on after this number.
    """

    campaign: CampaignFacts
    key: Part | None
    items: Sequence[Undecided]
    next: int | None


@dataclass(frozen=True, slots=True)
class Decided:
    """What an agency decided of one item. `value` is sealed to the campaign's key; the rest the server can count."""

    microtask_id: UUID
    value: Sealed
    agreeing: int
    answers: int
    tied: bool
    rule: str
    trace: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class SealedRow:
    """A settled item of an export: what is known of it, and its parts for one device; none where it was shredded."""

    microtask_id: UUID
    number: int
    item: Part | None
    value: Part | None
    version: int
    agreeing: int
    answers: int
    tied: bool
    rule: str
    settled_on: date
    trace: Sequence[SealedStep]


@dataclass(frozen=True, slots=True)
class SealedPage:
    """Settled items by number. End to end, `key` is the campaign's, for this device, if there is anything to open, and
    `evidence` what stands behind those who signed key, items and values, for the reader to check.
    """

    campaign: CampaignFacts
    key: Part | None
    rows: Sequence[SealedRow]
    next: int | None
    evidence: Evidence = field(repr=False)


def undecided(
    tx: Tx,
    campaign_id: UUID,
    holder: SlotPurpose,
    key_id: str,
    *,
    after: int = 0,
    limit: int = MOST,
    actor: Principal,
    context: Context,
) -> UndecidedPage:
    """A page of items to decide, with the key for a device of the actor's or for the agency's processing key.

    What is handed out is on the record; that nothing is there is not, or looking would make the record grow by itself.
    Raises NoSuchCampaign, NotForYou, NotUnderOwnKey, NeedsDevice, NotAHolder, Shredded, and NotFromHere where the
    handling of the level refuses exports in this network: this hands out as many answers as one.
    """
    page = look(tx, campaign_id, holder, key_id, after=after, limit=limit, actor=actor, context=context)
    if page.items:
        detail = {"items": len(page.items), "answers": sum(len(each.answers) for each in page.items)}
        target = page.campaign.target("campaign", campaign_id)
        audit.record(tx, "answer.read", target, actor=actor, context=context, detail=detail)
    return page


def look(
    db: Tx,
    campaign_id: UUID,
    holder: SlotPurpose,
    key_id: str,
    *,
    after: int = 0,
    limit: int = MOST,
    actor: Principal,
    context: Context,
) -> UndecidedPage:
    """What `undecided` would hand out. For whoever asks whether there is anything: a page with items is never shown."""
    campaign = _end_to_end(results.readable(db, campaign_id, actor, context))
    at_screen.may_export(db, campaign, context)
    key = held_key(db, campaign, holder, key_id, actor)
    rows = db.all(
        select(Microtask.id, Microtask.number)
        .where(Microtask.campaign_id == campaign_id, Microtask.undecided, Microtask.number > after)
        .order_by(Microtask.number)
        .limit(limit + 1)
    )
    shown = rows[:limit]
    answers = _answers(db, campaign, [row.id for row in shown])
    found = [Undecided(row.id, row.number, answers[row.id]) for row in shown]
    following = shown[-1].number if len(rows) > limit else None
    return UndecidedPage(campaign, key if found else None, found, following)


def keep(tx: Tx, campaign_id: UUID, decided: Sequence[Decided], *, actor: Principal, context: Context) -> int:
    """Keep results that the agency decided, signed by a device of the actor's. Returns how many were new.

    What is settled already stays as it is. Raises NoLongerAMember, NoSuchCampaign, NotForYou, NotUnderOwnKey,
    NeedsDevice, BadSealing, and BadTrace where one does not name exactly the answers there are.
    """
    actor = people.still_member(tx, actor)
    campaign = _end_to_end(results.readable(tx, campaign_id, actor, context))
    _may_settle(campaign, actor)
    by_id = {each.microtask_id: each for each in decided}
    if len(by_id) != len(decided):
        raise BadTrace()
    due = _of_campaign(tx, campaign, settling.still_undecided(tx, by_id))
    if not due:
        return 0
    traces = _traces(tx, due)
    for microtask_id in due:
        _check(tx, campaign, by_id[microtask_id], traces[microtask_id], actor)
    refs = [(payloads.result(each, version=1), by_id[each].value) for each in due]
    contents = [Content(None, payload_id) for payload_id in payloads.keep_sealed(tx, campaign, refs)]
    settling.write(tx, campaign, {each: by_id[each] for each in due}, contents)
    settling.mark(tx, campaign, due, actor, context)
    return len(due)


def export(
    tx: Tx,
    campaign_id: UUID,
    device: str,
    *,
    after: int = 0,
    limit: int = MOST,
    actor: Principal,
    context: Context,
) -> SealedPage:
    """A page of every settled item of a sealed campaign, to be opened on the actor's `device`; on the record.

    Raises NoSuchCampaign, NotForYou, NotUnderOwnKey for work that lies open, NeedsDevice, NotAHolder, KeyUnavailable,
    and NotFromHere where the handling of the level refuses exports in this network.
    """
    campaign = results.readable(tx, campaign_id, actor, context)
    target = campaign.target("campaign", campaign_id)
    campaign.decide("export", actor, context).or_raise(NotForYou, target=target)
    at_screen.may_export(tx, campaign, context)
    if not campaign.sealed:
        raise NotUnderOwnKey()
    own = device_keys.of_person(tx, actor.person_id, device)
    if own is None:
        raise NeedsDevice(target=target)
    rows = results.settled_rows(tx, campaign_id, after, limit + 1)
    shown = rows[:limit]
    detail = {"results": len(shown)}
    audit.record(tx, "result.export", target, actor=actor, context=context, detail=detail)
    key = None
    if campaign.protection is Protection.END_TO_END and any(row.shredded_on is None for row in shown):
        key = payloads.handed_key(tx, campaign, own)
    found = _sealed_rows(tx, campaign, shown, own)
    signed = [key, *(part for row in found for part in (row.item, row.value))]
    following = shown[-1].number if len(rows) > limit else None
    return SealedPage(campaign, key, found, following, sealers.behind(tx, signed))


def _sealed_rows(db: Tx, campaign: CampaignFacts, rows: Sequence[Any], device: DeviceKey) -> list[SealedRow]:
    """These rows with their parts. What was shredded is counted and has none."""
    there = [row for row in rows if row.shredded_on is None]
    steps = results.part_rows(db, {row.microtask_id: row.version for row in there})
    wanted = [
        *((payloads.item(row.microtask_id), row.item_payload) for row in there),
        *((payloads.result(row.microtask_id, row.version), row.payload_id) for row in there),
        *((payloads.answer(step.microtask_id, step.id, step.revision), step.payload_id) for step in steps),
    ]
    handed = iter(payloads.handed(db, campaign, wanted, device))
    items = {row.microtask_id: next(handed) for row in there}
    values = {row.microtask_id: next(handed) for row in there}
    traces: dict[UUID, list[SealedStep]] = {row.microtask_id: [] for row in rows}
    for step in steps:
        who = alias(campaign.alias_key, step.person_id)
        traces[step.microtask_id].append(SealedStep(who, step.day, next(handed)))
    return [
        SealedRow(
            microtask_id=row.microtask_id,
            number=row.number,
            item=items.get(row.microtask_id),
            value=values.get(row.microtask_id),
            version=row.version,
            agreeing=row.agreeing,
            answers=row.answers,
            tied=row.tied,
            rule=row.rule,
            settled_on=row.settled_on,
            trace=traces[row.microtask_id],
        )
        for row in rows
    ]


def progress(db: Tx, campaign_id: UUID, actor: Principal, context: Context) -> Mapping[str, int]:
    """How many items of a campaign are settled, and how many have all their answers and are not."""
    results.readable(db, campaign_id, actor, context)
    settled = select(func.count()).select_from(Result).where(Result.campaign_id == campaign_id)
    waiting = (
        select(func.count())
        .select_from(Microtask)
        .where(Microtask.campaign_id == campaign_id, Microtask.undecided)
    )
    return {"settled": int(db.scalar(settled)), "undecided": int(db.scalar(waiting))}


def held_key(db: Tx, campaign: CampaignFacts, holder: SlotPurpose, key_id: str, actor: Principal) -> Part:
    """The campaign's key, sealed, for a device of the actor's or a key of their agency. Raises NotAHolder."""
    if holder is SlotPurpose.PROCESSING:
        return payloads.key_part(db, campaign, SlotPurpose.PROCESSING, key_id)
    own = device_keys.of_person(db, actor.person_id, key_id)
    if own is None:
        raise NeedsDevice(target=campaign.target("campaign", campaign.id))
    return payloads.handed_key(db, campaign, own)


def _end_to_end(campaign: CampaignFacts) -> CampaignFacts:
    if campaign.protection is not Protection.END_TO_END:
        raise NotUnderOwnKey()
    return campaign


def _may_settle(campaign: CampaignFacts, actor: Principal) -> None:
    """Only the agency whose work it is; whoever may read its results elsewhere decides nothing of it."""
    if actor.agency_id != campaign.agency_id:
        raise NotForYou(target=campaign.target("campaign", campaign.id))


def _of_campaign(db: Tx, campaign: CampaignFacts, due: Sequence[UUID]) -> list[UUID]:
    mine = select(Microtask.id).where(Microtask.id.in_(due), Microtask.campaign_id == campaign.id)
    return [row.id for row in db.all(mine.order_by(Microtask.number))]


def _answer_rows(db: Tx, microtasks: Sequence[UUID]) -> Sequence[Any]:
    # By id, which is random: an order of arrival would be a time.
    return db.all(
        select(Contribution.id, Contribution.microtask_id, Contribution.revision, Contribution.payload_id)
        .where(Contribution.microtask_id.in_(microtasks))
        .order_by(Contribution.id)
    )


def _answers(db: Tx, campaign: CampaignFacts, microtasks: Sequence[UUID]) -> dict[UUID, list[Part]]:
    rows = _answer_rows(db, microtasks)
    wanted = [(payloads.answer(row.microtask_id, row.id, row.revision), row.payload_id) for row in rows]
    found: dict[UUID, list[Part]] = {microtask_id: [] for microtask_id in microtasks}
    for row, part in zip(rows, payloads.handed_to_campaign(db, campaign, wanted), strict=True):
        found[row.microtask_id].append(part)
    return found


def _traces(db: Tx, microtasks: Sequence[UUID]) -> dict[UUID, set[UUID]]:
    found: dict[UUID, set[UUID]] = {microtask_id: set() for microtask_id in microtasks}
    for row in _answer_rows(db, microtasks):
        found[row.microtask_id].add(row.id)
    return found


def _check(tx: Tx, campaign: CampaignFacts, given: Decided, answers: set[UUID], actor: Principal) -> None:
    counted = 1 <= given.agreeing <= given.answers == len(given.trace) == len(answers)
    if not counted or set(given.trace) != answers or given.rule not in RULES:
        raise BadTrace()
    device = device_keys.of_person(tx, actor.person_id, given.value.signer)
    if device is None:
        raise NeedsDevice(target=campaign.target("campaign", campaign.id))
    ref = payloads.result(given.microtask_id, version=1)
    payloads.check_sealed(tx, campaign, ref, given.value, device.signing_key)
