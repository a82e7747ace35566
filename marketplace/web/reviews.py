"""Access review: the agency's rounds, what is to be decided in one, and closing it. Names here, and no pseudonyms."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from agencies.oversight import reviews as use_cases
from agencies.oversight.reviews import BadDecisions, BadReview, ReviewRunning
from marketplace.edge.acting import current_context, current_principal
from marketplace.edge.once import once
from marketplace.foundation.db import reading, transaction
from marketplace.foundation.ids import parse_id
from marketplace.web.blueprint import web

PAGE = 100
"""Things that one form decides about at most."""
FIELD = "item-"
"""How the name of a row's field begins; its id follows."""
SENTENCES = {
    "choice": lambda: gettext("Choose one of those that are offered."),
    "decided": lambda: gettext("Somebody has decided this already."),
    "own_affair": lambda: gettext("Nobody decides about their own. A colleague does."),
    "role": lambda: gettext("Administrators decide about roles, security officers about clearances."),
}


@web.get("/record/reviews")
def reviews() -> str:
    """The agency's reviews, newest first, and the form that opens one."""
    return _list("", "")


@web.post("/record/reviews")
def open_review() -> Response:
    """Open a review: it freezes what everybody holds."""
    due, principal, context = request.form.get("due", "")[:20], current_principal(), current_context()
    try:
        with transaction() as tx:
            made = once(tx, lambda: use_cases.open_round(tx, _day(due), actor=principal, context=context))
    except BadReview:
        said = gettext("Choose a day from today on, at most a year ahead.")
        return make_response(_list(due, said), 422)
    except ReviewRunning:
        return make_response(_list(due, gettext("A review is open already. One at a time.")), 422)
    flash(gettext("The review is open."))
    return redirect(url_for("web.review", review_id=made.result_id), 303)


@web.get("/record/reviews/<uuid:review_id>")
def review(review_id: UUID) -> str:
    """What people hold, by name, with what was decided about it. Reading it is on record."""
    return _page(review_id, {}, {})


@web.post("/record/reviews/<uuid:review_id>/decisions")
def decide_review(review_id: UUID) -> Response:
    """Keep or revoke what was chosen in the form, all of it or none."""
    principal, context, chosen = current_principal(), current_context(), _chosen()

    def act() -> None:
        use_cases.decide(tx, review_id, chosen, actor=principal, context=context)

    if not chosen:
        return make_response(_page(review_id, {}, {"": gettext("Choose at least one decision.")}), 422)
    try:
        with transaction() as tx:
            once(tx, act)
    except BadDecisions as refusal:
        faults = {f"{FIELD}{item}": SENTENCES[codes[0]]() for item, codes in refusal.facts["errors"].items()}
        return make_response(_page(review_id, chosen, faults), 422)
    flash(gettext("Decided."))
    return redirect(_address(review_id), 303)


@web.post("/record/reviews/<uuid:review_id>/close")
def close_review(review_id: UUID) -> Response:
    """Close a review in which nothing is left."""
    principal, context = current_principal(), current_context()
    with transaction() as tx:
        once(tx, lambda: use_cases.close(tx, review_id, actor=principal, context=context))
    flash(gettext("The review is closed."))
    return redirect(url_for("web.review", review_id=review_id), 303)


def _chosen() -> dict[UUID, str]:
    """The decisions of the form; a row without one is left for later."""
    fields = (
        (parse_id(name.removeprefix(FIELD)), value)
        for name, value in request.form.items()
        if name.startswith(FIELD) and value
    )
    return {item: value for item, value in fields if item is not None}


def _day(typed: str) -> date | None:
    try:
        return date.fromisoformat(typed)
    except ValueError:
        return None


def _list(due: str, fault: str) -> str:
    with reading() as db:
        found = use_cases.listing(db, current_principal())
    running = any(row["closed_at"] is None for row in found)
    return render_template("record_reviews.html", reviews=found, running=running, due=due, fault=fault)


def _page(review_id: UUID, chosen: Mapping[UUID, str], faults: Mapping[str, str]) -> str:
    with transaction() as tx:
        found = use_cases.one(tx, review_id, actor=current_principal(), context=current_context())
    page, last = _number(), max(1, -(-len(found["items"]) // PAGE))
    page = min(page, last)
    shown = found["items"][(page - 1) * PAGE : page * PAGE]
    return render_template(
        "record_review.html",
        review=found,
        items=shown,
        mine=any(item["mine"] for item in shown),
        left_for_me=sum(item["mine"] for item in found["items"]),
        page=page,
        last=last,
        chosen=chosen,
        faults=faults,
    )


def _number() -> int:
    """The page that the address or the form names; the first where it names none."""
    return max(1, request.values.get("page", 1, type=int))


def _address(review_id: UUID) -> str:
    page = _number()
    more: dict[str, Any] = {"page": page} if page > 1 else {}
    return url_for("web.review", review_id=review_id, **more)
