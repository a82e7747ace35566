"""Jobs about campaigns."""

from uuid import UUID

from marketplace.foundation.db import Tx, reading
from tasks import settling
from workers.handling import handles


def infer(campaign_id: str) -> settling.Inferred:
    """Read and infer a batch before the transaction that writes it."""
    with reading() as db:
        return settling.inferred(db, UUID(campaign_id))


@handles("campaign.settle", prepare=infer)
def settle(tx: Tx, batch: settling.Inferred, campaign_id: str) -> None:
    settling.settle(tx, UUID(campaign_id), batch)


@handles("campaigns.settle_left")
def settle_left(tx: Tx) -> None:
    settling.ask_again(tx)
