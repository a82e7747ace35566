"""Notices: what somebody should know, as sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import redirect, render_template
from flask_babel import gettext, lazy_gettext
from werkzeug.wrappers import Response

from agencies import notices as use_cases
from marketplace.edge.acting import current_principal
from marketplace.edge.once import once
from marketplace.edge.sign_in import safe_path
from marketplace.foundation.db import reading, transaction
from marketplace.web.blueprint import web

SENTENCES = {
    "campaign.posted": lazy_gettext("“%(campaign)s” is open: your agency can follow it."),
    "campaign.settled": lazy_gettext("“%(campaign)s” is done: every item has a result."),
    "claim.lapsed": lazy_gettext(
        "An item of “%(campaign)s” went back to others: its time was over. Nothing is held against you."
    ),
}
"""One sentence per kind of notice."""


@web.get("/notices")
def notices() -> str:
    """My notices, newest first."""
    with reading() as db:
        rows = use_cases.listing(db, current_principal().person_id)
    return render_template("notices.html", notices=[_shown(row) for row in rows])


@web.post("/notices/<uuid:notice_id>/read")
def open_notice(notice_id: UUID) -> Response:
    """Go to what a notice is about; it is no longer new."""
    path = "/notices"

    def read() -> None:
        nonlocal path
        path = use_cases.mark_read(tx, notice_id, actor=current_principal())

    with transaction() as tx:
        once(tx, read)
    return redirect(safe_path(path), 303)


def _shown(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "at": row.recorded_at,
        "unread": row.read_at is None,
        "text": sentence(row.kind, row.args),
    }


def sentence(kind: str, args: Mapping[str, Any]) -> str:
    """A notice in the reader's language."""
    known = SENTENCES.get(kind)
    return (
        str(known) % {"campaign": args.get("campaign", "")}
        if known
        else gettext("There is something new for you.")
    )
