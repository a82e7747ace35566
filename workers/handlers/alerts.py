"""Jobs about alerts: looking at what is new on the record."""

from __future__ import annotations

from agencies.oversight.alerts import looking
from marketplace.foundation import jobs
from marketplace.foundation.db import Tx
from workers.handling import handles


@handles("alerts.look")
def look(tx: Tx) -> None:
    """One batch; where there is more, another job goes on."""
    if looking.look(tx):
        jobs.record(tx, "alerts.look", merge_key="alerts.look")
