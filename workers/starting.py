"""What a worker process does at its start: settings, database, doorbell, keys, and dying with its parent."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

from agencies import keys
from agencies.keys import bound
from marketplace.foundation import process
from marketplace.foundation.settings import Settings

PR_SET_PDEATHSIG = 1
_settings: list[Settings] = []


def start(chosen: Settings | None = None) -> Settings:
    """Bind everything this process needs. Raises BadSettings."""
    chosen = chosen or Settings.from_environ(os.environ)
    _settings[:] = [chosen]
    process.start(chosen)
    bound.bind(keys.chosen(chosen))
    return chosen


def settings() -> Settings:
    """The settings this process was started with."""
    return _settings[0]


def die_with_parent() -> None:
    """Ask Linux to end us when our parent is gone, so that a killed pool leaves no orphan at work."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
