"""Skills for programs: found, declared, wanted, confirmed and taken back, each by whom it belongs to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from security.principal import Principal, Role
from tests.application import Program
from tests.builders import a_person, some_skills

Made = Callable[[Principal], Program]


@pytest.fixture(autouse=True)
def skills(app: Any) -> None:
    some_skills(["law", "maths"])


def sent(mine: Program, path: str, **body: Any) -> Any:
    answer = mine.post(path, json=body)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return answer.json


def codes(found: Any) -> tuple[list[str], list[str]]:
    return [each["code"] for each in found["has"]], [each["code"] for each in found["wants"]]


def test_a_skill_is_found_declared_wanted_and_taken_off(program: Made) -> None:
    mine = program(a_person("north"))
    assert mine.get("/skills?q=LA").json == {"skills": [{"code": "law", "label": "law"}]}
    made = sent(mine, "/me/skills", skill="law", level="advanced")
    assert made["has"] == [
        {"code": "law", "label": "law", "retired": False, "level": "advanced", "confirmed": []}
    ]
    sent(mine, "/me/wanted-skills", skill="maths")
    assert codes(mine.get("/me/skills").json) == (["law"], ["maths"])
    assert [each["code"] for each in (mine.get("/me").json or {})["skills"]] == ["law"]
    sent(mine, "/me/skills/remove", skill="law")
    assert codes(sent(mine, "/me/wanted-skills/remove", skill="maths")) == ([], [])


def test_a_skill_is_confirmed_by_somebody_else_and_taken_back(program: Made) -> None:
    person = a_person("north", name="Maja")
    boss = program(a_person("north", roles=(Role.LINE_MANAGER,), name="Greta"))
    mine, path = program(person), f"/people/{person.membership_id}/skills"
    sent(mine, "/me/skills", skill="law")
    shown = sent(boss, f"{path}/confirm", skill="law")
    [confirmed] = shown["skills"][0]["confirmed"]
    assert (shown["name"], confirmed["by"], confirmed["agency"], confirmed["level"]) == (
        "Maja",
        "Greta",
        "North",
        None,
    )
    assert (mine.get("/me/skills").json or {})["has"][0]["confirmed"] == [confirmed]
    assert sent(boss, f"{path}/withdraw", skill="law")["skills"][0]["confirmed"] == []
    assert (boss.get(path).json or {})["skills"][0]["code"] == "law"


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/me/skills", {"skill": "unheard-of"}, 404),
        ("/me/skills", {"skill": "law", "level": "best"}, 422),
        ("/me/skills", {"skill": ["law"]}, 422),
        ("/me/skills", {"skill": "law", "by": "me"}, 422),
        ("/me/skills", {}, 422),
        ("/me/skills", {"skill": "l\x00w"}, 422),
        ("/me/skills/remove", {"skill": "law"}, 404),
        ("/me/wanted-skills", {"skill": "unheard-of"}, 404),
        ("/me/wanted-skills/remove", {"skill": "law"}, 404),
    ],
)
def test_what_cannot_be_is_refused(program: Made, path: str, body: dict[str, Any], status: int) -> None:
    mine = program(a_person("north"))
    assert mine.post(path, json=body).status_code == status
    assert codes(mine.get("/me/skills").json) == ([], [])


def test_one_cannot_confirm_ones_own_nor_reach_into_another_agency(program: Made) -> None:
    boss = a_person("north", roles=(Role.AGENCY_ADMIN,))
    theirs = program(boss)
    sent(theirs, "/me/skills", skill="law")
    own = theirs.post(f"/people/{boss.membership_id}/skills/confirm", json={"skill": "law"})
    assert (own.status_code, (own.json or {})["type"]) == (403, "/problems/own-affair")
    stranger = a_person("south")
    sent(program(stranger), "/me/skills", skill="law")
    for person in (stranger.membership_id, uuid4(), "nonsense"):
        for act in ("confirm", "withdraw"):
            assert theirs.post(f"/people/{person}/skills/{act}", json={"skill": "law"}).status_code == 404
        assert theirs.get(f"/people/{person}/skills").status_code == 404


def test_others_do_not_see_what_somebody_can(program: Made) -> None:
    person = a_person("north")
    for role in (Role.CONTRIBUTOR, Role.TASK_OWNER, Role.SECURITY_OFFICER, Role.OPERATOR):
        asked = program(a_person("north", roles=(role,))).get(f"/people/{person.membership_id}/skills")
        assert asked.status_code == 403
