"""Jobs about the security record."""

from __future__ import annotations

from agencies.oversight import incidents
from marketplace.foundation import jobs
from marketplace.foundation.db import Tx
from security.log import expiring
from workers import starting
from workers.handling import handles


@handles("record.expire")
def expire(tx: Tx) -> None:
    """One batch; where it was full, another job goes on."""
    if expiring.expire(tx, starting.settings().record_months, incidents.holds(tx)) == expiring.BATCH:
        jobs.record(tx, "record.expire", merge_key="record.expire")
