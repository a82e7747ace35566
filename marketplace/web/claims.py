"""Work: take an item, see it, answer it, keep it longer, give it back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from agencies import device_keys
from agencies.device_keys import DeviceKey, record_proofs
from marketplace.edge import sealed_json
from marketplace.edge.acting import current_context, current_principal
from marketplace.edge.once import once
from marketplace.foundation.db import reading, transaction
from marketplace.web import question_words, screen, typed
from marketplace.web.blueprint import web
from security.sealing import Protection
from tasks import claims, contributions, drafts, opening, queries
from tasks.errors import BadAnswer, ClaimOver, NoMoreExtensions, NothingLeftToClaim, NotUnderSeal
from tasks.opening import SealedItem

MOST_KEYS = 9
"""Options that the keys 1 to 9 reach."""
SHOWN_AT_ONCE = 3
"""Fields that a phone shows before "show more"; the one the question is about comes first and large."""


@web.post("/campaigns/<uuid:campaign_id>/claims")
def claim_next(campaign_id: UUID) -> Response:
    """Take the next item of a campaign, or go on with the one in hand."""
    return _go_to_next(campaign_id)


@web.get("/claims/<uuid:claim_id>")
def claim(claim_id: UUID) -> str:
    """The work page; for a claim that is over, what became of it."""
    found, item = _found(claim_id)
    if not found["live"]:
        return _over_page(found, [])
    return _work_page(found, item, {}, {})


@web.get("/claims/<uuid:claim_id>/item")
def sealed_item(claim_id: UUID) -> dict[str, Any]:
    """The sealed item for one of the reader's devices, as JSON; asked for when it is to be shown."""
    principal, context = current_principal(), current_context()
    with transaction() as tx:
        found = opening.open_item(
            tx, claim_id, actor=principal, context=context, device=request.args.get("device", "")
        )
    if not isinstance(found, SealedItem):
        raise NotUnderSeal()
    return sealed_json.item_of(found)


@web.get("/claims/<uuid:claim_id>/draft")
def draft(claim_id: UUID) -> dict[str, Any]:
    """What the reader wrote for a claim and never sent, for one of their devices, as JSON."""
    with reading() as db:
        part = drafts.of_claim(
            db, claim_id, request.args.get("device", ""), actor=current_principal(), context=current_context()
        )
    return {"saved": sealed_json.part_of(part)}


@web.post("/claims/<uuid:claim_id>/draft")
def save_draft(claim_id: UUID) -> tuple[str, int]:
    """Keep what was typed so far, sealed to the reader's devices."""
    sealed = sealed_json.draft_in(request.form)
    with transaction() as tx:
        drafts.save(tx, claim_id, sealed, actor=current_principal(), context=current_context())
    return "", 204


@web.post("/claims/<uuid:claim_id>/contribution")
def submit(claim_id: UUID) -> Response | tuple[str, int]:
    """Submit an answer and go on to the next item, or stop. What was typed is never lost."""
    sealed = sealed_json.answer_in(request.form) if "envelope" in request.form else None
    principal, context = current_principal(), current_context()
    try:
        with transaction() as tx:
            campaign = queries.claim(tx, claim_id, principal, current_context())["campaign"]
            given = sealed or typed.answer(campaign["form"])
            once(tx, lambda: contributions.submit(tx, claim_id, given, actor=principal, context=context))
    except BadAnswer as error:
        return _again(claim_id, error.facts["codes"]), 422
    except ClaimOver:
        return _over(claim_id), 409
    flash(gettext("Your answer is in."))
    if request.form.get("then") == "stop":
        return redirect(url_for("web.my_work"), 303)
    return _go_to_next(campaign["id"], part=".next")


@web.post("/claims/<uuid:claim_id>/release")
def release(claim_id: UUID) -> Response:
    """Give an item back."""
    principal, context = current_principal(), current_context()
    with transaction() as tx:
        once(tx, lambda: claims.release(tx, claim_id, actor=principal, context=context))
    flash(gettext("Given back. It will not be offered to you again, and nobody is told."))
    return redirect(url_for("web.board"), 303)


@web.post("/claims/<uuid:claim_id>/extend")
def extend(claim_id: UUID) -> Response | str | tuple[str, int]:
    """Keep an item longer. The button belongs to the answer's form, so that what was typed comes along."""
    principal, context = current_principal(), current_context()
    try:
        with transaction() as tx:
            once(tx, lambda: claims.extend(tx, claim_id, actor=principal, context=context))
    except ClaimOver:
        return _over(claim_id), 409
    except NoMoreExtensions:
        flash(gettext("This item can’t be kept longer. Submit it or give it back."), "look")
        return _again(claim_id, {}), 409
    flash(gettext("You have more time for this item."))
    if typed.fields():
        return _again(claim_id, {})
    return redirect(url_for("web.claim", claim_id=claim_id), 303)


