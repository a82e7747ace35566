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
from tasks import settling
from tests.builders import a_person, a_spec, an_agency, an_owner

ROWS = "entry\nGull\nPipistrelle\n"


@pytest.mark.parametrize("level", ["internal", "sensitive"])
def test_a_campaign_from_posting_to_export(program: Any, level: str) -> None:
    an_agency("aviation", office_networks=["127.0.0.0/8"])  # sealed results are exported from there
    owner = program(an_owner("aviation", name="Ines"))
    people = [program(a_person()) for _ in range(3)]

    posted = owner.post("/campaigns", json={"spec": a_spec(level=level, due="2030-01-31"), "csv": ROWS})
    assert posted.status_code == 201
    campaign = posted.json["id"]
    assert posted.headers["Location"] == f"/api/v1/campaigns/{campaign}"
    assert posted.json["page"].endswith(f"/campaigns/{campaign}")
    assert (posted.json["due"], posted.json["sealed"]) == ("2030-01-31", level == "sensitive")

    for person in people:
        board = person.get("/campaigns").json
        assert [row["id"] for row in board["can"]] == [campaign]
        assert board["own"] == []
        for _ in range(2):
            _do_next(person, campaign)
        nothing = person.post(f"/campaigns/{campaign}/claims")
        assert (nothing.status_code, nothing.json["type"]) == (409, "/problems/nothing-left")
        assert [row["state"] for row in person.get("/claims").json["answered"]] == ["waiting", "waiting"]

    with transaction() as tx:
        assert settling.settle(tx, UUID(campaign)) == 2

    assert [row["settled"] for row in owner.get("/campaigns").json["own"]] == [2]
    _check_results(owner, campaign, level)
    assert _acts() >= {
        "campaign.post",
        "claim.take",
        "payload.view",
        "contribution.submit",
        "microtask.settle",
        "result.view",
        "result.export",
    }


def _do_next(person: Any, campaign: str) -> None:
    claim = person.post(f"/campaigns/{campaign}/claims")
    assert claim.status_code == 201
    assert claim.json["live"]
    _check_moment(claim.json["expires_at"])
    path = f"/claims/{claim.json['id']}"
    assert claim.headers["Location"] == f"/api/v1{path}"
    assert person.get(path).json == claim.json
    item = person.get(f"{path}/payload").json["item"]
    kind = "bird" if item["entry"] == "Gull" else "bat"
    done = person.post(f"{path}/contribution", json={"answer": {"kind": kind, "note": "sure"}})
    assert done.status_code == 201
    assert done.json["claim_id"] == claim.json["id"]
    over = person.get(path).json
    assert (over["live"], over["ended"], over["expires_at"]) == (False, "submitted", None)


def _check_moment(text: str) -> None:
    assert text.endswith("Z")
    assert datetime.fromisoformat(text).timestamp() > time.time()


def _check_results(owner: Any, campaign: str, level: str) -> None:
    listed = owner.get(f"/campaigns/{campaign}/results").json
    assert listed["next"] is None
    values = [row["value"] for row in listed["rows"]]
    assert values == (["bird", "bat"] if level == "internal" else [None, None])
    one = owner.get(f"/campaigns/{campaign}/results/{listed['rows'][0]['microtask_id']}").json
    assert (one["item"], one["value"], one["agreeing"]) == ({"entry": "Gull"}, "bird", 3)
    assert len(one["trace"]) == 3
    assert {step["note"] for step in one["trace"]} == {"sure"}
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
