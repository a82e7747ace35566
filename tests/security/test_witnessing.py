"""A witness cosigns honest growth and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from security import notes, witnessing
from security.notes import BadNote
from security.witnessing import Seen
from tests.witness.log import LOG, ORIGIN, Log

THIEF = notes.signer(ORIGIN, notes.LOG, bytes(range(7, 39)))


def asked(log: Log, old: int, **given: Any) -> witnessing.Request:
    return witnessing.parse_request(log.request(old, **given))


def seen(log: Log) -> Seen:
    return Seen(log.head.size, log.head.root)


def status(request: witnessing.Request, last: Seen) -> int:
    refusal = witnessing.judge(request, [LOG.verifier], last)
    return 200 if refusal is None else refusal.status


@pytest.mark.parametrize(("old", "size"), [(0, 0), (0, 5), (1, 2), (5, 5), (5, 6), (8, 300), (300, 700)])
def test_honest_growth_is_cosigned(old: int, size: int) -> None:
    assert status(asked(Log(size), old), seen(Log(old))) == 200


def test_the_first_checkpoint_is_taken_as_it_is() -> None:
    assert status(asked(Log(700), 0), Seen()) == 200


@pytest.mark.parametrize("forked_at", [0, 3, 299])
def test_a_history_that_was_rewritten_is_refused(forked_at: int) -> None:
    assert status(asked(Log(700, forked_at=forked_at), 300), seen(Log(300))) == 422


def test_a_history_that_was_cut_short_is_refused() -> None:
    assert status(asked(Log(200), 200), seen(Log(300))) == 409
    assert status(asked(Log(200), 300), seen(Log(300))) == 400


def test_two_trees_of_one_size_are_refused() -> None:
    assert status(asked(Log(300, forked_at=5), 300), seen(Log(300))) == 409


def test_who_asks_from_another_size_is_told_the_right_one() -> None:
    refusal = witnessing.judge(asked(Log(700), 200), [LOG.verifier], seen(Log(300)))
    assert refusal is not None
    assert (refusal.status, refusal.size) == (409, 300)


def test_an_old_checkpoint_played_again_is_refused() -> None:
    assert status(asked(Log(100), 50), seen(Log(300))) == 409


def test_another_key_is_refused() -> None:
    assert status(asked(Log(5), 0, signer=THIEF), Seen()) == 403


def test_an_unknown_log_is_refused() -> None:
    assert witnessing.judge(asked(Log(5), 0), [], Seen()) == witnessing.Refusal(
        404, "This log is not known here."
    )


def test_a_proof_of_something_else_is_refused() -> None:
    assert status(asked(Log(700), 300, proof_from=299), seen(Log(300))) == 422


HASH_LINE = "A" * 43 + "=\n"


@pytest.mark.parametrize(
    ("part", "instead"),
    [
        ("old ", "new "),
        ("old 5", "old 05"),
        ("old 5", "old -5"),
        ("old 5", "old ٥"),
        ("old 5", "old " + "5" * 5000),
        ("\n\n", "\n"),
        ("old 5\n", "old 5\nAAAA\n"),
        ("old 5\n", "old 5\n" + HASH_LINE * 64),
        ("— ", "- "),
    ],
)
def test_what_is_no_request_is_refused(part: str, instead: str) -> None:
    text = Log(9).request(5)
    assert witnessing.parse_request(text).checkpoint == Log(9).head
    with pytest.raises(BadNote):
        witnessing.parse_request(text.replace(part, instead, 1))
