"""`marketplace key release`: the agency's own service gives keys, and trusts nobody but whom its own file names."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from sqlalchemy import select

from security.notes import Signer
from security.sealing import keys
from tasks.models import KeyRelease
from tests import end_to_end, on_device
from tests.application import token_of
from tests.builders import an_agency, found, one
from tests.cli.conftest import Terminal
from tests.cli.test_end_to_end import private_file
from tests.device_keys import identity_of
from tests.end_to_end import Waiting
from tests.witnessed import LOG, NORTH, SOUTH


@dataclass
class Service:
    """An agency's machine with its processing key, and somebody whose device waits for a key."""

    terminal: Terminal
    waiting: Waiting
    key: Path

    def trust(self, **changed: Any) -> Path:
        """The agency's own list of whom it trusts."""
        issuer, _ = identity_of(self.waiting.person)
        good: dict[str, Any] = {
            "format": "marketplace-trust-1",
            "log": str(LOG.verifier),
            "witnesses": [str(NORTH.verifier), str(SOUTH.verifier)],
            "quorum": 2,
            "issuers": [issuer],
        }
        return self.terminal.write("trust.json", json.dumps(good | changed))

    def release(self, trust: Path) -> Result:
        words = ("key", "release", "--key", self.key, "--trust", trust, "--once")
        return self.terminal.type(*map(str, words), token=token_of(self.waiting.owner))


@pytest.fixture
def service(served: Terminal) -> Service:
    an_agency("harbour", office_networks=["127.0.0.0/8"])
    waiting = end_to_end.a_key_asked_for("harbour")
    key = private_file(served, "processing.json", json.dumps(keys.private_jwk(waiting.held.processing)))
    return Service(served, waiting, key)


def test_gives_what_waits_and_nothing_twice(service: Service) -> None:
    trust = service.trust()
    done = service.release(trust)
    assert (done.exit_code, done.stdout) == (0, "Keys given: 1\n"), done.output
    assert on_device.item_on(service.waiting.device, service.waiting.open()) == {"entry": "Entry 1"}
    assert service.release(trust).stdout == "Keys given: 0\n"


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"witnesses": [str(NORTH.verifier)], "quorum": 1, "issuers": []}, "IssuerWrong"),
        ({"issuers": ["https://elsewhere.example"]}, "IssuerWrong"),
        ({"log": str(Signer(LOG.name, LOG.kind, NORTH.private).verifier)}, "CheckpointUnsigned"),
        (
            {
                "witnesses": [str(Signer("else.example/witness", NORTH.kind, SOUTH.private).verifier)],
                "quorum": 1,
            },
            "WitnessMissing",
        ),
    ],
)
def test_trusts_its_own_file_alone(service: Service, changed: dict[str, Any], why: str) -> None:
    refused = service.release(service.trust(**changed))
    assert (refused.exit_code, refused.stdout) == (0, "Keys given: 0\n"), refused.output
    assert why in refused.stderr
    assert one(select(KeyRelease.wrapped)) is None


@pytest.mark.parametrize(
    "changed",
    [
        {"format": "other"},
        {"log": "x"},
        {"witnesses": [str(LOG.verifier)]},
        {"quorum": 3},
        {"quorum": 0},
        {"issuers": "x"},
    ],
)
def test_a_list_that_is_none_is_a_sentence(service: Service, changed: dict[str, Any]) -> None:
    refused = service.release(service.trust(**changed))
    assert (refused.exit_code, "no list of whom to trust" in refused.stderr) == (1, True)
    assert found(select(KeyRelease.wrapped)) == [(None,)]


def test_another_agencys_key_opens_nothing(service: Service) -> None:
    service.key = private_file(
        service.terminal, "other.json", json.dumps(keys.private_jwk(keys.new_private()))
    )
    assert service.release(service.trust()).stdout == "Keys given: 0\n"
