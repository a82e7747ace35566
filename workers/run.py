"""The one function that RQ calls: look at a job row, and do it if it is ours to do.

It never raises: RQ would keep the traceback in Redis, and a traceback can quote payload.
"""

from __future__ import annotations

import traceback
from pathlib import Path

import structlog

import workers.handlers  # noqa: F401  (fills the registry)
from marketplace.foundation import jobs
from marketplace.foundation.db import transaction
from marketplace.foundation.errors import DomainError, Unavailable
from marketplace.foundation.jobs import Taken
from workers.handling import HANDLERS

log = structlog.get_logger(__name__)


class LeaseLost(Exception):
    """Another runner has taken the job over; our effect must not be committed."""


def run(job_id: int) -> str:
    """Take and do one job.

    Returns "done", "not ours", "lost", "ready" (to be tried again), "dead", "no database" or "broken".
    """
    try:
        with transaction() as tx:
            job = jobs.take(tx, job_id)
        return _try(job) if job is not None else "not ours"
    except Unavailable:
        # The row is as it was, or its lease will be over: the sweep finds it either way.
        log.warning("job.no_database", job=job_id)
        return "no database"
    except Exception as error:  # noqa: BLE001  (RQ would keep the traceback; the lease ends by itself)
        log.error("job.broken", job=job_id, reason=why(error))
        return "broken"


def _try(job: Taken) -> str:
    try:
        _do(job)
    except LeaseLost:
        log.warning("job.lost", job=job.id, kind=job.kind)
        return "lost"
    except Exception as error:  # noqa: BLE001  (whatever goes wrong, the row must say so and the worker live)
        return _failed(job, error)
    log.info("job.done", job=job.id, kind=job.kind, attempts=job.attempts)
    return "done"


def _do(job: Taken) -> None:
    handler = HANDLERS[job.kind]
    prepared = handler.prepare(**job.args) if handler.prepare else None
    with transaction() as tx:
        handler.run(tx, dict(job.args), prepared)
        if not jobs.finish(tx, job):
            raise LeaseLost()


def _failed(job: Taken, error: Exception) -> str:
    reason = why(error)
    with transaction() as tx:
        state = jobs.fail(tx, job, reason)
    log.error("job.failed", job=job.id, kind=job.kind, attempts=job.attempts, state=state, reason=reason)
    return state or "lost"


def why(error: Exception) -> str:
    """The type and the place of a failure. A domain error's sentence is ours; anybody else's may quote data."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "unknown place"
    sentence = f": {error.message}" if isinstance(error, DomainError) else ""
    return f"{type(error).__name__} at {place}{sentence}"
