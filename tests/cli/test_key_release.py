"""`marketplace key release`: the agency's own service gives keys, and trusts nobody but whom its own file names."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from sqlalchemy import select

from marketplace.foundation.db import transaction
from security.notes import Signer
from security.principal import Principal
from security.sealing import keys
from tasks import opening
from tasks.models import KeyRelease
from tests import end_to_end, on_device
from tests.application import token_of
from tests.builders import AT_WORK, a_claim, a_person, an_agency, found, one
from tests.cli.conftest import Terminal
from tests.cli.test_end_to_end import private_file
from tests.device_keys import a_device, identity_of
from tests.on_device import Device
from tests.witnessed import LOG, NORTH, SOUTH, register_witnesses, witness


@dataclass
class Service:
    """An agency's machine with its processing key, and somebody whose device waits for a key."""

    terminal: Terminal
    owner: Principal
    person: Principal
    device: Device
    claim: Any
    key: Path

    def trust(self, **changed: Any) -> Path:
        """The agency's own list of whom it trusts."""
        issuer, _ = identity_of(self.person)
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
        return self.terminal.type(*map(str, words), token=token_of(self.owner))

    def opened(self) -> opening.SealedItem:
        with transaction() as tx:
            item = opening.open_item(
                tx, self.claim, actor=self.person, context=AT_WORK, device=self.device.thumbprint
            )
        assert isinstance(item, opening.SealedItem)
        return item


@pytest.fixture
def service(served: Terminal) -> Service:
    register_witnesses()
    an_agency("harbour", office_networks=["127.0.0.0/8"])
    owner = end_to_end.an_end_to_end_owner("harbour")
    held = end_to_end.agency_keys_of(owner)
    posting = end_to_end.a_posting(owner, held=held)
    posting.post()
    person = a_person()
    made = a_device(person)
    claim = a_claim(posting.campaign_id, person)
    device = Device(made.thumbprint, made.encryption, made.signing)
    key = private_file(served, "processing.json", json.dumps(keys.private_jwk(held.processing)))
    waiting = Service(served, owner, person, device, claim, key)
    assert waiting.opened().item is None
    witness()
    return waiting


def test_gives_what_waits_and_nothing_twice(service: Service) -> None:
    trust = service.trust()
    done = service.release(trust)
    assert (done.exit_code, done.stdout) == (0, "Keys given: 1\n"), done.output
    assert on_device.item_on(service.device, service.opened()) == {"entry": "Entry 1"}
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
