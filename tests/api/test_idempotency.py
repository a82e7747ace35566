"""A repeat with the same key is answered like the first call and does nothing (design D5)."""

from __future__ import annotations

from functools import partial
from typing import Any

from sqlalchemy import func, select

from marketplace.foundation.db import reading
from tasks.models import Campaign, Claim, Contribution
from tests.builders import a_campaign, a_person, a_spec, an_owner, rows
from tests.together import together


def test_a_repeated_claim_is_the_same_claim(program: Any) -> None:
    person, campaign = program(a_person()), a_campaign(items=3)
    first = person.post(f"/campaigns/{campaign}/claims", key="k-1")
    again = person.post(f"/campaigns/{campaign}/claims", key="k-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json == first.json
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Location"] == first.headers["Location"]
    assert _count(Claim) == 1


def test_a_repeated_answer_counts_once(program: Any) -> None:
    person, campaign = program(a_person()), a_campaign()
    claim = person.post(f"/campaigns/{campaign}/claims").json["id"]
    answer = {"answer": {"kind": "bird"}}
    first = person.post(f"/claims/{claim}/contribution", key="k-1", json=answer)
    again = person.post(f"/claims/{claim}/contribution", key="k-1", json=answer)
    assert (again.status_code, again.json) == (first.status_code, first.json)
    assert _count(Contribution) == 1
    other = person.post(f"/claims/{claim}/contribution", key="k-1", json={"answer": {"kind": "bat"}})
    assert (other.status_code, other.json["type"]) == (422, "/problems/idempotency-key-reused")


def test_a_repeated_import_makes_one_campaign(program: Any) -> None:
    owner = program(an_owner())
    body = {"spec": a_spec(), "csv": rows(5)}
    first = owner.post("/campaigns", key="k-1", json=body)
    again = owner.post("/campaigns", key="k-1", json=body)
    assert again.json == first.json
    assert _count(Campaign) == 1


def test_a_repeat_at_the_same_moment_waits_for_the_first(program: Any) -> None:
    person, campaign = a_person(), a_campaign(items=9)
    callers = [program(person) for _ in range(4)]
    answers = together(
        *(partial(caller.post, f"/campaigns/{campaign}/claims", key="k-1") for caller in callers)
    )
    assert [answer.status_code for answer in answers] == [201] * 4
    assert len({answer.json["id"] for answer in answers}) == 1
    assert sorted("Idempotency-Replayed" in answer.headers for answer in answers) == [False, True, True, True]
    assert _count(Claim) == 1


def test_a_key_of_another_address_is_refused(program: Any) -> None:
    person, one, other = program(a_person()), a_campaign(), a_campaign()
    person.post(f"/campaigns/{one}/claims", key="k-1")
    refused = person.post(f"/campaigns/{other}/claims", key="k-1")
    assert (refused.status_code, refused.json["type"]) == (422, "/problems/idempotency-key-reused")


def test_two_people_may_draw_the_same_key(program: Any) -> None:
    campaign = a_campaign()
    claims = [program(a_person()).post(f"/campaigns/{campaign}/claims", key="k-1") for _ in range(2)]
    assert len({claim.json["id"] for claim in claims}) == 2


def test_a_refused_call_leaves_its_key_free(program: Any) -> None:
    person, campaign = program(a_person()), a_campaign()
    claim = person.post(f"/campaigns/{campaign}/claims").json["id"]
    assert person.post(f"/claims/{claim}/contribution", key="k", json={"answer": {}}).status_code == 422
    mended = person.post(f"/claims/{claim}/contribution", key="k", json={"answer": {"kind": "bat"}})
    assert mended.status_code == 201


def test_without_a_usable_key_nothing_is_done(program: Any) -> None:
    person, campaign = program(a_person()), a_campaign()
    for key in (None, "", "x" * 81, "sm\xefle"):
        refused = person.post(f"/campaigns/{campaign}/claims", key=key)
        assert (refused.status_code, refused.json["type"]) == (422, "/problems/invalid-input")
        assert "Idempotency-Key" in refused.json["detail"]
    assert _count(Claim) == 0


def _count(table: Any) -> int:
    with reading() as db:
        return int(db.scalar(select(func.count()).select_from(table)))
