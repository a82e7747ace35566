"""The person behind the token, and callers without one."""

from __future__ import annotations

from typing import Any

import pytest

from tests.builders import a_person


def test_me_says_for_whom_the_token_acts(program: Any) -> None:
    anna = a_person("harbour", name="Anna", skills=("charts",))
    found = program(anna).get("/me")
    assert found.status_code == 200
    assert found.json == {
        "name": "Anna",
        "agency": {"slug": "harbour", "name": "Harbour", "initials": "AG"},
        "roles": ["contributor"],
        "clearance": "sensitive",
        "skills": [{"code": "charts", "label": "charts"}],
        "locale": "en",
    }


@pytest.mark.parametrize("path", ["/me", "/campaigns", "/claims", "/campaigns/none/results.csv"])
def test_without_a_token_the_answer_is_401(program: Any, path: str) -> None:
    refused = program().get(path)
    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"].startswith("Bearer")
    assert refused.content_type == "application/problem+json"
    assert refused.json["type"] == "/problems/not-signed-in"


def test_an_unknown_token_is_refused(program: Any) -> None:
    stranger = program()
    stranger.token = "mkt_nobody"
    refused = stranger.get("/me")
    assert (refused.status_code, refused.json["type"]) == (401, "/problems/token-refused")
