"""End-to-end campaigns through the API: checked, posted, decided and exported by a program, all of it sealed."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from marketplace.cli import sealed
from marketplace.cli.device_file import DeviceFile
from marketplace.foundation.db import transaction
from security.principal import Principal
from tasks.models import Campaign, Result
from tests import on_device
from tests.builders import a_contribution, a_person, a_spec, an_agency, an_owner, let_open, one
from tests.end_to_end import agency_keys_of, an_end_to_end_owner, posting_of

SPEC = a_spec(level="sensitive", contributions=1)
ROWS = [{"entry": "Gull"}, {"entry": "Bat"}]


@pytest.fixture
def owner(app: Any) -> Principal:
    an_agency("harbour", office_networks=["127.0.0.0/8"])  # sealed results are fetched from there
    return an_end_to_end_owner("harbour")


def device(person: Principal) -> DeviceFile:
    return on_device.device_of(person).file


def prepared(program: Any, owner: Principal) -> dict[str, Any]:
    device(owner)
    answer = program(owner).post("/campaigns/sealed/check", json={"spec": SPEC})
    assert answer.status_code == 200, answer.json
    found: dict[str, Any] = answer.json
    return found


def posted(program: Any, owner: Principal) -> str:
    body = posting_of(prepared(program, owner), ROWS, device(owner))
    answer = program(owner).post("/campaigns/sealed", json=body)
    assert answer.status_code == 201, answer.json
    assert answer.headers["Location"].endswith(answer.json["id"])
    campaign_id: str = answer.json["id"]
    with transaction() as tx:
        let_open(tx, UUID(campaign_id))
    return campaign_id


def test_settings_are_checked_and_nothing_is_posted(program: Any, owner: Principal) -> None:
    held = agency_keys_of(owner)
    found = prepared(program, owner)
    assert (found["sealed_before"], found["agency"], found["level"]) == (True, owner.agency_slug, "sensitive")
    assert found["processing"]["key_id"] == held.processing_id
    assert [each["thumbprint"] for each in found["devices"]] == [device(owner).thumbprint]
    assert one(select(func.count()).select_from(Campaign)) == 0
    refused = program(owner).post("/campaigns/sealed/check", json={"spec": SPEC | {"minutes": 0}})
    assert (refused.status_code, list(refused.json["errors"])) == (422, ["minutes"])


def test_a_sealed_campaign_is_posted_once(program: Any, owner: Principal) -> None:
    body = posting_of(prepared(program, owner), ROWS, device(owner))
    first = program(owner).post("/campaigns/sealed", key="k-1", json=body)
    again = program(owner).post("/campaigns/sealed", key="k-1", json=body)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json["id"] == again.json["id"] == body["campaign"]
    assert (first.json["protection"], first.json["total"]) == ("end_to_end", 2)
    assert one(select(func.count()).select_from(Campaign)) == 1


@pytest.mark.parametrize(
    "spoilt",
    [
        {"items": [{}]},
        {"key": {}},
        {"campaign": "x"},
        {"key": {"public_key": 1}},
        {"items": [{"microtask": "x", "number": True}]},
    ],
)
def test_what_is_no_sealed_campaign_is_refused(
    program: Any, owner: Principal, spoilt: dict[str, Any]
) -> None:
    body = posting_of(prepared(program, owner), ROWS, device(owner)) | spoilt
    refused = program(owner).post("/campaigns/sealed", json=body)
    assert (refused.status_code, refused.json["type"]) == (422, "/problems/bad-sealing")


def test_what_lacks_the_agencys_key_says_so(program: Any, owner: Principal) -> None:
    body = posting_of(prepared(program, owner), ROWS, device(owner))
    agency_keys_of(owner)
    refused = program(owner).post("/campaigns/sealed", json=body)
    assert (refused.status_code, refused.json["type"]) == (422, "/problems/key-not-shared")
    assert sorted(refused.json["errors"]) == ["processing", "recovery"]


def test_answers_are_handed_out_sealed_and_results_taken_sealed(program: Any, owner: Principal) -> None:
    campaign_id = posted(program, owner)
    person = a_person()
    for _ in ROWS:
        a_contribution(UUID(campaign_id), person, "bat")
    path = f"/campaigns/{campaign_id}/undecided?device={device(owner).thumbprint}&limit=1"
    first = program(owner).get(path).json
    second = program(owner).get(f"{path}&after={first['next']}").json
    assert [item["number"] for item in first["items"] + second["items"]] == [1, 2]
    assert second["next"] is None
    assert first["items"][0]["answers"][0]["signer"] is None
    assert "bat" not in json.dumps(first["items"])
    holder = sealed.holder_of(device(owner))
    own = sealed.campaign_key(first["key"], holder, UUID(campaign_id))
    assert sealed.value_in(first["items"][0]["answers"][0], own) == {"kind": "bat"}


def test_a_result_that_names_no_answers_is_refused(program: Any, owner: Principal) -> None:
    campaign_id = posted(program, owner)
    for results, kind in (
        ([{}], "bad-sealing"),
        (["x"], "invalid-input"),
        ([], "invalid-input"),
    ):
        refused = program(owner).post(f"/campaigns/{campaign_id}/results", json={"results": results})
        assert (refused.status_code, refused.json["type"]) == (422, f"/problems/{kind}")
    assert one(select(func.count()).select_from(Result)) == 0


def test_one_of_two_keys_is_named(program: Any, owner: Principal) -> None:
    campaign_id = posted(program, owner)
    for query in ("", f"?device={'A' * 43}&processing={'A' * 43}"):
        refused = program(owner).get(f"/campaigns/{campaign_id}/undecided{query}")
        assert refused.status_code == 422


def test_others_are_handed_nothing(program: Any, owner: Principal) -> None:
    campaign_id = posted(program, owner)
    stranger = an_owner()
    for path in ("undecided", "results/parts"):
        refused = program(stranger).get(
            f"/campaigns/{campaign_id}/{path}?device={device(stranger).thumbprint}"
        )
        assert (refused.status_code, refused.json["type"]) == (403, "/problems/not-for-you")


def test_lists_say_how_a_campaign_is_protected(program: Any, owner: Principal) -> None:
    posted(program, owner)
    assert [row["protection"] for row in program(owner).get("/campaigns").json["own"]] == ["end_to_end"]
