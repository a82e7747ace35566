"""A witness's file: one step from comparing to storing, and never a step back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from marketplace.witness import state
from marketplace.witness.state import BadState, Cosigned, StateExists
from security import notes
from security.witnessing import Refusal
from tests.together import together
from tests.witness.log import LOG, Log

NOW = 1_800_000_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "witness.json"
    state.make(path, "north.example/witness")
    state.follow(path, LOG.verifier)
    return path


def ask(path: Path, log: Log, old: int) -> Cosigned | Refusal:
    return state.answer(path, log.request(old), NOW)


def status(answer: Cosigned | Refusal) -> int:
    return 200 if isinstance(answer, Cosigned) else answer.status


def test_honest_growth_is_cosigned_and_remembered(path: Path) -> None:
    answer = ask(path, Log(5), 0)
    assert isinstance(answer, Cosigned)
    witness = state.read(path)
    [line] = notes.parse_lines(answer.line)
    assert witness.signer.verifier.signed_at(Log(5).head.text, line) == NOW
    assert witness.logs[LOG.name].seen.size == 5
    assert status(ask(path, Log(9), 5)) == 200


def test_what_was_refused_is_not_remembered(path: Path) -> None:
    ask(path, Log(5), 0)
    assert status(ask(path, Log(9, forked_at=2), 5)) == 422
    assert state.read(path).logs[LOG.name].seen.size == 5


def test_the_same_checkpoint_is_cosigned_again(path: Path) -> None:
    ask(path, Log(5), 0)
    assert status(ask(path, Log(5), 5)) == 200


def test_of_many_at_once_none_takes_the_witness_back(path: Path) -> None:
    """Requests from the same old size: one moves the witness, and the others learn where it is."""
    answers = together(*[lambda size=size: ask(path, Log(size), 0) for size in range(1, 9)])
    sizes = [each.size for each in answers if isinstance(each, Cosigned)]
    assert len(sizes) == 1
    assert {each.size for each in answers if isinstance(each, Refusal)} == set(sizes)
    assert state.read(path).logs[LOG.name].seen.size == sizes[0]


def test_a_log_that_nobody_told_it_of_is_unknown(tmp_path: Path) -> None:
    path = tmp_path / "w.json"
    state.make(path, "north.example/witness")
    assert status(ask(path, Log(5), 0)) == 404


def test_following_again_forgets_nothing(path: Path) -> None:
    ask(path, Log(5), 0)
    assert state.follow(path, LOG.verifier).logs[LOG.name].seen.size == 5


def test_another_key_for_a_followed_log_is_refused(path: Path) -> None:
    with pytest.raises(BadState):
        state.follow(path, notes.signer(LOG.name, notes.LOG, bytes(32)).verifier)


def test_a_file_that_is_there_is_not_overwritten(path: Path) -> None:
    with pytest.raises(StateExists):
        state.make(path, "north.example/witness")


def test_only_its_owner_reads_it(path: Path) -> None:
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("spoil", [
    lambda kept: kept.pop("key"), lambda kept: kept.update(key="x"), lambda kept: kept.update(format="y"),
    lambda kept: kept["logs"][LOG.name].update(root="?"), lambda kept: kept.update(logs=[]),
])  # fmt: skip
def test_a_damaged_file_cosigns_nothing(path: Path, spoil: object) -> None:
    kept = json.loads(path.read_text())
    spoil(kept)  # type: ignore[operator]
    path.write_text(json.dumps(kept))
    with pytest.raises(BadState):
        ask(path, Log(5), 0)


def test_a_missing_file_cosigns_nothing(tmp_path: Path) -> None:
    with pytest.raises(BadState):
        ask(tmp_path / "gone.json", Log(5), 0)


def test_what_is_no_request_is_refused(path: Path) -> None:
    assert status(state.answer(path, "nonsense", NOW)) == 400
