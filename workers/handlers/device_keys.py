"""Jobs about the keys of people's devices."""

from __future__ import annotations

from agencies import device_keys
from marketplace.foundation import jobs
from marketplace.foundation.db import Tx
from tasks import forgetting
from workers.handling import handles


@handles("device_keys.keep_entries")
def keep_entries(tx: Tx) -> None:
    device_keys.keep_entries(tx)


@handles("devices.forget")
def forget(tx: Tx, devices: str) -> None:
    """One batch; where it was full, another job goes on. `devices`: thumbprints, with spaces between."""
    if forgetting.forget_devices(tx, devices.split()):
        jobs.record(tx, "devices.forget", {"devices": devices})
