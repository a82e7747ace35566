"""Keys to end-to-end items over the API: who waits for the agency's key, and giving one by hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tests import end_to_end, on_device
from tests.builders import a_person, an_agency, an_owner
from tests.end_to_end import Waiting


@dataclass
class Scene:
    """Somebody waits for a key, and somebody of the owner's agency with the agency's key looks who waits."""

    waiting: Waiting
    reader: Any

    @property
    def processing_id(self) -> str:
        return self.waiting.held.processing_id

    def asked(self) -> dict[str, Any]:
        path = f"/campaigns/{self.waiting.campaign}/key-requests?holder={self.processing_id}"
        found: dict[str, Any] = self.reader.get(path).json
        return found

    def release(self, request: dict[str, Any], **changed: Any) -> Any:
        body = end_to_end.a_key_given(request, self.waiting.posting.private, self.processing_id)
        path = f"/campaigns/{self.waiting.campaign}/key-requests/release"
        return self.reader.post(path, json=body | changed)


@pytest.fixture
def scene(program: Any) -> Scene:
    an_agency("harbour", office_networks=["127.0.0.0/8"])
    waiting = end_to_end.a_key_asked_for("harbour")
    return Scene(waiting, program(waiting.owner))


def test_lists_who_waits_at_one_campaign_and_at_all_of_the_agency(scene: Scene) -> None:
    (request,) = scene.asked()["requests"]
    assert request["claim"] == str(scene.waiting.claim)
    assert scene.asked()["waiting"] == [request["name"]]
    every = scene.reader.get(f"/key-requests?holder={scene.processing_id}").json["campaigns"]
    assert [each["campaign"] for each in every] == [str(scene.waiting.campaign)]


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
    path = f"/campaigns/{scene.waiting.campaign}/key-requests?holder={scene.processing_id}"
    assert program(a_person("harbour")).get(path).status_code == 403
    reader = an_owner("harbour")
    own = on_device.device_of(reader).thumbprint
    other = f"/campaigns/{scene.waiting.campaign}/key-requests?holder={own}"
    assert program(reader).get(other).json["type"] == "/problems/not-a-holder"
