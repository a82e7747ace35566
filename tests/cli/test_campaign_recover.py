"""`marketplace campaign recover`: every device is lost, and the agency’s offline key opens it for a new one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from click.testing import Result
from sqlalchemy import select, update

from agencies import agency_keys
from agencies.device_models import DeviceKey
from marketplace.foundation.db import transaction
from security.log.models import AuditPending
from security.principal import Principal, Role
from security.sealing import base64url, keys, recovery
from security.sealing.recovery import Suite
from tasks.models import PayloadSlot
from tests import end_to_end
from tests.application import token_of
from tests.builders import AT_WORK, a_contribution, a_person, an_agency, changed, found
from tests.cli.conftest import Terminal
from tests.cli.test_end_to_end import private_file
from tests.device_keys import Device, a_device, identity_of
from tests.end_to_end import AgencyKeys
from tests.witnessed import LOG, NORTH, SOUTH, register_witnesses, witness


@dataclass
class Lost:
    """An owner whose posting device is lost, the agency's safe, and the new device they have set up."""

    terminal: Terminal
    owner: Principal
    campaign_id: UUID
    held: AgencyKeys
    device: Device
    key: Path
    trust: Path

    def recover(self, *words: Any, token: bool = True) -> Result:
        return self.terminal.type(
            "campaign", "recover", self.campaign_id, *words, token=token_of(self.owner) if token else None
        )

    @property
    def opening(self) -> Sequence[Any]:
        return ("--for", self.device.thumbprint, "--key", self.key, "--trust", self.trust)

    def settled(self) -> Result:
        """The owner settles with the new device: it opens the campaign's key, answers and items."""
        file = {
            "encryption": keys.private_jwk(self.device.encryption),
            "format": "marketplace-device-1",
            "salt": self.device.offered.salt,
            "signing": keys.private_jwk(self.device.signing),
        }
        path = self.terminal.folder / "device.json"
        if not path.exists():
            private_file(self.terminal, "device.json", json.dumps(file))
        words = ("campaign", "settle", self.campaign_id, "--device", path)
        return self.terminal.type(*words, token=token_of(self.owner))


@pytest.fixture(params=["p256", "mlkem768_x25519"])
def lost(served: Terminal, request: pytest.FixtureRequest) -> Lost:
    register_witnesses()
    an_agency("harbour", office_networks=["127.0.0.0/8"])
    owner = end_to_end.an_end_to_end_owner("harbour")
    held = end_to_end.agency_keys_of(owner)
    made = served.type(
        "agency",
        "key",
        "new",
        "--kind",
        "recovery",
        "--suite",
        request.param,
        "--out",
        served.folder / "safe.key",
    )
    public = json.loads(made.stdout)
    admin = a_person("harbour", roles=(Role.AGENCY_ADMIN,))
    with transaction() as tx:
        agency_keys.register(tx, "recovery", public, actor=admin, context=AT_WORK)
    held = replace(held, recovery=_private(served.folder / "safe.key"))
    posting = end_to_end.a_posting(owner, held=held)
    campaign_id = posting.post()
    for _ in range(2):
        a_contribution(campaign_id, a_person(), "bird")
    changed(update(DeviceKey).values(revoked_at=DeviceKey.enrolled_at, revoked_by=DeviceKey.person_id))
    device = a_device(owner, kind="program", name="Terminal")
    witness()
    trusted = {
        "format": "marketplace-trust-1",
        "log": str(LOG.verifier),
        "witnesses": [str(NORTH.verifier), str(SOUTH.verifier)],
        "quorum": 2,
        "issuers": [identity_of(owner)[0]],
    }
    trust = served.write("trust.json", json.dumps(trusted))
    return Lost(served, owner, campaign_id, held, device, served.folder / "safe.key", trust)


def _private(path: Path) -> recovery.PrivateKey:
    members = json.loads(path.read_text())
    if "seed" in members:
        return recovery.PrivateKey(Suite.HYBRID, base64url.decoded(members["seed"]))
    return recovery.PrivateKey(Suite.P256, base64url.decoded(members["d"]))


def device_slots_of(lost: Lost) -> list[str]:
    kept = found(select(PayloadSlot.key_id).where(PayloadSlot.kind == "device"))
    return [row.key_id for row in kept if row.key_id == lost.device.thumbprint]


