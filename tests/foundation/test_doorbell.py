"""The doorbell: heard when Redis is there, silent when it is away, and never in the way."""

from collections.abc import Iterator

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as RedisIsAway
from rq.serializers import JSONSerializer

from marketplace.foundation import doorbell


@pytest.fixture(autouse=True)
def _unbound() -> Iterator[None]:
    yield
    doorbell.bind(None)


@pytest.fixture
def nobody_home() -> Redis:
    """An address where no Redis answers."""
    return doorbell.connect("redis://127.0.0.1:1")


def test_without_redis_nothing_rings_and_nothing_breaks() -> None:
    doorbell.bind(None)
    assert doorbell.ring({1: "short"}) == 0


def test_a_redis_that_is_away_breaks_nothing(nobody_home: Redis) -> None:
    doorbell.bind(nobody_home)
    assert doorbell.ring({1: "short", 2: "files"}) == 0


def test_after_an_unanswered_ring_the_bell_is_silent_for_a_while(
    nobody_home: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    doorbell.bind(nobody_home)
    doorbell.ring({1: "short"})

    def must_not_be_reached(name: str, redis: Redis) -> None:
        raise AssertionError("rang although nobody had answered a moment ago")

    monkeypatch.setattr(doorbell, "queue_of", must_not_be_reached)
    assert doorbell.ring({2: "short"}) == 0


def test_the_sweep_breaks_on_nothing_either(nobody_home: Redis) -> None:
    doorbell.bind(nobody_home)
    assert doorbell.ring_for_due({1: "short"}) == 0


def test_asked_whether_it_answers_it_says_that_nothing_is_bound() -> None:
    assert doorbell.answers() is False


def test_asked_whether_it_answers_a_bell_that_is_away_raises(nobody_home: Redis) -> None:
    doorbell.bind(nobody_home)
    with pytest.raises(RedisIsAway):
        doorbell.answers()


def test_messages_are_json_and_never_code(nobody_home: Redis) -> None:
    assert doorbell.queue_of("short", nobody_home).serializer is JSONSerializer
