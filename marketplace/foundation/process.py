"""What every process does once at its start, whatever it is for."""

from __future__ import annotations

import os

from sqlalchemy import Engine

from marketplace.foundation import db, doorbell, logs
from marketplace.foundation.settings import Settings


def start(settings: Settings, engine: Engine | None = None, *, pool_size: int = 4) -> Engine:
    """Bind database and doorbell and set up logging. Returns the engine (a new one unless given a prepared one)."""
    logs.configure(os.environ.get("MARKET_LOG_LEVEL", "INFO"))
    engine = engine or db.engine_for(settings.database_url, pool_size=pool_size)
    db.bind(engine)
    doorbell.bind(doorbell.connect(settings.redis_url))
    return engine
