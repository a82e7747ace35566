"""Campaigns: the page people read before they start, and the room of the agency that asks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from flask import render_template
from flask_babel import gettext

from marketplace.edge.acting import current_context, current_principal
from marketplace.foundation.db import reading
from marketplace.web import charts, key_desk, words
from marketplace.web.blueprint import web
from marketplace.web.reasons import missing
from security.permissions import Permission, may
from tasks import claims, facts, need_to_know, queries


@web.get("/campaigns/<uuid:campaign_id>")
def campaign(campaign_id: UUID) -> str:
    """What a campaign asks, how, and whether I can start."""
    principal, context = current_principal(), current_context()
    with reading() as db:
        found = facts.known(db, campaign_id, principal, context)
        described = queries.describe(db, found, principal)
        held = claims.live_in(db, campaign_id, principal)
    decision = found.decide("claim", principal, context)
    labels = {skill["code"]: skill["label"] for skill in described["skills"]}
    lacks = [
        missing(reason.code, reason.args, labels, reason.remedy)
        for reason in decision.failed
        if reason.code != "closed"
    ]
    return render_template(
        "campaign.html",
        campaign=described | {"missing_words": lacks},
        can_claim=decision.allowed,
        can_read=found.decide("results", principal, context).allowed,
        in_hand=held is not None,
    )


@web.get("/campaigns")
def campaigns() -> str:
    """The campaigns of my agency."""
    principal = current_principal()
    with reading() as db:
        found = queries.campaigns_of(db, principal, current_context())
    return render_template(
        "campaigns.html", campaigns=found, can_post=may(principal, Permission.POST_CAMPAIGN)
    )


@web.get("/campaigns/<uuid:campaign_id>/room")
def room(campaign_id: UUID) -> str:
    """The owner's four questions: how far, how many answers, do people agree, what is left."""
    principal, context = current_principal(), current_context()
    with reading() as db:
        found = queries.room(db, campaign_id, principal, context)
        desk = key_desk.shown_at(db, campaign_id)
        lets_in = found["need_to_know"] and may(principal, Permission.LET_IN)
        inside = need_to_know.listing(db, campaign_id, actor=principal, context=context) if lets_in else None
    return render_template(
        "room.html",
        room=found,
        inside=inside,
        desk=desk,
        can_export=may(principal, Permission.EXPORT_RESULTS),
        **_figures(found),
        **_agreement(found),
        **_progress(found),
        **_states(found),
    )


def _figures(found: dict[str, Any]) -> dict[str, Any]:
    """Figures about items. Answers are averaged over settled items: open ones have not had theirs."""
    settled = sum(part["count"] for part in found["agreement"])
    answers = sum(part["count"] * part["of"] for part in found["agreement"])
    return {"answers_per_item": round(answers / settled, 1) if settled else None}


def _agreement(found: dict[str, Any]) -> dict[str, Any]:
    """Bars for how far people agreed; where not all did is drawn in the colour that asks for a look."""
    rows = []
    for part in found["agreement"]:
        whole = part["agreeing"] == part["of"]
        label = gettext(
            "%(agreeing)s of %(answers)s",
            agreeing=words.number(part["agreeing"]),
            answers=words.number(part["of"]),
        )
        rows.append({"label": label, "count": part["count"], "strong": whole})
    settled = sum(row["count"] for row in rows)
    whole = sum(row["count"] for row in rows if row["strong"])
    listed = "; ".join(f"{row['label']}: {words.number(row['count'])}" for row in rows)
    return {
        "agreement": rows,
        "agreement_most": max((row["count"] for row in rows), default=0),
        "agreement_title": gettext("Agreement among settled items: %(list)s", list=listed),
        "agreement_rows": [(row["label"], words.number(row["count"])) for row in rows],
        "agreed": words.percent(whole, settled) if settled else None,
        "split": settled - whole,
    }


def _progress(found: dict[str, Any]) -> dict[str, Any]:
    chart = charts.progress(found["by_day"], found["total"])
    rows = chart.rows if chart else []
    return {
        "chart": chart,
        "today": datetime.now(UTC).date(),
        "chart_rows": [
            (words.day(day), words.number(count), words.number(total)) for day, count, total in rows
        ],
    }


def _states(found: dict[str, Any]) -> dict[str, Any]:
    states = [
        ("settled", gettext("Settled"), gettext("have a result")),
        ("undecided", gettext("Undecided"), gettext("all answers in, being decided")),
        ("claimed", gettext("In hand"), gettext("every place is taken")),
        ("open", gettext("To do"), gettext("a place is free")),
    ]
    if "shredded" in found["counts"]:
        states.append(("shredded", gettext("Shredded"), gettext("gone without a result")))
    pieces = charts.slices([(name, found["counts"][name]) for name, _, _ in states])
    return {"states": states, "pieces": pieces}
