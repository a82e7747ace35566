"""The doorbell: heard when Redis is there, silent when it is away, and never in the way."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as RedisIsAway
from rq.serializers import JSONSerializer

from deploy.supervisor import valkey as server
from marketplace.foundation import doorbell
from tests.running import eventually


@pytest.fixture(autouse=True)
def _unbound() -> Iterator[None]:
    yield
    doorbell.bind(None)


@pytest.fixture
def nobody_home() -> Redis:
    """An address where no Redis answers."""
    return doorbell.connect("redis://127.0.0.1:1")


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Redis]:
    """A Valkey that nobody else uses, as the supervisor starts it, and no worker that answers."""
    with TemporaryDirectory(prefix="bell") as folder:  # a socket's path may be no longer than 107 bytes
        socket = Path(folder) / "valkey.sock"
        client = Redis(unix_socket_path=str(socket))
        with subprocess.Popen(server.command(tmp_path, socket), stdout=subprocess.DEVNULL) as process:
            try:
                eventually(lambda: _answers(client), "Valkey answers")
                yield client
            finally:
                client.close()
                process.terminate()


def _answers(client: Redis) -> bool:
    try:
        return bool(client.ping())
    except RedisIsAway:
        return False


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


def test_the_sweep_rings_once_for_what_nobody_answers(valkey: Redis) -> None:
    doorbell.bind(valkey)
    due = {1: "short", 2: "short", 3: "files"}
    assert [doorbell.ring_for_due(due) for _ in range(3)] == [3, 0, 0]


def test_the_sweep_rings_for_a_queue_whose_bells_were_answered(valkey: Redis) -> None:
    doorbell.bind(valkey)
    doorbell.ring_for_due({1: "short", 2: "files"})
    doorbell.queue_of("short", valkey).empty()
    assert doorbell.ring_for_due({1: "short", 2: "files"}) == 1
    assert doorbell.queue_of("short", valkey).count == 1


def test_the_sweep_rings_for_more_rows_than_bells_wait(valkey: Redis) -> None:
    doorbell.bind(valkey)
    doorbell.ring_for_due({1: "short"})
    assert doorbell.ring_for_due({1: "short", 2: "short"}) == 2


def test_the_sweep_leaves_rows_waiting_in_sql_behind_a_long_queue(
    valkey: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doorbell, "MOST_WAITING", 3)
    doorbell.bind(valkey)
    doorbell.ring_for_due(dict.fromkeys(range(3), "short"))
    assert doorbell.ring_for_due(dict.fromkeys(range(10), "short")) == 0


def test_asked_whether_it_answers_it_says_that_nothing_is_bound() -> None:
    assert doorbell.answers() is False


def test_asked_whether_it_answers_a_bell_that_is_away_raises(nobody_home: Redis) -> None:
    doorbell.bind(nobody_home)
    with pytest.raises(RedisIsAway):
        doorbell.answers()


def test_messages_are_json_and_never_code(nobody_home: Redis) -> None:
    assert doorbell.queue_of("short", nobody_home).serializer is JSONSerializer
