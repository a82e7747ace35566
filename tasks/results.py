"""Reading results: one with its trace, all of them as an export. Every reading is on the record."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from agencies import device_keys
from agencies.device_keys import DeviceKey
from marketplace.foundation.db import Tx
from security.log import audit
from security.principal import Context, Principal
from security.sealing import Protection
from tasks import at_screen, facts, payloads, sealers
from tasks.aliases import alias
from tasks.errors import NeedsDevice, NoSuchMicrotask, NotForYou, NotSettledYet, SealedElsewhere
from tasks.facts import CampaignFacts
from tasks.models import Contribution, Microtask, Payload, Result, ResultPart
from tasks.payloads import Part
from tasks.questions import kind_of
from tasks.questions.deciding import agrees, alike
from tasks.sealers import Evidence

BATCH = 500


@dataclass(frozen=True, slots=True)
class SealedStep:
    """One contribution behind a sealed result: a name that holds in this campaign only, the day, the sealed answer."""

    alias: str
    day: date
    answer: Part


@dataclass(frozen=True, slots=True)
class SealedResult:
    """A result, its item and the answers behind it, each for one device of the reader's.

    End to end they are sealed to the campaign's own key: `key` holds that, for this device, and `evidence` is what
    stands behind those who signed key, item and value, for the reader to check.
    """

    campaign: CampaignFacts = field(repr=False)
    item: Part
    value: Part
    trace: tuple[SealedStep, ...]
    key: Part | None
    evidence: Evidence = field(repr=False)


def open_result(
    tx: Tx,
    campaign_id: UUID,
    microtask_id: UUID,
    *,
    actor: Principal,
    context: Context,
    device: str | None = None,
) -> dict[str, Any] | SealedResult:
    """One result with the item and the trace to each contribution; of sealed work for the reader's `device`.

    Returns `outline` and {"item", "values", "labels", "questions": [{"name", "agreeing", "counts": [{"value", "label",
    "count"}]}], "trace": [{"alias", "values", "labels", "note", "day", "agrees"}]}, values and labels by question. The
    trace has days and names that hold in this campaign only. Raises NoSuchMicrotask, NotSettledYet, NotForYou;
    NeedsDevice, NotAHolder.
    """
    campaign = readable(tx, campaign_id, actor, context)
    item, row = _settled(tx, campaign, microtask_id)
    target = campaign.target("microtask", microtask_id)
    own = _device(tx, actor, device, target) if campaign.sealed else None
    audit.record(tx, "result.view", target, actor=actor, context=context)
    if own is not None:
        return _sealed_result(tx, campaign, microtask_id, item, row, own)
    values = _opened_result(tx, campaign, row)
    trace = _trace(tx, campaign, microtask_id, row.version, values)
    return _outline(item, row) | {
        "item": payloads.open_one(tx, campaign, payloads.item(microtask_id), item.content, item.payload_id),
        "values": values,
        "labels": labels_of(campaign.form, values),
        "questions": [_fallen(question, values, trace) for question in campaign.form["questions"]],
        "trace": trace,
    }


def outline(
    tx: Tx, campaign_id: UUID, microtask_id: UUID, *, actor: Principal, context: Context
) -> dict[str, Any]:
    """What is known of a result without opening it, on the record as a list of one.

    Returns {"number", "agreeing", "answers", "tied", "rule", "version", "settled_on", "shredded_on"}.
    Raises NoSuchMicrotask, NotSettledYet, NotForYou.
    """
    campaign = readable(tx, campaign_id, actor, context)
    item, row = _settled(tx, campaign, microtask_id)
    found = _outline(item, row) | {
        "shredded_on": tx.scalar(select(Payload.shredded_on).where(Payload.id == row.payload_id))
    }
    target = campaign.target("campaign", campaign_id)
    audit.record(tx, "result.list", target, actor=actor, context=context, detail={"results": 1})
    return found


def listing(
    tx: Tx, campaign_id: UUID, *, actor: Principal, context: Context, after: int = 0, limit: int = 50
) -> dict[str, Any]:
    """A page of settled items by number, on the record; values of sealed campaigns stay closed here (None).

    Returns {"rows": [{"microtask_id", "number", "values", "labels", "agreeing", "answers", "tied", "settled_on",
    "shredded_on"}], "next": the number to read on after, or None}. Raises NotForYou.
    """
    campaign = readable(tx, campaign_id, actor, context)
    rows = tx.all(
        select(Microtask.number, Result.__table__, Payload.shredded_on)
        .join(Microtask, Microtask.id == Result.microtask_id)
        .outerjoin(Payload, Payload.id == Result.payload_id)
        .where(Microtask.campaign_id == campaign_id, Microtask.number > after, Result.version == _newest())
        .order_by(Microtask.number)
        .limit(limit + 1)
    )
    shown = rows[:limit]
    target = campaign.target("campaign", campaign_id)
    audit.record(tx, "result.list", target, actor=actor, context=context, detail={"results": len(shown)})
    return {
        "rows": [
            {
                "microtask_id": row.microtask_id,
                "number": row.number,
                "values": row.value,
                "labels": None if row.value is None else labels_of(campaign.form, row.value),
                "agreeing": row.agreeing,
                "answers": row.answers,
                "tied": row.tied,
                "settled_on": row.settled_on,
                "shredded_on": row.shredded_on,
            }
            for row in shown
        ],
        "next": shown[-1].number if len(rows) > limit else None,
    }


def export(tx: Tx, campaign_id: UUID, *, actor: Principal, context: Context) -> Iterator[dict[str, Any]]:
    """Every settled item in order: its number, fields, value, agreement, day and trace. On the record before it begins.

    Yields {"number", "item", "values", "agreeing", "answers", "tied", "rule", "settled_on", "trace", "notes"} where
    trace is a list of (alias, values), and notes of (alias, note) for those who left one; what was shredded has an
    empty item, no values and no trace. Raises NotForYou, SealedElsewhere end to end, and NotFromHere
    where the handling of the level refuses it in this network.
    """
    campaign = readable(tx, campaign_id, actor, context)
    decision = campaign.decide("export", actor, context)
    decision.or_raise(NotForYou, target=campaign.target("campaign", campaign_id))
    at_screen.may_export(tx, campaign, context)
    if campaign.protection is Protection.END_TO_END:
        raise SealedElsewhere()
    count = tx.scalar(select(func.count()).select_from(Result).where(Result.campaign_id == campaign_id))
    audit.record(
        tx,
        "result.export",
        campaign.target("campaign", campaign_id),
        actor=actor,
        context=context,
        detail={"results": count},
    )
    return _exported(tx, campaign)


def readable(db: Tx, campaign_id: UUID, actor: Principal, context: Context) -> CampaignFacts:
    """The campaign if the actor may read its results. Raises NoSuchCampaign, NotForYou."""
    campaign = facts.known(db, campaign_id, actor, context)
    decision = campaign.decide("results", actor, context)
    decision.or_raise(NotForYou, target=campaign.target("campaign", campaign_id))
    return campaign


def labels_of(form: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, str]:
    """What the values of an answer or a result are called, by question; without those that have no value."""
    return {
        question["name"]: kind_of(question).label(question, values[question["name"]])
        for question in form["questions"]
        if question["name"] in values
    }


def _settled(tx: Tx, campaign: CampaignFacts, microtask_id: UUID) -> tuple[Any, Any]:
    """An item and the newest version of its result. Raises NoSuchMicrotask, NotSettledYet."""
    item = tx.one_or_none(
        select(Microtask.number, Microtask.content, Microtask.payload_id).where(
            Microtask.id == microtask_id, Microtask.campaign_id == campaign.id
        )
    )
    if item is None:
        raise NoSuchMicrotask()
    row = tx.one_or_none(
        select(Result.__table__)
        .where(Result.microtask_id == microtask_id)
        .order_by(Result.version.desc())
        .limit(1)
    )
    if row is None:
        raise NotSettledYet()
    return item, row


def _outline(item: Any, row: Any) -> dict[str, Any]:
    return {
        "number": item.number,
        "agreeing": row.agreeing,
        "answers": row.answers,
        "tied": row.tied,
        "rule": row.rule,
        "version": row.version,
        "settled_on": row.settled_on,
    }


def _device(tx: Tx, actor: Principal, device: str | None, target: audit.Target) -> DeviceKey:
    own = None if device is None else device_keys.of_person(tx, actor.person_id, device)
    if own is None:
        raise NeedsDevice(target=target)
    return own


def _sealed_result(
    tx: Tx, campaign: CampaignFacts, microtask_id: UUID, item: Any, row: Any, device: DeviceKey
) -> SealedResult:
    steps = part_rows(tx, {microtask_id: row.version})
    wanted = [
        (payloads.item(microtask_id), item.payload_id),
        (payloads.result(microtask_id, row.version), row.payload_id),
        *((payloads.answer(step.microtask_id, step.id, step.revision), step.payload_id) for step in steps),
    ]
    key = None
    if campaign.protection is Protection.END_TO_END:
        key = payloads.handed_key(tx, campaign, device)
    opened, value, *answers = payloads.handed(tx, campaign, wanted, device)
    trace = [
        SealedStep(alias(campaign.alias_key, step.person_id), step.day, answer)
        for step, answer in zip(steps, answers, strict=True)
    ]
    evidence = sealers.behind(tx, [key, opened, value])
    return SealedResult(campaign, opened, value, tuple(trace), key, evidence)


def _opened_result(tx: Tx, campaign: CampaignFacts, row: Any) -> dict[str, Any]:
    ref = payloads.result(row.microtask_id, row.version)
    return payloads.open_one(tx, campaign, ref, row.value, row.payload_id)


def _trace(
    tx: Tx, campaign: CampaignFacts, microtask_id: UUID, version: int, values: Mapping[str, Any]
) -> list[dict[str, Any]]:
    questions = campaign.form["questions"]
    return [
        {
            "alias": alias(campaign.alias_key, part.person_id),
            "values": {name: value for name, value in answer.items() if name != "note"},
            "labels": labels_of(campaign.form, answer),
            "note": answer.get("note"),
            "day": part.day,
            "agrees": agrees(questions, values, answer),
        }
        for part, answer in _parts(tx, campaign, {microtask_id: version})
    ]


def _fallen(
    question: Mapping[str, Any], values: Mapping[str, Any], trace: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """How the answers to one question fell: how often each value was given, options in the form's order, else the most
    frequent first. Agreeing is how many gave just the value of the result.
    """
    name, kind = question["name"], kind_of(question)
    given = [step["values"][name] for step in trace if name in step["values"]]
    several = [value if isinstance(value, list) else [value] for value in given]
    options = kind.options(question)
    if options and question["kind"] != "ranking":
        counts = [
            (option, label, sum(option in each for each in several)) for option, label in options.items()
        ]
    else:
        found = Counter(json.dumps(value) for value in given)
        most_first = sorted(found.items(), key=lambda one: (-one[1], one[0]))
        counts = [
            (value, kind.label(question, value), count)
            for value, count in ((json.loads(text), count) for text, count in most_first)
        ]
    return {
        "name": name,
        "agreeing": sum(alike(question, values.get(name), step["values"].get(name)) for step in trace),
        "counts": [{"value": value, "label": label, "count": count} for value, label, count in counts],
    }


def _parts(
    tx: Tx, campaign: CampaignFacts, versions: Mapping[UUID, int]
) -> Iterator[tuple[Any, dict[str, Any]]]:
    """The contributions behind these versions of results, each with its answer opened."""
    parts = part_rows(tx, versions)
    refs = [payloads.answer(row.microtask_id, row.id, row.revision) for row in parts]
    wanted = [(ref, row.answer, row.payload_id) for ref, row in zip(refs, parts, strict=True)]
    return zip(parts, payloads.open_all(tx, campaign, wanted), strict=True)


def part_rows(tx: Tx, versions: Mapping[UUID, int]) -> list[Any]:
    """The contributions behind these versions of results (microtask → version), as they lie there."""
    # In the order of day and random id: an order of arrival within a day would be a time.
    rows = tx.all(
        select(
            ResultPart.microtask_id,
            ResultPart.version,
            Contribution.id,
            Contribution.revision,
            Contribution.person_id,
            Contribution.day,
            Contribution.answer,
            Contribution.payload_id,
        )
        .join(Contribution, Contribution.id == ResultPart.contribution_id)
        .where(ResultPart.microtask_id.in_(list(versions)))
        .order_by(Contribution.day, Contribution.id)
    )
    return [row for row in rows if row.version == versions[row.microtask_id]]


def _exported(tx: Tx, campaign: CampaignFacts) -> Iterator[dict[str, Any]]:
    after = 0
    while rows := settled_rows(tx, campaign.id, after, BATCH):
        after = rows[-1].number
        opened = _opened(tx, campaign, [row for row in rows if row.shredded_on is None])
        for row in rows:
            yield {
                "number": row.number,
                "agreeing": row.agreeing,
                "answers": row.answers,
                "tied": row.tied,
                "rule": row.rule,
                "settled_on": row.settled_on,
                **opened.get(row.microtask_id, _SHREDDED),
            }


_SHREDDED: Mapping[str, Any] = {"item": {}, "values": None, "trace": [], "notes": []}


def _opened(tx: Tx, campaign: CampaignFacts, rows: Sequence[Any]) -> dict[UUID, dict[str, Any]]:
    """What is in each of these items, results and answers, by microtask."""
    items = payloads.open_all(
        tx, campaign, [(payloads.item(row.microtask_id), row.content, row.item_payload) for row in rows]
    )
    refs = [payloads.result(row.microtask_id, row.version) for row in rows]
    values = payloads.open_all(
        tx, campaign, [(ref, row.value, row.payload_id) for ref, row in zip(refs, rows, strict=True)]
    )
    found: dict[UUID, dict[str, Any]] = {
        row.microtask_id: {"item": item, "values": value, "trace": [], "notes": []}
        for row, item, value in zip(rows, items, values, strict=True)
    }
    for part, answer in _parts(tx, campaign, {row.microtask_id: row.version for row in rows}):
        who = alias(campaign.alias_key, part.person_id)
        found[part.microtask_id]["trace"].append((who, answer))
        if answer.get("note"):
            found[part.microtask_id]["notes"].append((who, answer["note"]))
    return found


def _newest() -> Any:
    """SQL for the newest version of the result of the outer query's microtask."""
    any_version = aliased(Result)
    return (
        select(func.max(any_version.version))
        .where(any_version.microtask_id == Microtask.id)
        .correlate(Microtask)
        .scalar_subquery()
    )


def settled_rows(tx: Tx, campaign_id: UUID, after: int, limit: int) -> Sequence[Any]:
    """Settled items by number, each with the newest version of its result, as they lie there."""
    return tx.all(
        select(
            Microtask.number,
            Microtask.content,
            Microtask.payload_id.label("item_payload"),
            Result.microtask_id,
            Result.version,
            Result.value,
            Result.payload_id,
            Result.agreeing,
            Result.answers,
            Result.tied,
            Result.rule,
            Result.settled_on,
            Payload.shredded_on,
        )
        .select_from(Microtask)
        .join(Result, (Result.microtask_id == Microtask.id) & (Result.version == _newest()))
        .outerjoin(Payload, Payload.id == Result.payload_id)
        .where(Microtask.campaign_id == campaign_id, Microtask.number > after)
        .order_by(Microtask.number)
        .limit(limit)
    )
