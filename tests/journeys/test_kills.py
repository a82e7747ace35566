"""Parts die, work goes on: nothing that was accepted is lost, and what waits is caught up with."""

from __future__ import annotations

import signal

import pytest

from tests.builders import a_spec
from tests.journeys.program import Program
from tests.running import Running, eventually

pytestmark = pytest.mark.xdist_group("marketplace")


@pytest.fixture
def campaign(marketplace: Running) -> tuple[Program, str]:
    """An owner and a small campaign of their own that two answers settle."""
    owner = Program(marketplace, "ines")
    spec = a_spec(name="Kills", level="internal", contributions=2)
    return owner, owner.post_campaign(spec, "entry\none\ntwo\n")


def answer_all(marketplace: Running, campaign: str) -> None:
    for login in ("maja", "karim"):
        person = Program(marketplace, login)
        for _ in range(2):
            assert person.submit(person.claim(campaign), kind="bird").status_code == 201


def settled(owner: Program, campaign: str) -> bool:
    return len(owner.get(f"/campaigns/{campaign}/results")["rows"]) == 2


def test_work_goes_on_while_valkey_does_not_answer_and_is_caught_up_with(
    marketplace: Running, campaign: tuple[Program, str]
) -> None:
    owner, posted = campaign
    valkey = marketplace.child("valkey-server")
    valkey.send_signal(signal.SIGSTOP)
    try:
        answer_all(marketplace, posted)
        assert not settled(owner, posted), "nobody heard the doorbell yet"
    finally:
        valkey.send_signal(signal.SIGCONT)
    eventually(lambda: settled(owner, posted), "everything settles after Valkey is back")


def test_work_goes_on_when_valkey_is_killed(marketplace: Running, campaign: tuple[Program, str]) -> None:
    owner, posted = campaign
    marketplace.child("valkey-server").kill()
    answer_all(marketplace, posted)
    eventually(lambda: settled(owner, posted), "everything settles after Valkey was killed")


def test_a_killed_worker_pool_loses_nothing(marketplace: Running, campaign: tuple[Program, str]) -> None:
    owner, posted = campaign
    assert marketplace.kill("workers") > 3, "the parents of the pools and their children, and the clock"
    answer_all(marketplace, posted)
    eventually(lambda: settled(owner, posted), "everything settles after the workers were killed")
