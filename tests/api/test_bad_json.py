"""Bodies that are nearly JSON, or JSON that is nearly right, change nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import func, select

from marketplace.foundation.db import reading
from tasks.models import Campaign, Contribution
from tests.builders import a_campaign, a_form, a_person, a_spec, an_owner, rows

NOT_JSON = {
    "duplicate keys": (b'{"answer": {"kind": "bird", "kind": "bat"}}', "application/json"),
    "NaN": (b'{"answer": {"kind": NaN}}', "application/json"),
    "infinite": (b'{"answer": {"kind": 1e999}}', "application/json"),
    "depth 33": (b'{"answer":' + b"[" * 32 + b"]" * 32 + b"}", "application/json"),
    "latin-1 named": ('{"answer": {"kind": "é"}}'.encode("latin-1"), "application/json; charset=latin-1"),
    "latin-1 unnamed": ('{"answer": {"kind": "é"}}'.encode("latin-1"), "application/json"),
    "utf-16": ('{"answer": {"kind": "bird"}}'.encode("utf-16"), "application/json"),
    "nothing": (b"", "application/json"),
    "half": (b'{"answer": {"kind": "bird"', "application/json"),
}

NOT_RIGHT = {
    "lone surrogate": b'{"answer": {"kind": "bird", "note": "\\ud800"}}',
    "NUL": b'{"answer": {"kind": "bird", "note": "a\\u0000b"}}',
    "an unknown member": b'{"answer": {"kind": "bird"}, "score": 1}',
    "an unknown question": b'{"answer": {"kind": "bird", "colour": "red"}}',
    "true for a word": b'{"answer": {"kind": true}}',
    "1 for a word": b'{"answer": {"kind": 1}}',
    "null": b'{"answer": {"kind": null}}',
    "a list": b'{"answer": ["bird"]}',
    "no object": b'["answer"]',
    "no answer": b"{}",
    "another option": b'{"answer": {"kind": "dragon"}}',
    "a long note": b'{"answer": {"kind": "bird", "note": "' + b"x" * 2001 + b'"}}',
}


@pytest.fixture
def claimed(program: Any) -> Any:
    person, campaign = program(a_person()), a_campaign()
    claim = person.post(f"/campaigns/{campaign}/claims").json["id"]
    yield lambda body, kind: person.post(f"/claims/{claim}/contribution", data=body, content_type=kind)
    with reading() as db:
        assert db.scalar(select(func.count()).select_from(Contribution)) == 0


@pytest.mark.parametrize("name", NOT_JSON)
def test_what_is_not_json_is_a_problem_400(claimed: Any, name: str) -> None:
    refused = claimed(*NOT_JSON[name])
    assert (refused.status_code, refused.json["type"]) == (400, "/problems/bad-json")
    assert refused.content_type == "application/problem+json"


@pytest.mark.parametrize("name", NOT_RIGHT)
def test_what_is_not_right_is_a_problem_422_with_places(claimed: Any, name: str) -> None:
    refused = claimed(NOT_RIGHT[name], "application/json")
    assert refused.status_code == 422
    assert refused.json["type"] in ("/problems/invalid-input", "/problems/bad-answer")
    assert refused.json["errors"]


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/xml", None])
def test_other_content_types_are_refused(claimed: Any, kind: str | None) -> None:
    refused = claimed(b'{"answer": {"kind": "bird"}}', kind)
    assert (refused.status_code, refused.json["type"]) == (415, "/problems/http-415")


def test_a_body_beyond_the_limit_is_refused_unread(claimed: Any) -> None:
    refused = claimed(b'{"answer": {"kind": "' + b"x" * (1024 * 1024) + b'"}}', "application/json")
    assert (refused.status_code, refused.json["type"]) == (413, "/problems/http-413")


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({"contributions": True}, "contributions"),
        ({"contributions": "3"}, "contributions"),
        ({"contributions": 1.0}, "contributions"),
        ({"contributions": 0}, "contributions"),
        ({"minutes": 10**18}, "minutes"),
        ({"level": "secret"}, "level"),
        ({"level": "restricted"}, "level"),
        ({"due": "31.01.2030"}, "due"),
        ({"title": "   "}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"colour": "red"}, "colour"),
        ({"claim_minutes": 1, "minutes": 5}, "claim_minutes"),
        ({"compartments": ["crypto"]}, "compartments"),
        ({"form": a_form(note=1)}, "form"),
        ({"form": a_form(fields=[])}, "form"),
        ({"form": a_form(questions=[])}, "form"),
        ({"form": []}, "form"),
    ],
)
def test_settings_that_contradict_are_refused_with_their_place(
    program: Any, given: dict[str, Any], place: str
) -> None:
    refused = program(an_owner()).post("/campaigns", json={"spec": a_spec(**given), "csv": rows(1)})
    assert (refused.status_code, refused.json["type"]) == (422, "/problems/bad-settings")
    assert list(refused.json["errors"]) == [place]
    with reading() as db:
        assert db.scalar(select(func.count()).select_from(Campaign)) == 0


@pytest.mark.parametrize(
    "query", ["?limit=0", "?limit=201", "?limit=many", "?page=2", "?after=", "?after=abc.def"]
)
def test_bad_queries_are_refused(program: Any, query: str) -> None:
    owner = an_owner()
    refused = program(owner).get(f"/campaigns/{a_campaign(owner)}/results{query}")
    assert (refused.status_code, refused.json["type"]) == (422, "/problems/invalid-input")


@pytest.mark.parametrize("query", ["?minutes=0", "?minutes=x", "?colour=red", "?q=" + "x" * 201])
def test_bad_filters_are_refused(program: Any, query: str) -> None:
    assert program(a_person()).get(f"/campaigns{query}").status_code == 422


def _without(name: str) -> dict[str, Any]:
    spec = a_spec()
    del spec[name]
    return spec


@pytest.mark.parametrize(
    ("spec", "errors"),
    [
        (a_spec(contributions=0), {"contributions": ["Must be a whole number from 1 to 99."]}),
        (a_spec(contributions="3"), {"contributions": ["Must be a whole number from 1 to 99."]}),
        (a_spec(claim_minutes=1.5), {"claim_minutes": ["Must be a whole number from 1 to 10,080."]}),
        (a_spec(colour="red"), {"colour": ["There is no such field."]}),
        (_without("title"), {"title": ["This is needed."]}),
        (_without("form"), {"form": ["This is needed."]}),
        (a_spec(title=None), {"title": ["Must not be null."]}),
        (a_spec(title=1), {"title": ["Must be a text."]}),
        (a_spec(title="x" * 201), {"title": ["Must have at most 200 characters."]}),
        (a_spec(due="soon"), {"due": ["Must be a date such as 2027-03-31."]}),
        (a_spec(skills="charts"), {"skills": ["Must be a list."]}),
        (a_spec(skills=[1]), {"skills": {"0": ["Must be a text."]}}),
        (a_spec(skills=["x"] * 21), {"skills": ["Must have at most 20 entries."]}),
        (a_spec(form=[]), {"form": {"_schema": ["Must be an object."]}}),
        (a_spec(form=a_form(questions=[])), {"form": {"questions": ["Must have 1 to 20 entries."]}}),
        (
            a_spec(form=a_form(fields=[1])),
            {"form": {"fields": {"0": {"_schema": ["Must be an object."]}}}},
        ),
        (
            a_spec(form=a_form(fields=[{}])),
            {"form": {"fields": {"0": {at: ["This is needed."] for at in ("name", "label")}}}},
        ),
    ],
)
def test_settings_are_refused_in_our_own_words(
    program: Any, spec: dict[str, Any], errors: dict[str, Any]
) -> None:
    refused = program(an_owner()).post("/campaigns", json={"spec": spec, "csv": rows(1)})
    assert refused.json["errors"] == errors


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({"answer": {"kind": 1}}, {"answer": {"kind": {"value": ["Must be a text, or a list of texts."]}}}),
        ({"answer": ["bird"]}, {"answer": ["Must be an object."]}),
        ({}, {"answer": ["This is needed."]}),
        ({"answer": {"kind": "bird"}, "score": 1}, {"score": ["There is no such field."]}),
    ],
)
def test_answers_are_refused_in_our_own_words(claimed: Any, body: Any, errors: dict[str, Any]) -> None:
    assert claimed(json.dumps(body), "application/json").json["errors"] == errors


@pytest.mark.parametrize(
    ("query", "errors"),
    [
        ("?minutes=0", {"minutes": ["Must be a whole number from 1 to 480."]}),
        ("?minutes=x", {"minutes": ["Must be a whole number."]}),
        ("?colour=red", {"colour": ["There is no such field."]}),
    ],
)
def test_filters_are_refused_in_our_own_words(program: Any, query: str, errors: dict[str, Any]) -> None:
    assert program(a_person()).get(f"/campaigns{query}").json["errors"] == errors


def test_a_post_without_rows_is_refused_in_our_own_words(program: Any) -> None:
    refused = program(an_owner()).post("/campaigns", json={"spec": a_spec(), "rows": []})
    assert refused.json["errors"] == {"csv": ["This is needed."], "rows": ["There is no such field."]}
