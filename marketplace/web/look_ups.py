"""Look-ups of names: asking for one, answering a colleague's, and reading what was granted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from agencies.oversight import look_ups as use_cases
from agencies.oversight.about import Opened
from agencies.oversight.look_ups import BadLookUp, NobodyOfYours, TooManyFound
from marketplace.edge.acting import current_principal
from marketplace.edge.once import once
from marketplace.foundation.db import Tx, transaction
from marketplace.foundation.input import clean
from marketplace.web import agency_forms, names, words
from marketplace.web.blueprint import web

FIELDS = ("kind", "wanted", "purpose", "ticket", "told_after", "put_off_because")
LONGEST_TYPED = 400
KINDS = {"pseudonym": _l("Who stands behind a pseudonym"), "name": _l("Which pseudonym a person has")}
STATES = {
    "asked": _l("waits for a second person"),
    "granted": _l("granted, not read yet"),
    "declined": _l("declined"),
    "read": _l("has been read"),
    "over": _l("over"),
}
_FAULTS = {
    "kind": _l("Choose one of those that are offered."),
    "wanted": _l("Write the pseudonym, or at least three letters of the name."),
    "purpose": _l("Choose one of those that are offered."),
    "ticket": _l("Write the number under which this is kept, 3 to 60 characters."),
    "told_after": _l("Choose a day from tomorrow on, at most 90 days ahead, and write the reason."),
    "put_off_because": _l("Write in a few words why the person is told later."),
}


@web.get("/record/look-ups")
def look_ups() -> str:
    """The agency's look-ups with their state, and the form that asks for one."""
    return _page({}, {})


@web.post("/record/look-ups")
def ask_look_up() -> Response:
    """Ask for one."""
    typed = {name: request.form.get(name, "").strip()[:LONGEST_TYPED] for name in FIELDS}

    def act(tx: Tx) -> UUID:
        return use_cases.ask(
            tx,
            typed["kind"],
            clean(typed["wanted"], at="wanted"),
            purpose=typed["purpose"],
            ticket=clean(typed["ticket"], at="ticket"),
            told_after=_day(typed["told_after"]),
            put_off_because=clean(typed["put_off_because"], at="put_off_because"),
            **agency_forms.who(),
        )

    try:
        made = agency_forms.acted(act)
    except (BadLookUp, NobodyOfYours, TooManyFound) as refusal:
        return make_response(_page(typed, _said(refusal)), 422)
    flash(gettext("Asked. A second person of your agency has to agree."))
    return redirect(url_for("web.look_up", look_up_id=made.result_id), 303)


@web.get("/record/look-ups/<uuid:look_up_id>")
def look_up(look_up_id: UUID) -> str:
    """One look-up: its answer for the second person, its reading for the asker."""
    with transaction() as tx:
        row = use_cases.view(tx, look_up_id, **agency_forms.who())
    return _shown(row, None)


@web.post("/record/look-ups/<uuid:look_up_id>")
def read_look_up(look_up_id: UUID) -> Response:
    """Read what was granted. The answer is shown in this reply only, so that every look at it is a reading."""
    found: list[Opened] | None = None

    def act() -> None:
        nonlocal found
        found = use_cases.read(tx, look_up_id, **agency_forms.who())

    with transaction() as tx:
        once(tx, act)
        row = use_cases.one(tx, look_up_id, current_principal())
    if found is None:  # the same form once more: what it opened is not kept
        flash(gettext("You have read this already. Open it again if you still need it."))
        return redirect(url_for("web.look_up", look_up_id=look_up_id), 303)
    return make_response(_shown(row, found))


@web.post("/record/look-ups/<uuid:look_up_id>/grant")
def grant_look_up(look_up_id: UUID) -> Response:
    """Agree to a colleague's look-up."""
    return _answered(
        look_up_id, use_cases.grant, gettext("Granted. Your colleague can read it for 24 hours.")
    )


@web.post("/record/look-ups/<uuid:look_up_id>/decline")
def decline_look_up(look_up_id: UUID) -> Response:
    """Decline a colleague's look-up."""
    return _answered(look_up_id, use_cases.decline, gettext("Declined. Nothing is opened."))


def _answered(look_up_id: UUID, act: Callable[..., None], said: str) -> Response:
    def answer(tx: Tx) -> None:
        act(tx, look_up_id, **agency_forms.who())

    agency_forms.acted(answer)
    flash(said)
    return redirect(url_for("web.look_ups"), 303)


def _page(form: dict[str, str], faults: dict[str, str]) -> str:
    with transaction() as tx:
        rows = use_cases.listing(tx, **agency_forms.who())
    return render_template(
        "look_ups.html",
        rows=rows,
        form={"kind": "pseudonym", "wanted": _pseudonym(), "purpose": "investigation"} | form,
        faults=faults,
        unfolded=bool(faults or form or _pseudonym()),
        **_words(),
    )


def _shown(row: dict[str, Any], found: list[Opened] | None) -> str:
    return render_template("look_up.html", row=row, found=found, **_words())


def _words() -> dict[str, Any]:
    return {
        "kinds": KINDS,
        "states": STATES,
        "purposes": [(code, words.capital(names.purpose(code))) for code in use_cases.PURPOSES],
    }


def _pseudonym() -> str:
    """The pseudonym from whose place on the record somebody came here."""
    return request.args.get("pseudonym", "").replace("\x00", "").strip()[:40]


def _day(text: str) -> date | None:
    """A day from a form; None where it was left empty. Raises BadLookUp for something else."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise BadLookUp(errors={"told_after": [BadLookUp().message]}) from None


def _said(refusal: BadLookUp | NobodyOfYours | TooManyFound) -> dict[str, str]:
    """What is wrong, by the field's name."""
    if isinstance(refusal, NobodyOfYours):
        return {
            "wanted": gettext(
                "Nobody of your agency stands behind this pseudonym. The record names the agency beside it: ask its "
                "security officer."
            )
        }
    if isinstance(refusal, TooManyFound):
        return {"wanted": gettext("More than five people of your agency fit. Write more of the name.")}
    return {field: str(_FAULTS[field]) for field in refusal.facts["errors"]}
