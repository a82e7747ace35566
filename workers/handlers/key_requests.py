"""Jobs about keys that somebody waits for."""

from marketplace.foundation.db import Tx
from tasks import key_requests
from workers.handling import handles


@handles("key_requests.tell")
def tell(tx: Tx) -> None:
    key_requests.tell(tx)
