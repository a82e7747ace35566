"""A repeated call is answered again, not done again."""

from datetime import timedelta
from threading import Event, Thread
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, func, select, update

from marketplace.foundation import clock, idempotency
from marketplace.foundation.db import Tx, transaction
from marketplace.foundation.idempotency import Earlier, IdempotencyKey, KeyUsedDifferently
from tests.builders import changed, found, one, rolled_back
from tests.together import PATIENCE

PERSON = UUID("b45f6e5c-2f5e-4f7a-9a38-7ad2c2a5e0e1")
REQUEST, OTHER = b"r" * 32, b"o" * 32


def call(result: UUID | None = None, *, key: str = "key", request: bytes = REQUEST) -> Earlier | None:
    with transaction() as tx:
        earlier = idempotency.begin(tx, PERSON, key, request)
        if earlier is None:
            idempotency.complete(tx, PERSON, key, status=201, result_id=result)
        return earlier


def test_the_first_call_is_to_be_done(database: Engine) -> None:
    assert call() is None


def test_a_repeat_gets_the_first_answer(database: Engine) -> None:
    result = uuid4()
    call(result)
    assert call(uuid4()) == Earlier(201, result)


def test_another_request_with_the_same_key_is_refused(database: Engine) -> None:
    call()
    with pytest.raises(KeyUsedDifferently):
        call(request=OTHER)


def test_another_person_may_use_the_same_key(database: Engine) -> None:
    call()
    with transaction() as tx:
        assert idempotency.begin(tx, uuid4(), "key", OTHER) is None


def test_a_refused_call_leaves_its_key_unused(database: Engine) -> None:
    rolled_back(lambda tx: idempotency.begin(tx, PERSON, "key", REQUEST))
    assert call(request=OTHER) is None


def test_a_twin_waits_for_the_first_and_gets_its_answer(database: Engine) -> None:
    result, answers, first_is_in = uuid4(), [], Event()

    def twin() -> None:
        first_is_in.wait(PATIENCE)
        answers.append(call(uuid4()))

    waiting = Thread(target=twin)
    waiting.start()
    with transaction() as tx:
        assert idempotency.begin(tx, PERSON, "key", REQUEST) is None
        first_is_in.set()
        waiting.join(0.2)
        assert answers == []
        idempotency.complete(tx, PERSON, "key", status=201, result_id=result)
    waiting.join(PATIENCE)
    assert answers == [Earlier(201, result)]


def test_a_twin_of_a_call_that_failed_is_done(database: Engine) -> None:
    answers, first_is_in = [], Event()

    def twin() -> None:
        first_is_in.wait(PATIENCE)
        answers.append(call(uuid4()))

    waiting = Thread(target=twin)
    waiting.start()

    def first(tx: Tx) -> None:
        idempotency.begin(tx, PERSON, "key", REQUEST)
        first_is_in.set()

    rolled_back(first)
    waiting.join(PATIENCE)
    assert answers == [None]


def test_the_row_keeps_a_digest_a_status_and_an_id_and_nothing_else(database: Engine) -> None:
    assert set(IdempotencyKey.__table__.c.keys()) == {
        "person_id", "key", "request", "status", "result_id", "seen_at",
    }  # fmt: skip


def test_old_keys_are_forgotten_and_young_ones_kept(database: Engine) -> None:
    call(key="old")
    call(key="young")
    with transaction() as tx:
        past = clock.now(tx) - idempotency.KEPT_FOR - timedelta(days=1)
    changed(update(IdempotencyKey).where(IdempotencyKey.key == "old").values(seen_at=past))
    with transaction() as tx:
        assert idempotency.forget_old(tx) == 1
    assert [row.key for row in found(select(IdempotencyKey.key))] == ["young"]


def test_a_repeat_writes_so_that_it_cannot_be_told_of_what_was_lost(database: Engine) -> None:
    call()
    with transaction() as tx:
        past = clock.now(tx) - timedelta(days=1)
    changed(update(IdempotencyKey).values(seen_at=past))
    call()
    assert one(select(func.max(IdempotencyKey.seen_at))) > past
