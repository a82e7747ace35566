"""Signing in again, and going on where one was. The flow itself is in `marketplace/edge/step_up.py`."""

from __future__ import annotations

from uuid import UUID

from flask import render_template, request
from werkzeug.wrappers import Response

from marketplace.edge import step_up as flow
from marketplace.web.blueprint import web
from marketplace.web.going_on import go_on


@web.post("/step-up")
def step_up() -> Response:
    """On to the sign-in of the person's agency, for a fresh and stronger one."""
    departed = flow.begin(
        request.form.get("then", ""),
        request.form.get("form", ""),
        second_factor=request.form.get("factor") == "multi",
    )
    return go_on(departed)


@web.get("/resume/<uuid:form_id>")
def resume(form_id: UUID) -> str:
    """One button that sends the form once more that was under way."""
    return render_template("resume.html", form=flow.held(form_id), form_id=form_id, field=flow.SENT_AGAIN)