def test_in_one_step_where_the_key_is_at_hand(lost: Lost) -> None:
    assert "does not hold" in lost.settled().stderr
    done = lost.recover(*lost.opening)
    assert (done.exit_code, done.stdout) == (
        0,
        f"Device {lost.device.thumbprint} holds the key of campaign {lost.campaign_id}.\n",
    ), done.output
    assert lost.settled().stdout == "2 items settled\n"
    acts = [row.act for row in found(select(AuditPending.act))]
    assert acts.count("campaign_key.recover") == 1


def test_in_three_steps_where_the_key_stays_on_a_machine_without_a_network(lost: Lost) -> None:
    folder = lost.terminal.folder
    saved = lost.recover("--for", lost.device.thumbprint, "--save", folder / "request.json")
    assert saved.exit_code == 0, saved.output
    assert lost.held.recovery.public.key_id in saved.stderr
    words = ("--campaign", lost.campaign_id, *lost.opening, "--out", folder / "answer.json")
    opened = lost.terminal.type("key", "recover", folder / "request.json", *words, "--help")
    assert opened.exit_code == 0
    environment, lost.terminal.environment = lost.terminal.environment, {}
    opened = lost.terminal.type("key", "recover", folder / "request.json", *words)
    assert opened.exit_code == 0, opened.output
    lost.terminal.environment = environment
    assert "is there already" in lost.terminal.type("key", "recover", folder / "request.json", *words).stderr
    done = lost.recover("--send", folder / "answer.json")
    assert done.exit_code == 0, done.output
    assert lost.settled().stdout == "2 items settled\n"


def test_nothing_is_given_where_something_does_not_hold(lost: Lost) -> None:
    trusted = json.loads(lost.trust.read_text())
    lost.terminal.write("trust.json", json.dumps(trusted | {"issuers": ["https://elsewhere.example"]}))
    refused = lost.recover(*lost.opening)
    assert (refused.exit_code, "IssuerWrong" in refused.stderr) == (1, True)
    lost.terminal.write("trust.json", json.dumps(trusted))
    lost.terminal.type(
        "agency", "key", "new", "--kind", "recovery", "--out", lost.terminal.folder / "other.key"
    )
    lost.key = lost.terminal.folder / "other.key"
    refused = lost.recover(*lost.opening)
    assert (refused.exit_code, lost.held.recovery.public.key_id in refused.stderr) == (1, True)
    lost.key = lost.terminal.folder / "safe.key"
    lost.key.chmod(0o644)
    assert "chmod 600" in lost.recover(*lost.opening).stderr
    assert device_slots_of(lost) == []


def test_a_file_from_a_server_that_lies_opens_for_nobody(lost: Lost) -> None:
    folder = lost.terminal.folder
    lost.recover("--for", lost.device.thumbprint, "--save", folder / "request.json")
    told = json.loads((folder / "request.json").read_text())
    other = a_device(lost.owner)
    witness()
    lost.recover("--for", other.thumbprint, "--save", folder / "other.json")
    foreign = json.loads((folder / "other.json").read_text())["device"]
    header = told["key"]["header"]
    lies = {
        "ThumbprintWrong": told | {"device": foreign},
        "EvidenceUnreadable": told | {"device": None},
        "HeaderMismatch": told | {"key": told["key"] | {"header": header | {"campaign": str(UUID(int=1))}}},
        "SlotRefused": told | {"key": told["key"] | {"header": header | {"level": "restricted"}}},
    }
    for name, lie in lies.items():
        path = lost.terminal.write("lie.json", json.dumps(lie))
        words = ("--campaign", lost.campaign_id, *lost.opening, "--out", folder / "answer.json")
        refused = lost.terminal.type("key", "recover", path, *words)
        assert (refused.exit_code, name in refused.stderr) == (1, True), (name, refused.output)
    assert not (folder / "answer.json").exists()


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--save", "x", "--key", "spec.toml"),
        ("--key", "spec.toml", "--for", "A" * 43),
        ("--save", "x"),
        ("--save", "x", "--for", "short"),
    ],
)
def test_half_a_command_asks_for_the_rest(terminal: Terminal, words: tuple[str, ...]) -> None:
    given = [terminal.folder / word if word == "spec.toml" else word for word in words]
    refused = terminal.type("campaign", "recover", UUID(int=1), *given, token="t")
    assert refused.exit_code == 2, refused.output
