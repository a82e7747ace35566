"""Jobs about jobs: housekeeping of the floor."""

from marketplace.foundation import idempotency, jobs
from marketplace.foundation.db import Tx
from workers.handling import handles


@handles("jobs.forget_done")
def forget_done(tx: Tx) -> None:
    jobs.forget_done(tx)
    idempotency.forget_old(tx)
