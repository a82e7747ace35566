"""Jobs about claims."""

from marketplace.foundation.db import Tx
from tasks import claims, key_releases
from workers.handling import handles


@handles("claims.end_due")
def end_due(tx: Tx) -> None:
    claims.end_due(tx)
    key_releases.forget_over(tx)
