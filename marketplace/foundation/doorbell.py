"""The doorbell: an RQ message that says "look at this row". Losing one costs a second, never a job.

RQ is used for nothing else: no retry, no schedule, no result, JSON instead of pickle. When Redis is away the web
keeps accepting; the first failed ring silences the bell for a moment so that nobody waits for the time-out again.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping

import structlog
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from rq.serializers import JSONSerializer

log = structlog.get_logger(__name__)

RUN = "workers.run.run"
SILENCE = 1.0
"""Seconds without ringing after a failed ring; the sweep covers them."""
MOST_WAITING = 2_000
"""The sweep adds no more to a queue than this; the rows wait safely in SQL."""


class _Bell:
    """This process's way to Redis."""

    def __init__(self) -> None:
        self.redis: Redis | None = None
        self.silent_until = 0.0


_bell = _Bell()


def connect(url: str) -> Redis:
    """A client with short time-outs: a bell that is not answered at once is not worth waiting for."""
    return Redis.from_url(url, socket_timeout=1.0, socket_connect_timeout=0.5)


def bind(redis: Redis | None) -> None:
    """Name the process's Redis; None leaves everything to the sweep."""
    _bell.redis = redis
    _bell.silent_until = 0.0


def ring(bells: Mapping[int, str]) -> int:
    """Ring for job ids (id → queue). Returns how many were rung; never raises for a missing Redis."""
    if _bell.redis is None or time.monotonic() < _bell.silent_until:
        return 0
    rung = 0
    try:
        for job_id, queue in bells.items():
            queue_of(queue, _bell.redis).enqueue(RUN, job_id, result_ttl=0, failure_ttl=60, ttl=600)
            rung += 1
    except RedisError as error:
        _bell.silent_until = time.monotonic() + SILENCE
        log.warning("doorbell.unanswered", error=type(error).__name__)
    return rung


def ring_for_due(bells: Mapping[int, str]) -> int:
    """Ring as the sweep does: leave out queues that hold as many unanswered bells as there are rows to ring for.

    Several processes sweep, each more than once a second. Where bells are answered more slowly than that, the same
    rows would be rung for again and again, and what is new would wait behind thousands of bells for nothing.
    """
    if _bell.redis is None:
        return 0
    most = {queue: min(rows, MOST_WAITING) for queue, rows in Counter(bells.values()).items()}
    try:
        full = {queue for queue, bound in most.items() if queue_of(queue, _bell.redis).count >= bound}
    except RedisError as error:
        log.warning("doorbell.unanswered", error=type(error).__name__)
        return 0
    return ring({job: queue for job, queue in bells.items() if queue not in full})


def queue_of(name: str, redis: Redis) -> Queue:
    return Queue(name, connection=redis, serializer=JSONSerializer)


def answers() -> bool:
    """Whether a doorbell is bound and answers. Raises RedisError when it is bound and does not."""
    return _bell.redis is not None and bool(_bell.redis.ping())
