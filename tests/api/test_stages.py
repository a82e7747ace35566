"""A campaign is moved through the API by the same acts as on the pages."""

from __future__ import annotations

from typing import Any

import pytest

from security.principal import Role
from tasks.stages import ACTS
from tests.builders import a_person, a_spec, an_owner, rows

ADMIN = (Role.AGENCY_ADMIN,)


def posted(owner: Any, **more: Any) -> Any:
    answer = owner.post("/campaigns", json={"spec": a_spec(), "csv": rows(2)} | more)
    assert answer.status_code == 201, answer.json
    return answer.json


def moved(api: Any, campaign: str, act: str, **more: Any) -> Any:
    return api.post(f"/campaigns/{campaign}/move", json={"act": act} | more)


def test_what_is_posted_waits_and_says_what_may_be_done(program: Any) -> None:
    made = posted(program(an_owner()))
    assert (made["stage"], made["open"], made["acts"]) == ("submitted", False, ["withdraw", "discard"])


def test_a_draft_stays_with_its_owner(program: Any) -> None:
    made = posted(program(an_owner()), draft=True)
    assert (made["stage"], made["acts"]) == ("draft", ["submit", "discard"])


def test_an_approver_finds_it_and_opens_it_once(program: Any) -> None:
    owner, approver = program(an_owner("harbour", name="Ines")), program(a_person("harbour", roles=ADMIN))
    campaign = posted(owner)["id"]
    [waiting] = approver.get("/approvals").json["campaigns"]
    assert (waiting["id"], waiting["owner"], waiting["items"], waiting["yours"]) == (
        campaign,
        "Ines",
        2,
        True,
    )
    first = approver.post(f"/campaigns/{campaign}/move", key="k-1", json={"act": "approve"})
    again = approver.post(f"/campaigns/{campaign}/move", key="k-1", json={"act": "approve"})
    assert (
        (first.status_code, first.json)
        == (again.status_code, again.json)
        == (200, {"id": campaign, "stage": "open"})
    )
    late = moved(approver, campaign, "approve")
    assert (late.status_code, late.json["type"]) == (409, "/problems/wrong-stage")
    assert approver.get("/approvals").json["campaigns"] == []


def test_what_should_change_reaches_the_owner(program: Any) -> None:
    owner, approver = program(an_owner("harbour")), program(a_person("harbour", roles=ADMIN))
    campaign = posted(owner)["id"]
    without = moved(approver, campaign, "send_back")
    assert (without.status_code, list(without.json["errors"])) == (422, ["remark"])
    assert moved(approver, campaign, "send_back", remark="Say why.").json["stage"] == "draft"
    shown = owner.get(f"/campaigns/{campaign}").json
    assert (shown["stage"], shown["remark"]) == ("draft", "Say why.")


def test_ones_own_is_left_to_a_colleague(program: Any) -> None:
    owner = program(an_owner("harbour"))
    both = a_person("harbour", roles=(Role.TASK_OWNER, Role.AGENCY_ADMIN))
    campaign = posted(program(both))["id"]
    refused = moved(program(both), campaign, "approve")
    assert (refused.status_code, refused.json["type"]) == (403, "/problems/not-yours-to-move")
    assert [reason["code"] for reason in refused.json["reasons"]] == ["own_affair"]
    assert moved(owner, campaign, "withdraw").json["stage"] == "draft"


def test_for_others_it_does_not_exist(program: Any) -> None:
    campaign = posted(program(an_owner("harbour")))["id"]
    for stranger in (a_person("railways", roles=(Role.TASK_OWNER,)), a_person("railways", roles=ADMIN)):
        refused = moved(program(stranger), campaign, "close")
        assert (refused.status_code, refused.json["type"]) == (404, "/problems/not-found")
    contributor = program(a_person("harbour"))
    assert contributor.get(f"/campaigns/{campaign}").status_code == 404


@pytest.mark.parametrize(
    "body", [{}, {"act": "open"}, {"act": 1}, {"act": "close", "to": "open"}, {"act": None}]
)
def test_an_act_that_does_not_exist_is_refused(program: Any, body: dict[str, Any]) -> None:
    owner = program(an_owner())
    campaign = posted(owner)["id"]
    assert owner.post(f"/campaigns/{campaign}/move", json=body).status_code == 422
    assert "open" not in ACTS
