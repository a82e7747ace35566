"""Reads for pages and API: plain dicts, ready to be shown. They decide nothing that `access` does not decide."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from agencies import directory
from marketplace.foundation import clock
from marketplace.foundation.db import Tx
from security.principal import Context, Principal
from tasks import access_sql, approvers, claims, facts, policies, results, shredding, stages
from tasks.facts import CampaignFacts
from tasks.models import Campaign, CampaignProgress, Claim, Contribution, Microtask, Result
from tasks.stages import Stage

NAMED = ("id", "title", "name", "language", "agency", "minutes", "level", "due")
"""What is known of a campaign without counting its items or looking up labels."""


def summary(campaign: CampaignFacts, settled: int, total: int, labels: dict[str, str]) -> dict[str, Any]:
    """What every list says of a campaign."""
    return {
        "id": campaign.id,
        "title": campaign.title,
        "name": campaign.name,
        "language": campaign.language,
        "agency": {
            "slug": campaign.agency_slug,
            "name": campaign.agency_name,
            "initials": campaign.agency_initials,
            "tint": campaign.agency_tint,
        },
        "minutes": campaign.minutes,
        "settled": settled,
        "total": total,
        "level": campaign.terms.level.label_key,
        "protection": campaign.protection,
        "due": campaign.due,
        "stage": campaign.stage,
        "skills": [{"code": code, "label": labels.get(code, code)} for code in campaign.terms.skills],
    }


def described(db: Tx, campaign_id: UUID, principal: Principal, context: Context) -> dict[str, Any]:
    """A campaign's own page: the summary, what it asks, and how. Raises NoSuchCampaign."""
    return describe(db, facts.known(db, campaign_id, principal, context), principal)


def claim(db: Tx, claim_id: UUID, principal: Principal, context: Context) -> dict[str, Any]:
    """A claim of the person with its campaign; the item itself is opened by `claims.open_item`. Raises NoSuchClaim."""
    held = claims.mine(db, claim_id, principal)
    campaign = claims.campaign_of(db, held, principal, context)
    number = db.scalar(select(Microtask.number).where(Microtask.id == held.microtask_id))
    is_live = held.live and held.expires_at is not None and held.expires_at > clock.now(db)
    return {
        "id": held.id,
        "microtask_id": held.microtask_id,
        "number": number,
        "live": is_live,
        "expires_at": held.expires_at,
        "ended": held.ended if not held.live else (None if is_live else "lapsed"),
        "extendable": is_live and held.extensions < claims.MOST_EXTENSIONS,
        "campaign": describe(db, campaign, principal),
    }


def my_work(db: Tx, principal: Principal, context: Context, limit: int = 50) -> dict[str, Any]:
    """What is in the person's hands, and what became of what they submitted (by day, without times).

    Campaigns that they may not know any more are left out: a title can already say too much.
    """
    known = access_sql.may(db, "know", principal, context, policies.everywhere(db, principal))
    held = db.all(
        select(Claim.id, Claim.expires_at, Claim.campaign_id, Microtask.number)
        .join(Microtask, Microtask.id == Claim.microtask_id)
        .join(Campaign, Campaign.id == Claim.campaign_id)
        .where(Claim.person_id == principal.person_id, Claim.live, Claim.expires_at > clock.now(db), known)
        .order_by(Claim.expires_at)
    )
    answered = db.all(
        select(
            Contribution.microtask_id,
            Contribution.day,
            Microtask.campaign_id,
            Microtask.number,
            Result.version,
        )
        .join(Microtask, Microtask.id == Contribution.microtask_id)
        .join(Campaign, Campaign.id == Microtask.campaign_id)
        .outerjoin(Result, Result.microtask_id == Microtask.id)
        .where(Contribution.person_id == principal.person_id, known)
        .order_by(Contribution.day.desc(), Contribution.id)
        .limit(limit)
    )
    named = _campaigns(db, {row.campaign_id for row in [*held, *answered]})
    return {
        "claims": [
            {
                "id": row.id,
                "expires_at": row.expires_at,
                "number": row.number,
                "campaign": _named(named[row.campaign_id]),
            }
            for row in held
        ],
        "answered": [
            {
                "number": row.number,
                "day": row.day,
                "state": "settled" if row.version else "waiting",
                "campaign": _named(named[row.campaign_id]),
            }
            for row in answered
        ],
    }


def campaigns_of(db: Tx, principal: Principal, context: Context) -> list[dict[str, Any]]:
    """The campaigns whose results the person may read, newest first: what task owners and appraisers work with."""
    readable = access_sql.may(db, "results", principal, context, policies.everywhere(db, principal))
    rows = db.all(
        facts.every_campaign()
        .add_columns(CampaignProgress.settled, CampaignProgress.total)
        .join(CampaignProgress, CampaignProgress.campaign_id == Campaign.id)
        .where(Campaign.agency_id == principal.agency_id, readable)
        .order_by(Campaign.posted_on.desc(), Campaign.name)
    )
    labels = directory.skill_labels(db, principal.locale, {skill for row in rows for skill in row.skills})
    return [summary(facts.facts_from(row), row.settled, row.total, labels) for row in rows]


