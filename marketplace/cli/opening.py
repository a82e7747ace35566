"""What commands on the database share: settings from the environment, an engine, keys."""

from __future__ import annotations

import os

from agencies.keys import bound, chosen
from marketplace.foundation import process
from marketplace.foundation.settings import Settings


def opened() -> Settings:
    """Bind this process to the database that the settings name. Raises BadSettings."""
    settings = Settings.from_environ(os.environ)
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    process.start(settings)
    bound.bind(chosen(settings))
    return settings
