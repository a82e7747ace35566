"""What comes with an item for a device: end to end, what stands behind those whose keys it is to trust."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine

from agencies import directory
from agencies.device_keys import record_proofs
from marketplace.edge import key_json
from marketplace.foundation.db import reading, transaction
from security import key_transparency
from tasks import key_releases, key_requests, opening
from tests import end_to_end
from tests.builders import AT_WORK, a_campaign, a_claim, a_person, an_agency
from tests.device_keys import a_device, identity_of
from tests.end_to_end import Waiting
from tests.witnessed import LOG, NORTH, register_witnesses, witness


@pytest.fixture
def scene(database: Engine) -> Waiting:
    """Somebody asks for the key to an item that a device of its owner's, really set up, has sealed."""
    register_witnesses()
    owner = end_to_end.an_end_to_end_owner("north")
    held = end_to_end.agency_keys_of(owner)
    posting = end_to_end.a_posting(owner, device=a_device(owner), held=held)
    posting.post()
    person = a_person()
    scene = Waiting(posting, held, person, a_device(person), a_claim(posting.campaign_id, person))
    assert scene.open().item is None
    witness()
    return scene


def give(scene: Waiting) -> None:
    """The owner's browser gives the key."""
    holder = scene.posting.device.thumbprint
    with transaction() as tx:
        desk = key_requests.waiting(tx, scene.campaign, holder, actor=scene.owner, context=AT_WORK)
        (request,) = desk.requests
        made = end_to_end.a_key_given(key_json.request_of(request), scene.posting.private, holder)
        key_releases.release(
            tx, scene.campaign, scene.claim, scene.device.thumbprint, made["slot"].encode(), holder=holder,
            actor=scene.owner, context=AT_WORK,
        )  # fmt: skip


def test_what_stands_behind_the_sealer_comes_with_the_item(scene: Waiting) -> None:
    give(scene)
    found = scene.open()
    sealer = scene.posting.device.thumbprint
    vouched = key_transparency.verify(
        found.evidence[sealer],
        trusted_log_key=LOG.verifier,
        trusted_witnesses=[NORTH.verifier],
        issuer=identity_of(scene.owner)[0],
        now=datetime.now(UTC),
    )
    assert found.item is not None
    assert (vouched.thumbprint, vouched.signing_key) == (found.item.signer, found.signing_key)
    assert found.evidence.keys() == {sealer, scene.device.thumbprint}


def test_a_device_that_no_witness_has_seen_comes_with_nothing(scene: Waiting) -> None:
    give(scene)
    new = a_device(scene.person)
    found = scene.open()
    assert new.thumbprint in {each.thumbprint for each in found.devices}
    assert new.thumbprint not in found.evidence


def test_nobodys_evidence_is_shown_before_the_key_is_there(scene: Waiting) -> None:
    assert scene.open().evidence == {}


def test_what_the_server_seals_comes_without(database: Engine) -> None:
    register_witnesses()
    person = a_person()
    claim, device = a_claim(a_campaign(level="sensitive"), person), a_device(person)
    with transaction() as tx:
        found = opening.open_item(tx, claim, actor=person, context=AT_WORK, device=device.thumbprint)
    assert isinstance(found, opening.SealedItem)
    assert (found.signing_key, found.evidence) == (None, {})


def test_of_one_agency_only_its_own_sign_in_counts(scene: Waiting) -> None:
    an_agency("elsewhere")
    issuers = {"north": "https://login.north.example", "elsewhere": "https://login.elsewhere.example"}
    with transaction() as tx:
        for slug, issuer in issuers.items():
            directory.add_provider(tx, slug, issuer=issuer, client_id="us", client_secret="x")
    with reading() as db:
        everybody = record_proofs.trust(db)
        own = record_proofs.trust(db, scene.owner.agency_id)
    assert everybody.issuers.keys() == set(issuers.values())
    assert own.issuers == {issuers["north"]: "North"}
    assert (own.log, own.witnesses) == (everybody.log, everybody.witnesses)
