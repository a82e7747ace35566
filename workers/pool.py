"""The worker pool of a host: some processes that answer the doorbell, and a parent that sweeps and replaces the dead.

Each child is one RQ SimpleWorker on one queue (no fork per job: jobs are short and ours). The `files` queue gets a
forking Worker, because what it touches comes from outside.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from types import FrameType

import structlog
from redis import Redis
from redis.exceptions import RedisError
from rq import SimpleWorker, Worker
from rq.serializers import JSONSerializer

from marketplace.foundation import doorbell
from marketplace.foundation.settings import Settings
from workers import starting, sweep

log = structlog.get_logger(__name__)

SWEEP_EVERY = 1.5
"""Seconds between two looks for rows that no bell announced."""
LONGEST_PAUSE = 5.0
"""Seconds before a worker looks for a missing Redis again; the sweep has rung by then."""
GRACE = 20.0


def serve(queue: str, *, forking: bool) -> None:
    """Be one RQ worker until told to stop. Returns when told; comes back by itself when Redis was away."""
    starting.die_with_parent()
    settings = starting.start()
    kind = Worker if forking else SimpleWorker
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    while True:
        try:
            redis = Redis.from_url(settings.redis_url, socket_connect_timeout=1.0)
            worker = kind([queue], connection=redis, serializer=JSONSerializer)
            worker.max_connection_wait_time = LONGEST_PAUSE
            worker.log.setLevel("WARNING")
            worker.work(logging_level="WARNING", with_scheduler=False)
            return
        except RedisError as error:
            log.warning("worker.no_doorbell", error=type(error).__name__)
            time.sleep(1.0)


class Pool:
    """A parent with some children on one queue."""

    def __init__(self, settings: Settings, queue: str, size: int) -> None:
        self.settings = settings
        self.queue = queue
        self.children: list[subprocess.Popen[bytes] | None] = [None] * size
        self.not_before = [0.0] * size
        self.stopping = threading.Event()

    def run(self) -> None:
        """Keep the children alive and sweep, until SIGTERM or SIGINT; then let them finish what they do."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        while not self.stopping.is_set():
            self._replace_dead()
            sweep.sweep()
            self.stopping.wait(SWEEP_EVERY)
        self._end_children()

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stopping.set()

    def _replace_dead(self) -> None:
        for place, child in enumerate(self.children):
            if child is not None and child.poll() is None:
                continue
            if child is not None:
                log.warning("worker.died", queue=self.queue, code=child.returncode)
            if time.monotonic() >= self.not_before[place]:
                # A child that dies at once must not be started in a tight loop.
                self.not_before[place] = time.monotonic() + 1.0
                words = [sys.executable, "-m", "workers", "one", self.queue]
                self.children[place] = subprocess.Popen(words, env=dict(os.environ))

    def _end_children(self) -> None:
        alive = [child for child in self.children if child is not None and child.poll() is None]
        for child in alive:
            child.send_signal(signal.SIGTERM)
        until = time.monotonic() + GRACE
        for child in alive:
            try:
                child.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def run(queue: str, size: int | None = None) -> None:
    """Run a pool on this host."""
    starting.die_with_parent()
    settings = starting.start()
    doorbell.bind(doorbell.connect(settings.redis_url))
    Pool(settings, queue, size or settings.workers).run()
