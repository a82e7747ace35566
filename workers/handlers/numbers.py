"""Jobs that count people, where their works council agreed."""

from uuid import UUID

from agencies.numbers import register
from marketplace.foundation import jobs
from marketplace.foundation.db import Tx
from tasks import numbers
from workers.handling import handles


@handles("numbers.count_all")
def count_all(tx: Tx) -> None:
    for agency_id in register.agencies_with_approvals(tx):
        jobs.record(tx, "numbers.count", {"agency_id": agency_id}, merge_key=f"numbers:{agency_id}")


@handles("numbers.count")
def count(tx: Tx, agency_id: str) -> None:
    numbers.count(tx, UUID(agency_id))
