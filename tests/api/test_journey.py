"""From posting to export, as programs of three agencies see it."""

from __future__ import annotations

import csv
import io
import time
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from marketplace.foundation.db import reading, transaction
from security.log.models import AuditPending
from security.principal import Role
from tasks import settling
from tests import on_device
from tests.builders import a_person, a_spec, an_agency, an_owner
from tests.on_device import Device

ROWS = "entry\nGull\nPipistrelle\n"


@pytest.mark.parametrize("level", ["internal", "sensitive"])
def test_a_campaign_from_posting_to_export(program: Any, level: str) -> None:
    an_agency("aviation", office_networks=["127.0.0.0/8"])  # sealed results are exported from there
    ines = an_owner("aviation", name="Ines")
    owner, approver = program(ines), a_person("aviation", roles=(Role.AGENCY_ADMIN,))
    people = [
        (program(person), on_device.device_of(person)) for person in (a_person(), a_person(), a_person())
    ]

    posted = owner.post("/campaigns", json={"spec": a_spec(level=level, due="2030-01-31"), "csv": ROWS})
    assert posted.status_code == 201
    campaign = posted.json["id"]
    assert posted.headers["Location"] == f"/api/v1/campaigns/{campaign}"
    assert posted.json["page"].endswith(f"/campaigns/{campaign}")
    moved = program(approver).post(f"/campaigns/{campaign}/move", json={"act": "approve"})
    assert (moved.status_code, moved.json) == (200, {"id": campaign, "stage": "open"})
    assert (posted.json["due"], posted.json["sealed"]) == ("2030-01-31", level == "sensitive")

    for person, device in people:
        board = person.get("/campaigns").json
        assert [row["id"] for row in board["can"]] == [campaign]
        assert board["own"] == []
        for _ in range(2):
            _do_next(person, campaign, device)
        nothing = person.post(f"/campaigns/{campaign}/claims")
        assert (nothing.status_code, nothing.json["type"]) == (409, "/problems/nothing-left")
        assert [row["state"] for row in person.get("/claims").json["answered"]] == ["waiting", "waiting"]

    with transaction() as tx:
        assert settling.settle(tx, UUID(campaign)) == 2

    assert [row["settled"] for row in owner.get("/campaigns").json["own"]] == [2]
    _check_results(owner, campaign, level, on_device.device_of(ines))
    assert _acts() >= {
        "campaign.post",
        "claim.take",
        "payload.view",
        "contribution.submit",
        "microtask.settle",
        "result.view",
        "result.export",
    }


def _do_next(person: Any, campaign: str, device: Device) -> None:
    claim = person.post(f"/campaigns/{campaign}/claims")
    assert claim.status_code == 201
    assert claim.json["live"]
    _check_moment(claim.json["expires_at"])
    path = f"/claims/{claim.json['id']}"
    assert claim.headers["Location"] == f"/api/v1{path}"
    assert person.get(path).json == claim.json
    opened = person.get(f"{path}/payload?device={device.thumbprint}").json
    sealed = opened["sealed"]
    item = on_device.read(device, sealed["item"]) if sealed else opened["item"]
    answer = {"kind": "bird" if item["entry"] == "Gull" else "bat", "note": "sure"}
    body = (
        {"sealed": on_device.submission(device, sealed["answer"], answer)} if sealed else {"answer": answer}
    )
    done = person.post(f"{path}/contribution", json=body)
    assert done.status_code == 201
    assert done.json["claim_id"] == claim.json["id"]
    over = person.get(path).json
    assert (over["live"], over["ended"], over["expires_at"]) == (False, "submitted", None)


def _check_moment(text: str) -> None:
    assert text.endswith("Z")
    assert datetime.fromisoformat(text).timestamp() > time.time()


def _check_results(owner: Any, campaign: str, level: str, device: Device) -> None:
    listed = owner.get(f"/campaigns/{campaign}/results").json
    assert listed["next"] is None
    values = [row["values"] and row["values"]["kind"] for row in listed["rows"]]
    assert values == (["bird", "bat"] if level == "internal" else [None, None])
    microtask = listed["rows"][0]["microtask_id"]
    one = owner.get(f"/campaigns/{campaign}/results/{microtask}?device={device.thumbprint}").json
    if level == "internal":
        assert (one["item"], one["values"], one["agreeing"]) == ({"entry": "Gull"}, {"kind": "bird"}, 3)
        assert [step["note"] for step in one["trace"]] == ["sure"] * 3
    else:
        one = one["sealed"]
        assert on_device.read(device, one["item"]) == {"entry": "Gull"}
        assert on_device.read(device, one["value"]) == {"kind": "bird"}
        answers = [on_device.read(device, step["answer"]) for step in one["trace"]]
        assert answers == [{"kind": "bird", "note": "sure"}] * 3
    exported = owner.get(f"/campaigns/{campaign}/results.csv")
    assert exported.content_type == "text/csv; charset=utf-8"
    assert "attachment" in exported.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(exported.text)))
    assert [(row["number"], row["entry"], row["result"]) for row in rows] == [
        ("1", "Gull", "bird"),
        ("2", "Pipistrelle", "bat"),
    ]
    assert rows[0]["trace"].count(": bird") == 3


def _acts() -> set[str]:
    with reading() as db:
        return {row.act for row in db.all(select(AuditPending.act))}
