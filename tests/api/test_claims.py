"""Claims of other people and claims that are over."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from marketplace.foundation import clock
from marketplace.foundation.db import transaction
from tasks import claims
from tasks.models import Claim
from tests.builders import a_campaign, a_person

ANSWER = {"answer": {"kind": "bird"}}


@pytest.mark.parametrize(
    "act", ["GET ", "GET /payload", "POST /contribution", "POST /release", "POST /extend"]
)
def test_somebody_elses_claim_looks_like_an_unknown_one(program: Any, act: str) -> None:
    holder, other = program(a_person()), program(a_person())
    claim = holder.post(f"/campaigns/{a_campaign()}/claims").json["id"]
    answers = [_asked(other, act, found) for found in (claim, uuid.uuid4(), "x")]
    assert [answer.status_code for answer in answers] == [404] * 3
    bodies = [{k: v for k, v in answer.json.items() if k != "reference"} for answer in answers]
    assert bodies[0] == bodies[1] == bodies[2]
    assert holder.get(f"/claims/{claim}").json["live"]


def test_an_expired_claim_opens_nothing_and_cannot_be_kept(program: Any) -> None:
    person = program(a_person())
    claim = person.post(f"/campaigns/{a_campaign()}/claims").json["id"]
    _expire(claim)
    for act in ("GET /payload", "POST /extend"):
        refused = _asked(person, act, claim)
        assert (refused.status_code, refused.json["type"]) == (409, "/problems/claim-over")
    shown = person.get(f"/claims/{claim}").json
    assert (shown["live"], shown["ended"]) == (False, "lapsed")


def test_a_late_answer_counts_while_its_place_is_free(program: Any) -> None:
    person = program(a_person())
    claim = person.post(f"/campaigns/{a_campaign()}/claims").json["id"]
    _lapse(claim)
    assert person.post(f"/claims/{claim}/contribution", json=ANSWER).status_code == 201


def test_a_late_answer_is_refused_when_its_place_is_taken(program: Any) -> None:
    campaign = a_campaign(items=1, redundancy=1)
    late, quick = program(a_person()), program(a_person())
    claim = late.post(f"/campaigns/{campaign}/claims").json["id"]
    _lapse(claim)
    taken = quick.post(f"/campaigns/{campaign}/claims").json["id"]
    assert quick.post(f"/claims/{taken}/contribution", json=ANSWER).status_code == 201
    refused = late.post(f"/claims/{claim}/contribution", json=ANSWER)
    assert (refused.status_code, refused.json["type"]) == (409, "/problems/claim-over")


def test_answering_twice_is_refused(program: Any) -> None:
    person = program(a_person())
    claim = person.post(f"/campaigns/{a_campaign()}/claims").json["id"]
    person.post(f"/claims/{claim}/contribution", json=ANSWER)
    refused = person.post(f"/claims/{claim}/contribution", json=ANSWER)
    assert (refused.status_code, refused.json["type"]) == (409, "/problems/already-answered")


def test_giving_back_and_taking_this_very_item_again(program: Any) -> None:
    person, campaign = program(a_person()), a_campaign(items=1)
    claim = person.post(f"/campaigns/{campaign}/claims").json
    given = person.post(f"/claims/{claim['id']}/release")
    assert (given.status_code, given.json["ended"]) == (200, "given_back")
    assert person.post(f"/campaigns/{campaign}/claims").status_code == 409
    again = person.post(f"/microtasks/{claim['microtask_id']}/claims")
    assert (again.status_code, again.json["live"]) == (201, True)
    twice = person.post(f"/microtasks/{claim['microtask_id']}/claims")
    assert (twice.status_code, twice.json["type"]) == (409, "/problems/already-yours")
    assert person.post(f"/microtasks/{uuid.uuid4()}/claims").status_code == 404


def test_keeping_a_claim_longer_ends_some_time(program: Any) -> None:
    person = program(a_person())
    claim = person.post(f"/campaigns/{a_campaign()}/claims").json["id"]
    for _ in range(claims.MOST_EXTENSIONS):
        assert person.post(f"/claims/{claim}/extend").status_code == 200
    refused = person.post(f"/claims/{claim}/extend")
    assert (refused.status_code, refused.json["type"]) == (409, "/problems/no-more-extensions")


def test_a_list_of_claims_says_nothing_of_a_campaign_that_it_has_not_looked_up(program: Any) -> None:
    person, campaign = program(a_person()), a_campaign(items=2)
    claim = person.post(f"/campaigns/{campaign}/claims").json["id"]
    person.post(f"/claims/{claim}/contribution", json=ANSWER)
    person.post(f"/campaigns/{campaign}/claims")
    listed = person.get("/claims").json
    for row in (listed["claims"][0], listed["answered"][0]):
        assert row["campaign"]["id"] == str(campaign)
        assert set(row["campaign"]) == {
            "id", "title", "name", "language", "agency", "minutes", "level", "due",
        }  # fmt: skip


def _asked(person: Any, act: str, claim: Any) -> Any:
    verb, rest = act.split(" ")
    if verb == "GET":
        return person.get(f"/claims/{claim}{rest}")
    return person.post(f"/claims/{claim}{rest}", **({"json": ANSWER} if "contribution" in rest else {}))


def _expire(claim: str) -> None:
    with transaction() as tx:
        gone = clock.now(tx) - timedelta(minutes=1)
        tx.execute(update(Claim).where(Claim.id == uuid.UUID(claim)).values(expires_at=gone))


def _lapse(claim: str) -> None:
    _expire(claim)
    with transaction() as tx:
        assert claims.end_due(tx) == 1
