"""Who gets the key of what is posted from the command line: this device, and others that are shown to be one's own."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from click.testing import Result
from sqlalchemy import select

from agencies import device_keys
from marketplace.cli import own_devices, sealed
from marketplace.cli.client import Client
from marketplace.cli.files import spec_of
from marketplace.cli.key_release import read_trusted
from marketplace.foundation.db import transaction
from security.labels import Level
from security.principal import Principal
from security.sealing import Header, Protection, Purpose, SlotPurpose, base64url, device_slots, keys, unseal
from tasks import payloads
from tasks.models import PayloadSlot
from tests.application import token_of
from tests.builders import a_person, an_agency, found
from tests.cli.conftest import Terminal
from tests.device_keys import Device, a_device, identity_of, write_file
from tests.end_to_end import agency_keys_of, an_end_to_end_owner, key_in, known
from tests.witnessed import LOG, NORTH, SOUTH, register_witnesses, witness

ROWS = "Species name,size\nGull,small\n"


@dataclass
class Desk:
    """A task owner with a key file on this machine and another device of theirs, both witnessed."""

    terminal: Terminal
    owner: Principal
    device: Device
    other: Device

    def trust(self, **changed: Any) -> Path:
        good: dict[str, Any] = {
            "format": "marketplace-trust-1",
            "log": str(LOG.verifier),
            "witnesses": [str(NORTH.verifier), str(SOUTH.verifier)],
            "issuers": [identity_of(self.owner)[0]],
        }
        return self.terminal.write("trust.json", json.dumps(good | changed))

    def post(self, *words: object) -> Result:
        file, spec = self.terminal.write("rows.csv", ROWS), self.terminal.folder / "spec.toml"
        device = self.terminal.folder / "device.json"
        given = ("campaign", "import", file, "--spec", spec, "--device", device, *words)
        return self.terminal.type(*map(str, given), token=token_of(self.owner))

    def told(self) -> dict[str, Any]:
        """What the marketplace says before anything is sealed."""
        client = Client(f"http://127.0.0.1:{self.terminal.environment['MARKET_PORT']}", token_of(self.owner))
        spec = spec_of(self.terminal.folder / "spec.toml")
        answer = client.post("/campaigns/sealed/check", json.dumps({"spec": spec}).encode())
        said: dict[str, Any] = answer.json()
        return said


@pytest.fixture
def desk(served: Terminal) -> Desk:
    register_witnesses()
    an_agency("harbour")
    owner = an_end_to_end_owner("harbour")
    device = a_device(owner, kind="program", name="Terminal")
    write_file(device, served.folder / "device.json")
    other = a_device(owner, name="Desktop")
    witness()
    text = (served.folder / "spec.toml").read_text()
    served.write("spec.toml", 'level = "sensitive"\ncontributions = 1\n' + text)
    return Desk(served, owner, device, other)


def holding() -> set[str]:
    return {row.key_id for row in found(select(PayloadSlot.key_id).where(PayloadSlot.kind == "device"))}


def test_another_device_that_is_shown_to_be_mine_gets_the_key_too(desk: Desk) -> None:
    done = desk.post("--trust", desk.trust())
    assert done.exit_code == 0, done.output
    assert "sealed for your device Desktop" in done.stderr
    assert holding() == {desk.device.thumbprint, desk.other.thumbprint}
    campaign = known(UUID(done.stdout.splitlines()[0].split()[-1]))
    with transaction() as tx:
        part = payloads.key_part(tx, campaign, SlotPurpose.DEVICE, desk.other.thumbprint)
    assert keys.public_jwk(key_in(part, desk.other.encryption)) == campaign.public_key


def test_without_knowing_whom_to_trust_the_key_stays_on_this_device(desk: Desk) -> None:
    done = desk.post()
    assert done.exit_code == 0, done.output
    assert "Not sealed for your device Desktop: Name whom your agency trusts with --trust" in done.stderr
    assert holding() == {desk.device.thumbprint}


def test_a_device_that_no_witness_has_seen_is_left_out_and_named(desk: Desk) -> None:
    a_device(desk.owner, name="Tablet")
    done = desk.post("--trust", desk.trust())
    assert done.exit_code == 0, done.output
    assert "Not sealed for your device Tablet: No witness has confirmed yet" in done.stderr
    assert holding() == {desk.device.thumbprint, desk.other.thumbprint}
    wrong = desk.post("--trust", desk.trust(issuers=["https://elsewhere.example"]))
    assert wrong.exit_code == 0, wrong.output
    assert "Not sealed for your device Desktop: The confirmation was made by another" in wrong.stderr


def test_a_marketplace_that_names_other_devices_or_other_keys_reads_nothing(desk: Desk) -> None:
    """A colleague's device, really confirmed, under one's own name; and a key of its own for one's own device."""
    colleague = a_device(a_person("harbour"), name="Colleague")
    witness()
    told = desk.told()
    spy = keys.public_jwk(keys.new_private())
    own, other = ({each["thumbprint"]: each for each in told["devices"]}[name.thumbprint] for name in
                  (desk.device, desk.other))  # fmt: skip
    with transaction() as tx:
        assert colleague.id is not None
        evidence = device_keys.evidence(tx, colleague.id)
    named = {"thumbprint": colleague.thumbprint, "name": "Mine too", "evidence": evidence}
    swapped = other | {"evidence": other["evidence"] | {"encryption_key": spy}}
    lies = [own | {"public_key": spy}, swapped, named | {"public_key": spy}]
    trusted, now = read_trusted(desk.trust()), datetime.now(UTC)
    checked = own_devices.others(lies, desk.device.file, trusted, now)
    assert [name for name, _ in checked.left] == ["Desktop", "Mine too"]
    _, body = sealed.begun(told | {"devices": lies}, desk.device.file, checked.shown)
    slots = body["key"]["slots"]
    assert [(each["kind"], each["key_id"]) for each in slots] == [("device", desk.device.thumbprint)]
    header = Header(
        purpose=Purpose.KEY,
        microtask=None,
        agency="harbour",
        level=Level.SENSITIVE,
        compartments=frozenset(),
        content_type="application/jwk+json",
        campaign=UUID(body["campaign"]),
        protection=Protection.END_TO_END,
    )
    dek = device_slots.unwrap(
        slots[0]["slot"].encode(), header.hash, SlotPurpose.DEVICE, desk.device.thumbprint,
        desk.device.encryption, int(now.timestamp()),
    )  # fmt: skip
    private = keys.parse_private(unseal(header, base64url.decoded(body["key"]["envelope"]), dek))
    assert keys.public_jwk(private) == body["key"]["public_key"]


def test_the_names_of_the_agencys_keys_are_those_it_was_sealed_for(desk: Desk) -> None:
    """Also where the marketplace says another name than that of the key it gave."""
    held = agency_keys_of(desk.owner)
    told = desk.told()
    said = told["recovery"] | {"key_id": held.processing_id}
    _, body = sealed.begun(told | {"recovery": said}, desk.device.file)
    names = {each["kind"]: each["key_id"] for each in body["key"]["slots"]}
    assert names["recovery"] == held.recovery.public.key_id
    done = desk.post()
    assert f"recovery key {held.recovery.public.key_id}" in done.stderr
