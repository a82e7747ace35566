"""Results of end-to-end work on the command line: nothing is written that no device of the agency's is shown to have
signed, whatever the marketplace says.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result as Done
from sqlalchemy import select, update

from security.principal import Principal
from security.sealing import signatures
from tasks import payloads
from tasks.models import Campaign, Microtask, Payload, Result
from tasks.sealed_results import Decided
from tests import on_device
from tests.application import token_of
from tests.builders import (
    a_campaign,
    a_claim,
    a_person,
    an_agency,
    an_answer,
    an_owner,
    changed,
    one,
    settled,
)
from tests.cli.conftest import Terminal
from tests.device_keys import Device, a_device, identity_of, write_file
from tests.end_to_end import Posting, an_end_to_end_owner, known
from tests.tasks.test_sealed_results import answered, decided, keep, undecided
from tests.witnessed import LOG, NORTH, register_witnesses, witness

OFFICE = ["127.0.0.0/8"]
NOTHING = "Nothing was written."


@dataclass
class Scene:
    """A settled campaign of one item, sealed on one device of its owner's; `other` is another one."""

    served: Terminal
    posting: Posting
    other: Device
    trust: Path

    def export(self, *words: Any) -> Done:
        return export(self.served, self.posting.owner, self.posting.campaign_id, *words)

    def settle(self, by: Device | None = None) -> None:
        """Settle it; the result is signed by this device."""
        made = decided(self.posting, undecided(self.posting))
        keep(self.posting, made if by is None else [signed_by(by, self.posting, each) for each in made])


def export(served: Terminal, owner: Principal, campaign_id: Any, *words: Any) -> Done:
    named: tuple[Any, ...] = (
        "--device",
        served.folder / "device.json",
        "--out",
        served.folder / "results.csv",
    )
    return served.type("campaign", "export", str(campaign_id), *named, *words, token=token_of(owner))


def signed_by(device: Device, posting: Posting, given: Decided) -> Decided:
    """The same result, signed by another device."""
    campaign = known(posting.campaign_id)
    header = payloads.header_of(campaign, payloads.result(given.microtask_id, version=1))
    digest = sha256(given.value.envelope).digest()
    signature = signatures.sign(header.hash, digest, device.signing, campaign.key_id)
    return replace(given, value=replace(given.value, signature=signature, signer=device.thumbprint))


@pytest.fixture
def scene(served: Terminal) -> Scene:
    register_witnesses()
    an_agency("harbour", office_networks=OFFICE)
    owner = an_end_to_end_owner("harbour")
    device, other = a_device(owner), a_device(owner)
    write_file(device, served.folder / "device.json")
    posting = answered(owner, ("bat",), device=device)
    witness()
    trusted = {
        "format": "marketplace-trust-1",
        "log": str(LOG.verifier),
        "witnesses": [str(NORTH.verifier)],
        "issuers": [identity_of(owner)[0]],
    }
    return Scene(served, posting, other, served.write("trust.json", json.dumps(trusted)))


def payload_of(scene: Scene, what: Any) -> Any:
    return one(select(what).where(what.class_.campaign_id == scene.posting.campaign_id))


def test_what_this_device_signed_needs_no_list_of_whom_to_trust(scene: Scene) -> None:
    scene.settle()
    done = scene.export()
    assert done.exit_code == 0, done.output
    assert "bat" in (scene.served.folder / "results.csv").read_text()


def test_what_another_device_signed_is_written_where_it_is_shown_to_be_the_agencys(scene: Scene) -> None:
    scene.settle(by=scene.other)
    refused = scene.export()
    assert (refused.exit_code, NOTHING in refused.stderr, "--trust" in refused.stderr) == (1, True, True)
    assert not (scene.served.folder / "results.csv").exists()
    done = scene.export("--trust", scene.trust)
    assert done.exit_code == 0, done.output
    elsewhere = json.loads(scene.trust.read_text()) | {"issuers": ["https://sign-in.example"]}
    refused = scene.export("--trust", scene.served.write("elsewhere.json", json.dumps(elsewhere)))
    assert (refused.exit_code, "IssuerWrong" in refused.stderr) == (1, True)


@pytest.mark.parametrize("what", [Result.payload_id, Microtask.payload_id])
def test_what_nobody_signed_is_written_only_where_that_is_wanted(scene: Scene, what: Any) -> None:
    """Whoever was erased left no signature."""
    scene.settle()
    cut = update(Payload).where(Payload.id == payload_of(scene, what)).values(signature=None, signer=None)
    changed(cut)
    refused = scene.export("--trust", scene.trust)
    assert (refused.exit_code, NOTHING in refused.stderr, "erased" in refused.stderr) == (1, True, True)
    wanted = scene.export("--unproved")
    assert wanted.exit_code == 0, wanted.output
    assert "Not shown to be sealed by a device of your agency: " in wanted.stderr
    assert "bat" in (scene.served.folder / "results.csv").read_text()


@pytest.mark.parametrize("what", [Result.payload_id, Microtask.payload_id, None])
def test_a_signature_that_does_not_hold_is_never_taken(scene: Scene, what: Any) -> None:
    """Of the result, the item, the campaign's key: another's signature stands there."""
    scene.settle()
    mine = select(Campaign.key_payload_id).where(Campaign.id == scene.posting.campaign_id)
    payload = one(mine) if what is None else payload_of(scene, what)
    changed(update(Payload).where(Payload.id == payload).values(signature=bytes(64)))
    for words in ((), ("--trust", scene.trust), ("--unproved",)):
        refused = scene.export(*words)
        assert (refused.exit_code, "SignatureRefused" in refused.stderr) == (1, True), words
    assert not (scene.served.folder / "results.csv").exists()


def test_what_the_marketplace_sealed_is_no_result_for_whoever_says_whom_to_trust(served: Terminal) -> None:
    an_agency("harbour", office_networks=OFFICE)
    owner, person = an_owner("harbour"), a_person()
    campaign_id = a_campaign(owner, items=1, redundancy=1, level="sensitive")
    an_answer(a_claim(campaign_id, person), person)
    settled(campaign_id)
    write_file(on_device.device_of(owner), served.folder / "device.json")
    assert export(served, owner, campaign_id).exit_code == 0
    trusted = {
        "format": "marketplace-trust-1",
        "log": str(LOG.verifier),
        "witnesses": [str(NORTH.verifier)],
        "issuers": [identity_of(owner)[0]],
    }
    refused = export(served, owner, campaign_id, "--trust", served.write("trust.json", json.dumps(trusted)))
    assert (refused.exit_code, NOTHING in refused.stderr) == (1, True)
