"""Jobs about campaigns."""

from uuid import UUID

from marketplace.foundation.db import Tx
from tasks import settling
from workers.handling import handles


@handles("campaign.settle")
def settle(tx: Tx, campaign_id: str) -> None:
    settling.settle(tx, UUID(campaign_id))
