"""Operation: can people work, and what needs a decision. Jobs carry ids only, so this page holds no content."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import flash, redirect, render_template
from flask_babel import gettext, ngettext
from sqlalchemy import func, select
from werkzeug.wrappers import Response

from marketplace.edge.acting import current_context, current_principal
from marketplace.edge.health import lags
from marketplace.edge.once import once
from marketplace.foundation import clock, jobs
from marketplace.foundation.db import Tx, reading, transaction
from marketplace.web import names, words
from marketplace.web.blueprint import web
from security.log import audit

BEHIND = 60.0
"""Seconds after which waiting work counts as behind."""
LIMITS = {"job_lag": 10.0, "record_lag": 2.0}


@web.get("/operation")
def operation() -> str:
    """Queues, jobs that were given up, lags."""
    with reading() as db:
        now = clock.now(db)
        kinds = [_kind(kind, states, now) for kind, states in sorted(_counts(db).items())]
        dead = jobs.listing(db, state=jobs.DEAD)
        waits = lags(db)
    shown = {"at": now, "kinds": kinds, "dead": dead, "lags": _lags(waits)}
    return render_template("operation.html", operation=shown | _verdict(kinds, len(dead)))


@web.post("/operation/jobs/<int:job_id>/retry")
def retry_job(job_id: int) -> Response:
    """Let a job that was given up start over."""

    def again() -> None:
        jobs.retry(tx, job_id)
        audit.record(
            tx,
            "job.retry",
            audit.Target("job", str(job_id)),
            actor=current_principal(),
            context=current_context(),
        )

    with transaction() as tx:
        once(tx, again)
    flash(gettext("Job %(number)s starts over.", number=job_id))
    return redirect("/operation", 303)


def _counts(db: Tx) -> dict[str, dict[str, tuple[int, datetime | None]]]:
    """Unfinished jobs by kind and state: how many, and the earliest time one was due."""
    found: dict[str, dict[str, tuple[int, datetime | None]]] = {kind: {} for kind in jobs.KINDS}
    rows = db.all(
        select(
            jobs.Job.kind, jobs.Job.state, func.count().label("jobs"), func.min(jobs.Job.run_at).label("due")
        )
        .where(jobs.Job.state != jobs.DONE)
        .group_by(jobs.Job.kind, jobs.Job.state)
    )
    for row in rows:
        found.setdefault(row.kind, {})[row.state] = (row.jobs, row.due)
    return found


def _kind(kind: str, states: Mapping[str, tuple[int, datetime | None]], now: datetime) -> dict[str, Any]:
    count = {state: states.get(state, (0, None))[0] for state in (jobs.READY, jobs.RUNNING, jobs.DEAD)}
    due = states.get(jobs.READY, (0, None))[1]
    oldest = (now - due).total_seconds() if due is not None and due < now else None
    state = "dead" if count[jobs.DEAD] else "behind" if (oldest or 0) > BEHIND else "ok"
    return {"kind": kind, "name": names.job(kind), "oldest": oldest, "state": state} | count


def _lags(waits: Mapping[str, float]) -> list[dict[str, Any]]:
    titles = {
        "job_lag": gettext("Job: due to started"),
        "record_lag": gettext("Record: act to numbered entry"),
    }
    return [
        {
            "name": titles[name],
            "shown": words.seconds(waits[name]),
            "fine": waits[name] <= limit,
            "limit": _limit(waits[name] <= limit, words.seconds(limit)),
        }
        for name, limit in LIMITS.items()
    ]


def _verdict(kinds: list[dict[str, Any]], dead: int) -> dict[str, str]:
    """One sentence says whether people can work."""
    behind = [kind["name"] for kind in kinds if kind["state"] == "behind"]
    detail = ""
    if behind:
        detail = gettext(
            "Behind: %(jobs)s. Nothing is lost; waiting work is done in order.", jobs=", ".join(behind)
        )
    if dead:
        sentence = ngettext(
            "People can work. %(num)s job needs a decision.",
            "People can work. %(num)s jobs need a decision.",
            dead,
        )
        return {"sentence": sentence, "detail": detail, "colour": "warning"}
    if behind:
        return {
            "sentence": gettext("People can work. Some work is late."),
            "detail": detail,
            "colour": "warning",
        }
    return {"sentence": gettext("People can work. Everything keeps up."), "detail": "", "colour": "success"}


def _limit(kept: bool, limit: str) -> str:
    return gettext("under %(limit)s", limit=limit) if kept else gettext("over %(limit)s", limit=limit)
