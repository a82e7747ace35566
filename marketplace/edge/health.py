"""For machines that watch: is the process there, and do the parts it needs answer."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify
from redis.exceptions import RedisError
from sqlalchemy import func, select, text

from marketplace.foundation import clock, doorbell, jobs
from marketplace.foundation.db import Tx, reading
from marketplace.foundation.errors import Unavailable
from security.log.models import AuditPending

health = Blueprint("health", __name__)


@health.get("/healthz", endpoint="process")
def process() -> Any:
    """This process answers."""
    return jsonify({"ok": True})


@health.get("/readyz", endpoint="ready")
def ready() -> Any:
    """Whether people can work: the database answers. Lags are in seconds; a missing doorbell only slows jobs."""
    try:
        with reading() as db:
            db.scalar(text("SELECT 1"))
            state = {"ok": True, "database": "ok", "doorbell": _doorbell()} | lags(db)
    except Unavailable:
        return jsonify({"ok": False, "database": "unavailable"}), 503
    return jsonify(state)


def lags(db: Tx) -> dict[str, float]:
    """How long the oldest waiting job and the oldest unnumbered act have been waiting, in seconds."""
    now = clock.now(db)
    job = db.scalar(
        select(func.min(jobs.Job.run_at)).where(jobs.Job.state == jobs.READY, jobs.Job.run_at <= now)
    )
    act = db.scalar(select(func.min(AuditPending.at)))
    return {
        "job_lag": max(0.0, (now - job).total_seconds()) if job else 0.0,
        "record_lag": max(0.0, (now - act).total_seconds()) if act else 0.0,
    }


def _doorbell() -> str:
    try:
        return "ok" if doorbell.answers() else "none"
    except RedisError:
        return "unavailable"
