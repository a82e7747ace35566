"""Campaigns that wait for an approver of their agency, and the acts that move a campaign from stage to stage."""

from __future__ import annotations

from uuid import UUID

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from marketplace.edge.acting import current_context, current_principal
from marketplace.edge.once import once
from marketplace.foundation.db import Tx, reading, transaction
from marketplace.web.blueprint import web
from tasks import campaigns as use_cases
from tasks.errors import WrongStage
from tasks.stages import ACTS, APPROVER


@web.get("/approvals")
def approvals() -> str:
    """What waits, oldest first."""
    with reading() as db:
        found = use_cases.waiting(db, actor=current_principal(), context=current_context())
    return render_template("approvals.html", waiting=found)


@web.get("/approvals/<uuid:campaign_id>")
def approval(campaign_id: UUID) -> str:
    """One campaign as its contributors would read it, and what its approver may do."""
    with reading() as db:
        found = use_cases.for_approval(db, campaign_id, actor=current_principal(), context=current_context())
    return render_template("approval.html", campaign=found)


@web.post("/campaigns/<uuid:campaign_id>/move")
def move_campaign(campaign_id: UUID) -> BaseResponse:
    """Do a named act; its approver goes on to what waits, everybody else to the room."""
    name = request.form.get("act", "")
    if name not in ACTS:
        raise WrongStage()
    with transaction() as tx:
        once(tx, lambda: _moved(tx, campaign_id, name))
    to = (
        url_for("web.approvals")
        if ACTS[name].by is APPROVER
        else url_for("web.room", campaign_id=campaign_id)
    )
    return redirect(to, 303)


def _moved(tx: Tx, campaign_id: UUID, name: str) -> None:
    remark, context = request.form.get("remark", ""), current_context()
    use_cases.move(tx, campaign_id, name, actor=current_principal(), context=context, remark=remark)
