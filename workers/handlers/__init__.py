"""One module per noun; importing this package fills the registry."""

from workers.handlers import (
    alerts,
    campaigns,
    checks,
    claims,
    device_keys,
    jobs,
    key_requests,
    keys,
    look_ups,
    notices,
    numbers,
    people,
    record,
    sessions,
    shredding,
    witnesses,
)

__all__ = [
    "alerts",
    "campaigns",
    "checks",
    "claims",
    "device_keys",
    "jobs",
    "key_requests",
    "keys",
    "look_ups",
    "notices",
    "numbers",
    "people",
    "record",
    "sessions",
    "shredding",
    "witnesses",
]
