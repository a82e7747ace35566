"""The clock process: periodic jobs and the sequencer of the security record. Any number may run; a lease elects one.

A slot is recorded as a job whose `once_key` names its time, so that two clocks in a moment of doubt record it once.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

import structlog

from marketplace.foundation import clock, jobs, leases
from marketplace.foundation.db import Tx, transaction
from marketplace.foundation.errors import Unavailable
from security.log import checkpoints, log_key, sequencer
from security.notes import Signer
from workers import jumps, starting, sweep
from workers.jumps import Jumps
from workers.run import why

log = structlog.get_logger(__name__)

SLOTS: Mapping[str, timedelta] = {
    "alerts.look": timedelta(seconds=10),
    "record.check": timedelta(hours=1),
    "record.check_all": timedelta(days=1),
    "claims.end_due": timedelta(seconds=10),
    "campaigns.settle_left": timedelta(days=1),
    "campaigns.shred_due": timedelta(days=1),
    "device_keys.keep_entries": timedelta(minutes=10),
    "drafts.shred_over": timedelta(days=1),
    "sessions.forget_ended": timedelta(minutes=10),
    "jobs.forget_done": timedelta(hours=1),
    "people.end_due": timedelta(minutes=1),
    "key_requests.tell": timedelta(minutes=1),
    "look_ups.tell": timedelta(hours=1),
    "numbers.count_all": timedelta(days=1),
    "record.expire": timedelta(days=1),
    "witness.ask_all": timedelta(seconds=10),
}
"""How often each periodic job runs."""

LEASE = timedelta(seconds=10)
TURN = 0.25
"""Seconds between two turns: an act has its number well within a second."""
SWEEP_TURNS = 6
SIGNING_TURNS = 4
"""Without new entries the checkpoint is looked at this often: one may be due again, or an earlier clock was killed."""


class Clock:
    """One clock process."""

    def __init__(self, holder: str, signer: Signer, steady: Callable[[], float] = jumps.steady) -> None:
        self.holder = holder
        self.signer = signer
        self.jumps = Jumps(steady)
        self.stopping = threading.Event()
        self.turns = 0
        self.recorded: Mapping[str, str] = {}
        """The slot of each kind that is committed: four times a second nothing is asked of the database for it."""

    def run(self) -> None:
        """Turn until told to stop. A database that is away is waited for."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stopping.set())
        while not self.stopping.is_set():
            try:
                self.turn()
            except Unavailable:
                log.warning("clock.no_database")
            except Exception as error:  # noqa: BLE001  (one broken turn must not end all numbering)
                log.error("clock.broken", reason=why(error))
            self.stopping.wait(TURN)

    def turn(self) -> bool:
        """Sweep now and then; if elected, record due slots and number pending acts. Whether this clock is elected."""
        self.turns += 1
        if self.turns % SWEEP_TURNS == 1:
            sweep.sweep()
        self.jumps.begin()
        recorded = self.recorded
        with transaction() as tx:
            jumped = self.jumps.seconds(clock.now(tx))
            elected = leases.hold(tx, "clock", self.holder, LEASE)
            if elected:
                recorded = record_slots(tx, self.recorded)
                jumps.tell(tx, jumped)
        self.jumps.remember()
        self.recorded = recorded
        if elected and (number_acts() or self.turns % SIGNING_TURNS == 1):
            with transaction() as tx:
                checkpoints.sign(tx, self.signer)
        return elected


def record_slots(tx: Tx, recorded: Mapping[str, str] = MappingProxyType({})) -> dict[str, str]:
    """Record the current slot of every periodic job, unless it is `recorded` already. Returns the current slots."""
    now = clock.now(tx)
    current = {kind: f"{kind}:{slot(now, every).isoformat()}" for kind, every in SLOTS.items()}
    for kind, key in current.items():
        if recorded.get(kind) != key:
            jobs.record(tx, kind, once_key=key)
    return current


def slot(now: datetime, every: timedelta) -> datetime:
    """The beginning of the slot that `now` lies in."""
    seconds = int(every.total_seconds())
    return datetime.fromtimestamp(int(now.timestamp()) // seconds * seconds, now.tzinfo)


def number_acts() -> int:
    """Give numbers to everything pending, a batch per transaction."""
    total = 0
    while True:
        with transaction() as tx:
            done = sequencer.sequence(tx)
        total += done
        if done < sequencer.BATCH:
            return total


def run() -> None:
    """Run a clock on this host."""
    starting.die_with_parent()
    settings = starting.start()
    signer = log_key.ensure(settings.log_key, settings.log_origin)
    Clock(f"{socket.gethostname()}:{os.getpid()}", signer).run()
