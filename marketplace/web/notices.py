"""Notices: what somebody should know, as sentences."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import redirect, render_template
from flask_babel import gettext
from werkzeug.wrappers import Response

from agencies import notices as use_cases
from agencies.notice_words import sentence
from marketplace.edge.acting import current_principal
from marketplace.edge.once import once
from marketplace.edge.sign_in import safe_path
from marketplace.foundation.db import reading, transaction
from marketplace.web.blueprint import web


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
        "text": sentence(row.kind, row.args, gettext),
    }
