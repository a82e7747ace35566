"""The board: what this person may do now, and what is one step away, each with its reasons.

One step away is what only such rules refuse that a person can do something about: a skill, another network, another
device, signing in again. Nothing else is ever loaded.
A fixed, readable rule orders it; nothing is learned about people. Facet counts are over what the person may know.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from agencies import directory
from agencies.skills import own
from marketplace.foundation import clock
from marketplace.foundation.db import Tx
from security.access.remedies import BY_ONESELF
from security.decision import Decision
from security.principal import Context, Principal
from tasks import access_sql, facts, leasing, policies
from tasks.facts import CampaignFacts
from tasks.models import Campaign, CampaignProgress
from tasks.queries import summary

NEARLY_DONE = 0.8


@dataclass(frozen=True, slots=True)
class Filter:
    """What the reader asked for; empty means everything."""

    agencies: Sequence[str] = ()
    levels: Sequence[str] = ()
    skills: Sequence[str] = ()
    minutes: int | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class _Entry:
    campaign: CampaignFacts
    settled: int
    total: int
    decision: Decision


def board(db: Tx, principal: Principal, context: Context, wanted: Filter = Filter()) -> dict[str, Any]:
    """Returns {"can": rows, "away": rows, "facets": counts, "known": how many without the filter}.

    A row is `queries.summary` with "reasons" (codes with args) for why it is shown, and "missing" for what is not met.
    """
    today = clock.now(db).date()
    known = _known(db, principal, context)
    labels = directory.skill_labels(
        db, principal.locale, {skill for entry in known for skill in entry.campaign.terms.skills}
    )
    to_learn = own.wanted(db, principal.person_id)
    shown = [entry for entry in known if _fits(entry.campaign, wanted)]
    shown.sort(key=lambda entry: _order(entry, principal, to_learn, today))
    can = [entry for entry in shown if entry.decision.allowed]
    away = [entry for entry in shown if not entry.decision.allowed]
    return {
        "can": [_row(entry, principal, to_learn, labels) for entry in can],
        "away": [_row(entry, principal, to_learn, labels) for entry in away],
        "facets": _facets(known, labels),
        "known": sum(entry.decision.allowed for entry in known),
    }


def _known(db: Tx, principal: Principal, context: Context) -> list[_Entry]:
    rules = policies.everywhere(db, principal)
    shown = access_sql.may(db, "claim", principal, context, rules, in_spite_of=BY_ONESELF)
    rows = db.all(
        facts.every_campaign_for(db, principal)
        .add_columns(CampaignProgress.settled, CampaignProgress.total)
        .join(CampaignProgress, CampaignProgress.campaign_id == Campaign.id)
        .where(shown, CampaignProgress.settled < CampaignProgress.total)
        .where(leasing.has_next(principal.person_id))
    )
    found = [(facts.facts_for(row, rules.at(row.agency_id)), row) for row in rows]
    return [
        _Entry(campaign, row.settled, row.total, campaign.decide("claim", principal, context))
        for campaign, row in found
    ]


def _fits(campaign: CampaignFacts, wanted: Filter) -> bool:
    words = wanted.words.casefold().split()
    text = f"{campaign.title} {campaign.name} {campaign.agency_name} {campaign.purpose}".casefold()
    return (
        (not wanted.agencies or campaign.agency_slug in wanted.agencies)
        and (not wanted.levels or campaign.terms.level.label_key in wanted.levels)
        and (not wanted.skills or any(skill in campaign.terms.skills for skill in wanted.skills))
        and (wanted.minutes is None or campaign.minutes <= wanted.minutes)
        and all(word in text for word in words)
    )


def _order(entry: _Entry, principal: Principal, to_learn: frozenset[str], today: date) -> tuple[Any, ...]:
    """More of my skills first, then one that I want to learn, then what is due soonest, the shortest, by name."""
    asked = set(entry.campaign.terms.skills)
    mine, learned = len(asked & principal.skills), bool(asked & to_learn)
    due = entry.campaign.due or date.max
    return (-mine, not learned, max(due, today), entry.campaign.minutes, entry.campaign.name)


def _row(
    entry: _Entry, principal: Principal, to_learn: frozenset[str], labels: dict[str, str]
) -> dict[str, Any]:
    campaign = entry.campaign
    reasons: list[dict[str, Any]] = [
        {"code": "have_skill", "args": {"skill": skill}}
        for skill in campaign.terms.skills
        if skill in principal.skills
    ]
    reasons += [
        {"code": "wants_skill", "args": {"skill": skill}}
        for skill in campaign.terms.skills
        if skill in to_learn
    ]
    if entry.total and entry.settled / entry.total >= NEARLY_DONE:
        reasons.append({"code": "nearly_done", "args": {}})
    if campaign.agency_id == principal.agency_id:
        reasons.append({"code": "your_agency", "args": {}})
    if not campaign.terms.skills and not reasons:
        reasons.append({"code": "no_skill_needed", "args": {}})
    missing = [
        {"code": reason.code, "args": dict(reason.args), "remedy": reason.remedy}
        for reason in entry.decision.failed
    ]
    return summary(campaign, entry.settled, entry.total, labels) | {"reasons": reasons, "missing": missing}


def _facets(known: Sequence[_Entry], labels: dict[str, str]) -> dict[str, list[tuple[str, str, int]]]:
    campaigns = [entry.campaign for entry in known]
    agencies = Counter((campaign.agency_slug, campaign.agency_name) for campaign in campaigns)
    levels = Counter(campaign.terms.level for campaign in campaigns)
    skills = Counter(skill for campaign in campaigns for skill in campaign.terms.skills)
    upto = {minutes: sum(campaign.minutes <= minutes for campaign in campaigns) for minutes in (2, 10, 30)}
    return {
        "agency": [
            (slug, name, count) for (slug, name), count in sorted(agencies.items(), key=lambda kv: kv[0][1])
        ],
        "level": [(level.label_key, level.label_key, count) for level, count in sorted(levels.items())],
        "skill": sorted(
            ((s, labels.get(s, s), n) for s, n in skills.items()), key=lambda facet: facet[1].casefold()
        ),
        "minutes": [(str(minutes), str(minutes), count) for minutes, count in upto.items()],
    }
