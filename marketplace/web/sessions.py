"""Where a person is signed in, and ending it from here."""

from __future__ import annotations

from flask import flash, redirect, render_template
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response

from agencies import sessions as use_cases
from marketplace.edge.acting import current_context, current_principal
from marketplace.edge.once import once
from marketplace.foundation.db import reading, transaction
from marketplace.web.blueprint import web


@web.get("/sessions")
def sessions() -> str:
    """Every browser in which I am signed in; this one is marked."""
    here = current_context().session
    with reading() as db:
        rows = use_cases.of_person(db, current_principal().person_id)
    rows = sorted(rows, key=lambda row: row.reference != here)
    return render_template("sessions.html", sessions=rows, this=here)


@web.post("/sessions/<reference>/end")
def end_session(reference: str) -> Response:
    """Sign out another browser of mine, or this one."""
    actor, context = current_principal(), current_context()
    with transaction() as tx:
        once(tx, lambda: use_cases.end_one(tx, reference, actor=actor, context=context))
    flash(gettext("Signed out there."))
    return redirect("/sessions", 303)


@web.post("/sessions/end-others")
def end_other_sessions() -> Response:
    """Sign out every browser but this one."""
    actor, context = current_principal(), current_context()
    ended = 0

    def end() -> None:
        nonlocal ended
        ended = use_cases.end_others(tx, actor=actor, context=context)

    with transaction() as tx:
        once(tx, end)
    flash(ngettext("Signed out in %(num)s other place.", "Signed out in %(num)s other places.", ended))
    return redirect("/sessions", 303)
