"""`marketplace worker --trust`: the agency's own service gives keys, and trusts nobody but whom its own file names."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import Result
from sqlalchemy import select, update

from agencies.models import ApiToken, RoleGrant
from marketplace.cli import processing_key
from marketplace.cli.agency_worker import Keys, every_step
from marketplace.cli.client import Client, Refusal
from marketplace.cli.key_release import read_trusted
from marketplace.foundation.db import transaction
from security.log.models import AuditPending
from security.notes import Signer
from security.sealing import keys
from tasks import claims, opening
from tasks.models import KeyRelease
from tests import end_to_end, on_device
from tests.application import token_of
from tests.builders import AT_WORK, a_claim, a_person, an_agency, changed, found, one
from tests.cli.conftest import Terminal
from tests.cli.test_end_to_end import private_file
from tests.device_keys import a_device, identity_of
from tests.end_to_end import Waiting
from tests.witnessed import LOG, NORTH, SOUTH, witness


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
        words = ("worker", "--agency", "harbour", "--key", self.key, "--trust", trust, "--once")
        return self.terminal.type(*map(str, words), token=token_of(self.waiting.owner))

    def client(self) -> Client:
        port = self.terminal.environment["MARKET_PORT"]
        return Client(f"http://127.0.0.1:{port}", token_of(self.waiting.owner))

    def worker(self, client: Client, trust: Path) -> Callable[[], int]:
        """A worker that goes on: each call is one round of it."""
        its_keys = Keys("harbour", processing_key.read(self.key), trusted=read_trusted(trust))
        return lambda: every_step(client, its_keys, patient=True)


@pytest.fixture
def service(served: Terminal) -> Service:
    an_agency("harbour", office_networks=["127.0.0.0/8"])
    waiting = end_to_end.a_key_asked_for("harbour")
    key = private_file(served, "processing.json", json.dumps(keys.private_jwk(waiting.held.processing)))
    return Service(served, waiting, key)


def test_gives_what_waits_and_nothing_twice(service: Service) -> None:
    trust = service.trust()
    done = service.release(trust)
    assert (done.exit_code, done.stdout) == (0, "1 done.\n"), done.output
    assert on_device.item_on(service.waiting.device, service.waiting.open()) == {"entry": "Entry 1"}
    assert service.release(trust).stdout == "0 done.\n"


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
    assert (refused.exit_code, refused.stdout) == (0, "0 done.\n"), refused.output
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
    assert service.release(service.trust()).stdout == "0 done.\n"


class Meanwhile(Client):
    """A client before whose first POST arrives something else happens."""

    def __init__(self, like: Client, token: str, happens: Callable[[], None]) -> None:
        super().__init__(like.url, token)
        self.happens = [happens]

    def post(self, path: str, body: bytes = b"", *, key: str | None = None) -> requests.Response:
        while self.happens:
            self.happens.pop()()
        return super().post(path, body, key=key)


def test_what_was_refused_is_asked_for_once(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    another_waits(service)
    one_round = service.worker(service.client(), service.trust(issuers=[]))
    assert [one_round(), one_round()] == [0, 0]
    assert capsys.readouterr().err.count("IssuerWrong") == 2
    assert acts().count("key.list") == 1


def test_a_request_that_is_refused_on_the_way_stops_no_other(service: Service) -> None:
    another_waits(service)
    waiting = service.waiting

    def kept_longer() -> None:
        with transaction() as tx:
            claims.extend(tx, waiting.claim, actor=waiting.person, context=AT_WORK)

    client = Meanwhile(service.client(), token_of(waiting.owner), kept_longer)
    assert service.worker(client, service.trust())() == 1
    assert acts().count("key.release") == 1


def test_a_worker_ends_when_its_token_does_and_not_before(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    trust = service.trust()
    assert service.worker(Client("http://127.0.0.1:1", "x"), trust)() == 0
    assert "Nobody answers" in capsys.readouterr().err
    one_round = service.worker(service.client(), trust)
    past = datetime.now(UTC) - timedelta(minutes=1)
    changed(update(RoleGrant).values(until=past, ended_at=past))
    assert one_round() == 0
    changed(update(RoleGrant).values(until=None, ended_at=None))
    assert one_round() == 1
    changed(update(ApiToken).values(over_at=past))
    with pytest.raises(Refusal) as ended:
        one_round()
    assert ended.value.over


def another_waits(service: Service) -> None:
    """One more person's device asks for the key, to the other item."""
    person = a_person()
    device = a_device(person)
    claim = a_claim(service.waiting.campaign, person)
    with transaction() as tx:
        opening.open_item(tx, claim, actor=person, context=AT_WORK, device=device.thumbprint)
    witness()


def acts() -> list[str]:
    return [row.act for row in found(select(AuditPending.act))]