def _go_to_next(campaign_id: UUID, *, part: str = "") -> Response:
    """The item in hand, or the next one; the same one again for a second press of the same button."""
    principal, context = current_principal(), current_context()

    def take() -> UUID:
        held = claims.live_in(tx, campaign_id, principal)
        return held or claims.claim_next(tx, campaign_id, actor=principal, context=context)

    try:
        with transaction() as tx:
            claim_id = once(tx, take, part=part).result_id
    except NothingLeftToClaim:
        flash(gettext("Nothing is waiting for you in this campaign at the moment. Thank you."), "look")
        return redirect(url_for("web.board"), 303)
    return redirect(url_for("web.claim", claim_id=claim_id), 303)


def _again(claim_id: UUID, faults: Mapping[str, str]) -> str:
    """The work page once more, with what was typed and what is to be put right: a code by question."""
    found, item = _found(claim_id)
    return _work_page(found, item, typed.answer(found["campaign"]["form"]), faults)


def _found(claim_id: UUID) -> tuple[dict[str, Any], dict[str, Any]]:
    """A claim with its item, opened on the record. A sealed item is asked for by the device that shows it."""
    principal, context = current_principal(), current_context()
    with transaction() as tx:
        found = queries.claim(tx, claim_id, principal, context)
        item: Any = {}
        if found["live"] and found["campaign"]["sealed"]:
            campaign = claims.campaign_of(tx, claims.mine(tx, claim_id, principal), principal, context)
            found["screen"] = screen.of(tx, campaign)
            found["expected"] = sealed_json.expected(campaign, found["microtask_id"])
            found["devices"] = [each.thumbprint for each in device_keys.live_of(tx, principal.person_id)]
            found["draft_on"] = _names(drafts.opens_on(tx, claim_id, principal))
            if campaign.protection is Protection.END_TO_END:
                found["trust"] = record_proofs.trust(tx, campaign.agency_id)
                found["own_issuers"] = record_proofs.issuers_of(tx, principal.person_id)
        elif found["live"]:
            item = opening.open_item(tx, claim_id, actor=principal, context=context)
    # Rendered after the transaction: a page needs a connection of its own.
    return found, item


def _over(claim_id: UUID) -> str:
    """The claim has ended and its place is taken: what was written is handed back."""
    with transaction() as tx:
        found = queries.claim(tx, claim_id, current_principal(), current_context())
    form = found["campaign"]["form"]
    return _over_page(found, typed.in_words(form, typed.answer(form)))


def _over_page(found: Mapping[str, Any], answer: list[tuple[str, str]]) -> str:
    """What became of a claim; for sealed work with the way to what was written and lies sealed."""
    draft_until, draft_on = None, None
    if found["campaign"]["sealed"]:
        with reading() as db:
            draft_until = drafts.kept_until(db, found["id"], current_principal())
            draft_on = _names(drafts.opens_on(db, found["id"], current_principal()))
    return render_template(
        "claim_over.html",
        claim=found,
        answer=answer,
        questions=question_words.all_shown(found["campaign"]["form"]),
        draft_until=draft_until,
        draft_on=draft_on,
    )


def _names(devices: Sequence[DeviceKey] | None) -> str | None:
    """What these devices are called; empty for none of them, None where it is about none."""
    return None if devices is None else ", ".join(gettext("“%(name)s”", name=each.name) for each in devices)


def _work_page(
    found: Mapping[str, Any],
    item: Mapping[str, Any],
    answer: Mapping[str, Any],
    faults: Mapping[str, str],
) -> str:
    form = found["campaign"]["form"]
    fields, questions = form["fields"], question_words.all_shown(form)
    keyed = next((each for each in questions if each["kind"] in question_words.RADIOS), None)
    said = {
        each["name"]: question_words.fault(each, faults[each["name"]])
        for each in form["questions"]
        if each["name"] in faults
    }
    if "note" in faults:
        said["note"] = question_words.note_fault()
    lead = [field for field in fields if field["lead"]]
    others = [field for field in fields if not field["lead"]]
    return render_template(
        "claim.html",
        claim=found,
        item=item,
        lead=lead,
        first=others[:SHOWN_AT_ONCE],
        rest=others[SHOWN_AT_ONCE:],
        answer=answer,
        questions=questions,
        keyed=keyed and {"name": keyed["name"], "count": min(len(keyed["options"]), MOST_KEYS)},
        faults=said,
        errors=[
            ("note" if name == "note" else f"q-{name}", said.get(name) or question_words.fault({}, "unknown"))
            for name in faults
        ],
    )
