"""Keys to end-to-end items over the API: who waits for the agency's key, and giving one by hand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from marketplace.foundation.db import transaction
from security.canonical import canonical_bytes
from security.sealing import Header, SlotPurpose, device_slots
from tasks import opening
from tests import end_to_end, on_device
from tests.builders import AT_WORK, a_claim, a_person, an_agency, an_owner
from tests.device_keys import a_device
from tests.end_to_end import AgencyKeys, Posting
from tests.on_device import Device
from tests.witnessed import register_witnesses, witness


@dataclass
class Scene:
    posting: Posting
    held: AgencyKeys
    claim: UUID
    reader: Any

    def asked(self) -> dict[str, Any]:
        path = f"/campaigns/{self.posting.campaign_id}/key-requests?holder={self.held.processing_id}"
        found: dict[str, Any] = self.reader.get(path).json
        return found

    def release(self, request: dict[str, Any], **changed: Any) -> Any:
        header = Header.from_bytes(canonical_bytes(request["header"]))
        now = int(datetime.now(UTC).timestamp())
        dek = device_slots.unwrap(
            request["slot"].encode(),
            header.hash,
            SlotPurpose.CAMPAIGN,
            request["key_id"],
            self.posting.private,
            now,
        )
        public = request["evidence"]["device"]["encryption_key"]
        slot = device_slots.wrap(
            dek, header.hash, SlotPurpose.DEVICE, request["device"], public, request["until"]
        )
        body = {
            "claim": request["claim"],
            "device": request["device"],
            "holder": self.held.processing_id,
            "slot": slot.decode(),
        }
        path = f"/campaigns/{self.posting.campaign_id}/key-requests/release"
        return self.reader.post(path, json=body | changed)


@pytest.fixture
def scene(program: Any) -> Scene:
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
    with transaction() as tx:
        opening.open_item(tx, claim, actor=person, context=AT_WORK, device=device.thumbprint)
    witness()
    return Scene(posting, held, claim, program(owner))


def test_lists_who_waits_at_one_campaign_and_at_all_of_the_agency(scene: Scene) -> None:
    (request,) = scene.asked()["requests"]
    assert request["claim"] == str(scene.claim)
    assert scene.asked()["waiting"] == [request["name"]]
    every = scene.reader.get(f"/key-requests?holder={scene.held.processing_id}").json["campaigns"]
    assert [each["campaign"] for each in every] == [str(scene.posting.campaign_id)]


def test_a_key_is_given_once(scene: Scene) -> None:
    (request,) = scene.asked()["requests"]
    done = scene.release(request)
    assert (done.status_code, done.json) == (200, {"released": True})
    again = scene.release(request)
    assert (again.status_code, again.json["type"]) == (409, "/problems/key-already-given")
    assert scene.asked()["requests"] == []


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"device": "A" * 43}, 404),
        ({"claim": "00000000-0000-4000-8000-000000000000"}, 404),
        ({"holder": "A" * 43}, 403),
        ({"slot": "a.b.c.d.e"}, 422),
        ({"slot": "é"}, 422),
        ({"slot": ""}, 422),
    ],
)
def test_what_does_not_fit_is_refused(scene: Scene, changed: dict[str, Any], status: int) -> None:
    (request,) = scene.asked()["requests"]
    assert scene.release(request, **changed).status_code == status
    assert len(scene.asked()["waiting"]) == 1


def test_only_who_reads_the_results_is_told_who_waits(scene: Scene, program: Any) -> None:
    path = f"/campaigns/{scene.posting.campaign_id}/key-requests?holder={scene.held.processing_id}"
    assert program(a_person("harbour")).get(path).status_code == 403
    reader = an_owner("harbour")
    own = on_device.device_of(reader).thumbprint
    other = f"/campaigns/{scene.posting.campaign_id}/key-requests?holder={own}"
    assert program(reader).get(other).json["type"] == "/problems/not-a-holder"