def own_open(db: Tx, principal: Principal, context: Context, limit: int) -> list[CampaignFacts]:
    """The newest open campaigns of the person's own agency that they may know."""
    rules = policies.everywhere(db, principal)
    known = access_sql.may(db, "know", principal, context, rules)
    rows = db.all(
        facts.every_campaign_for(db, principal)
        .where(Campaign.agency_id == principal.agency_id, Campaign.state == "open", known)
        .order_by(Campaign.posted_on.desc(), Campaign.id)
        .limit(limit)
    )
    return [facts.facts_for(row, rules.at(row.agency_id)) for row in rows]


def room(db: Tx, campaign_id: UUID, principal: Principal, context: Context) -> dict[str, Any]:
    """The owner's view: states of items, agreement, settled by day. Counts items, never people. Raises NotForYou."""
    campaign = results.readable(db, campaign_id, principal, context)
    shown = describe(db, campaign, principal)
    in_campaign = Microtask.campaign_id == campaign_id
    opened = _count(db, Microtask, in_campaign, Microtask.open)
    undecided = _count(db, Microtask, in_campaign, Microtask.undecided)
    shredded = shredding.without_result(db, campaign_id) if campaign.sealed else 0
    answers = db.scalar(select(func.sum(Microtask.answers)).where(in_campaign)) or 0
    agreement = db.all(
        select(Result.agreeing, Result.answers, func.count().label("count"))
        .where(Result.campaign_id == campaign_id)
        .group_by(Result.agreeing, Result.answers)
        .order_by((Result.agreeing * 100 / Result.answers).desc(), Result.answers.desc())
    )
    by_day = db.all(
        select(Result.settled_on, func.count().label("count"))
        .where(Result.campaign_id == campaign_id)
        .group_by(Result.settled_on)
        .order_by(Result.settled_on)
    )
    return shown | {
        "purpose": campaign.purpose,
        "answers": answers,
        "wanted": shown["total"] * campaign.redundancy,
        "counts": {
            "settled": shown["settled"],
            "undecided": undecided,
            "claimed": max(0, shown["total"] - shown["settled"] - undecided - opened - shredded),
            "open": opened,
        }
        | ({"shredded": shredded} if shredded else {}),
        "agreement": [{"agreeing": row.agreeing, "of": row.answers, "count": row.count} for row in agreement],
        "by_day": [(row.settled_on, row.count) for row in by_day],
    }


def live_claims(db: Tx, principal: Principal) -> Sequence[Any]:
    """The person's live claims: id, microtask_id, campaign_id, expires_at."""
    return db.all(
        select(Claim.id, Claim.microtask_id, Claim.campaign_id, Claim.expires_at)
        .where(Claim.person_id == principal.person_id, Claim.live, Claim.expires_at > clock.now(db))
        .order_by(Claim.expires_at)
    )


def describe(db: Tx, campaign: CampaignFacts, principal: Principal) -> dict[str, Any]:
    """What a campaign's page says, of a campaign that the person may know."""
    progress = db.one_or_none(
        select(CampaignProgress.settled, CampaignProgress.total).where(
            CampaignProgress.campaign_id == campaign.id
        )
    )
    labels = directory.skill_labels(db, principal.locale, campaign.terms.skills)
    settled, total = (progress.settled, progress.total) if progress else (0, 0)
    return summary(campaign, settled, total, labels) | {
        "purpose": campaign.purpose,
        "instructions": campaign.instructions,
        "form": campaign.form,
        "redundancy": campaign.redundancy,
        "claim_minutes": campaign.claim_minutes,
        "sealed": campaign.sealed,
        "kept_until": campaign.keep_until if campaign.sealed else None,
        "shredded_on": shredding.shredded_on(db, campaign),
        "open": campaign.terms.open,
        "remark": campaign.remark,
        "approvable": campaign.stage is not Stage.SUBMITTED or any(approvers.able(db, campaign)),
        "acts": stages.offered(campaign.stage, principal, campaign.agency_id, campaign.owner_id),
        "need_to_know": campaign.terms.need_to_know,
    }


def _campaigns(db: Tx, ids: set[UUID]) -> dict[UUID, CampaignFacts]:
    rows = db.all(facts.every_campaign().where(Campaign.id.in_(ids))) if ids else []
    return {row.id: facts.facts_from(row) for row in rows}


def _named(campaign: CampaignFacts) -> dict[str, Any]:
    """What a person's own list says of a campaign: what it is, not how far it is."""
    shown = summary(campaign, 0, 0, {})
    return {name: shown[name] for name in NAMED}


def _count(db: Tx, table: Any, *conditions: Any) -> int:
    return int(db.scalar(select(func.count()).select_from(table).where(*conditions)))
