"""Handling and the agency's own keys, as a program of an administrator sets them."""

from __future__ import annotations

from typing import Any

import pytest

from security.sealing import keys
from tests.agencies.agreeing import an_administrator
from tests.builders import a_person


@pytest.fixture
def admin(program: Any) -> Any:
    return program(an_administrator("north"))


def test_a_program_reads_and_changes_how_work_is_handled(admin: Any) -> None:
    before = {row["level"]: row for row in admin.get("/agency/handling").json["levels"]}
    assert before["sensitive"]["protection"] == "server"
    assert before["sensitive"]["zones"] == ["home", "public"]
    answer = admin.post(
        "/agency/handling/sensitive", json={"protection": "end_to_end", "views": None, "zones": []}
    )
    after = {row["level"]: row for row in answer.json["levels"]}
    changed = {"protection": "end_to_end", "views": None, "zones": []}
    assert after == before | {"sensitive": before["sensitive"] | changed}


@pytest.mark.parametrize(
    ("level", "body"),
    [("sensitive", {"views": 0}), ("internal", {"views": 3}), ("public", {"cameras": False})],
)
def test_what_cannot_be_used_is_refused_by_field(admin: Any, level: str, body: dict[str, Any]) -> None:
    answer = admin.post(f"/agency/handling/{level}", json=body)
    assert answer.status_code == 422
    assert list(answer.json["errors"]) == list(body)


def test_there_is_no_fifth_level(admin: Any) -> None:
    assert admin.post("/agency/handling/cosmic", json={}).status_code == 404


def test_a_program_registers_replaces_and_ends_a_key(admin: Any) -> None:
    first, second = (keys.public_jwk(keys.new_private()) for _ in range(2))
    for jwk in (first, second):
        answer = admin.post("/agency/keys", json={"kind": "processing", "public_key": jwk})
        assert answer.status_code == 200
    listed = admin.get("/agency/keys").json["keys"]
    assert [(key["public_key"], key["ended_at"] is None) for key in listed] == [
        (second, True),
        (first, False),
    ]
    ended = admin.post(f"/agency/keys/{listed[0]['key_id']}/end").json["keys"]
    assert all(key["ended_at"] for key in ended)
    assert admin.post("/agency/keys/unknown/end").status_code == 404


def test_a_private_key_is_refused(admin: Any) -> None:
    private = keys.private_jwk(keys.new_private())
    answer = admin.post("/agency/keys", json={"kind": "processing", "public_key": private})
    assert answer.status_code == 422
    assert private["d"] not in answer.text


def test_others_than_administrators_neither_read_nor_change_them(program: Any) -> None:
    somebody = program(a_person("north"))
    assert somebody.get("/agency/handling").status_code == 403
    assert somebody.post("/agency/keys", json={}).status_code == 403
