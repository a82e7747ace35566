"""Numbers about people: what is counted, who agreed, and what is shown of it. A works council decides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash, redirect, render_template
from flask_babel import gettext
from werkzeug.wrappers import Response

from agencies.numbers import register
from agencies.numbers.questions import SMALLEST_GROUP
from marketplace.edge.acting import current_context, current_principal
from marketplace.edge.once import once
from marketplace.foundation.db import Tx, reading, transaction
from marketplace.web import names
from marketplace.web.blueprint import web
from security.permissions import Permission, may


@web.get("/numbers")
def numbers() -> str:
    """Every question of the register, with the reader's agency's answers."""
    person = current_principal()
    with reading() as db:
        rows = register.listing(db, person.agency_id)
    return render_template(
        "numbers.html",
        numbers=[_shown(row) for row in rows],
        decides=may(person, Permission.APPROVE_NUMBERS),
        smallest=SMALLEST_GROUP,
    )


@web.post("/numbers/<code>/approve")
def approve_number(code: str) -> Response:
    """Agree that a question is counted and shown."""
    return _decided(
        lambda tx: register.approve(tx, code, actor=current_principal(), context=current_context()),
        gettext("Approved. The first count is being made."),
    )


@web.post("/numbers/<code>/withdraw")
def withdraw_number(code: str) -> Response:
    """Take the agreement back."""
    return _decided(
        lambda tx: register.withdraw(tx, code, actor=current_principal(), context=current_context()),
        gettext("Withdrawn. What was counted is deleted."),
    )


def _decided(act: Callable[[Tx], None], sentence: str) -> Response:
    with transaction() as tx:
        once(tx, lambda: act(tx))
    flash(sentence)
    return redirect("/numbers", 303)


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    cells = [
        {"name": "" if cell["cell"] == "all" else names.role(cell["cell"]), "people": cell["people"]}
        for cell in row["cells"]
    ]
    text, use = row["text"], row["use"]
    return row | {"text": gettext(text), "use": gettext(use), "cells": cells}
