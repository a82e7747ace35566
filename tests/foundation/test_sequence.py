"""Growing numbers on both databases."""

import pytest
from sqlalchemy import Engine, select

from marketplace.foundation import sequence
from marketplace.foundation.db import transaction
from tests.together import together

QUEUE = "microtask_seq"


def take(count: int) -> list[int]:
    with transaction() as tx:
        return sequence.numbers(tx, QUEUE, count)


def test_numbers_grow(database: Engine) -> None:
    first, second = take(3), take(2)
    assert sorted(first + second) == first + second


def test_as_many_are_given_as_were_asked_for(database: Engine) -> None:
    assert len(set(take(5))) == 5


def test_a_number_inside_a_statement_follows_those_before(database: Engine) -> None:
    before = take(1)[0]
    with transaction() as tx:
        assert tx.scalar(select(sequence.following(tx, QUEUE))) > before


def test_nobody_gets_the_number_of_somebody_else(database: Engine) -> None:
    given = [number for numbers in together(*[lambda: take(3)] * 8) for number in numbers]
    assert len(set(given)) == 24


def test_an_unknown_sequence_is_refused(database: Engine) -> None:
    with transaction() as tx, pytest.raises(ValueError, match="no sequence"):
        sequence.numbers(tx, "job; DROP TABLE job")
