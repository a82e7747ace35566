"""Jobs about look-ups: those that nobody answered in time end, and people are told when a deferral lapses."""

from agencies.oversight import look_ups
from marketplace.foundation.db import Tx
from workers.handling import handles


@handles("look_ups.tell")
def tell(tx: Tx) -> None:
    look_ups.end_due(tx)
    look_ups.tell_due(tx)
