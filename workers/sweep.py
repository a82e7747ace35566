"""The round that finds what no bell announced: rows that are due, and rows whose runner's lease is over."""

from __future__ import annotations

import structlog

from marketplace.foundation import doorbell, jobs
from marketplace.foundation.db import reading
from marketplace.foundation.errors import Unavailable

log = structlog.get_logger(__name__)


def sweep() -> int:
    """Ring for every row that is due. Returns how many were rung; a missing database is tried again next round."""
    try:
        with reading() as db:
            due = jobs.due(db)
    except Unavailable:
        log.warning("sweep.no_database")
        return 0
    return doorbell.ring_for_due(due) if due else 0
