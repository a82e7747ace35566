"""An administrator connects the directory: on a page, by API, from a terminal."""

from __future__ import annotations

import json
import re
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser
from sqlalchemy import Engine, select

from agencies.scim.models import ScimCredential, ScimGroup
from security.principal import Role
from tests.application import Program, token_of
from tests.browser.test_axe import found
from tests.builders import a_person, one
from tests.cli.conftest import Terminal, served, terminal
from tests.scim.conftest import Directory, a_directory
from tests.web import serving
from tests.web.stage import Stage

__all__ = ["served", "terminal"]

PAGE = "/agency/directory"


def fields(client: FlaskClient) -> dict[str, str]:
    text = client.get(PAGE).get_data(as_text=True)
    csrf = re.search(r'name="csrf_token" value="([^"]+)"', text)
    assert csrf
    return {"csrf_token": csrf[1], "idempotency_key": uuid4().hex}


class TestPage:
    def test_a_token_is_shown_on_the_next_page_and_never_again(self, stage: Stage) -> None:
        client = stage.client("greta")
        answer = client.post(f"{PAGE}/credentials", data=fields(client) | {"name": "Entra", "days": "90"})
        assert (answer.status_code, answer.headers["Location"]) == (303, PAGE)
        shown = client.get(PAGE)
        token = re.search(r"mks_[\w-]+", shown.get_data(as_text=True))
        assert token
        assert shown.headers["Cache-Control"] == "no-store"
        opened = client.get("/scim/v2/Users", headers={"Authorization": f"Bearer {token[0]}"})
        assert opened.status_code == 200
        assert "mks_" not in client.get(PAGE).get_data(as_text=True)

    def test_a_form_sent_twice_makes_one(self, stage: Stage) -> None:
        client = stage.client("greta")
        sent = fields(client) | {"name": f"Once {uuid4().hex[:6]}", "days": "30"}
        for _ in range(2):
            assert client.post(f"{PAGE}/credentials", data=sent).status_code == 303
        assert client.get(PAGE).get_data(as_text=True).count(f">{sent['name']}</th>") == 1

    def test_one_is_ended_from_here(self, stage: Stage) -> None:
        client = stage.client("greta")
        name = f"Ended {uuid4().hex[:6]}"
        client.post(f"{PAGE}/credentials", data=fields(client) | {"name": name, "days": "30"})
        row = one(select(ScimCredential.id).where(ScimCredential.name == name))
        answer = client.post(f"{PAGE}/credentials/{row}/end", data=fields(client))
        assert answer.status_code == 303
        page = client.get(PAGE).get_data(as_text=True)
        assert f">{name}</th>" not in page

    @pytest.mark.parametrize(
        "sent", [{"name": "", "days": "90"}, {"name": "x", "days": "9999"}, {"name": "x", "days": "²"}, {}]
    )
    def test_what_cannot_be_is_refused(self, stage: Stage, sent: dict[str, str]) -> None:
        client = stage.client("greta")
        assert client.post(f"{PAGE}/credentials", data=fields(client) | sent).status_code == 422

    @pytest.mark.parametrize("login", ["maja", "haas"])
    def test_only_administrators_see_it(self, stage: Stage, login: str) -> None:
        assert stage.client(login).get(PAGE).status_code == 403

    def test_a_group_gets_a_meaning(self, stage: Stage) -> None:
        client = stage.client("greta")
        client.post(f"{PAGE}/credentials", data=fields(client) | {"name": "Groups", "days": "30"})
        token = re.search(r"mks_[\w-]+", client.get(PAGE).get_data(as_text=True))
        assert token
        name = f"Owners {uuid4().hex[:6]}"
        client.post(
            "/scim/v2/Groups",
            json={"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": name},
            headers={"Authorization": f"Bearer {token[0]}"},
        )
        group = one(select(ScimGroup.id).where(ScimGroup.display_name == name))
        answer = client.post(f"{PAGE}/groups/{group}", data=fields(client) | {"gives": "role:task_owner"})
        assert answer.status_code == 303
        assert one(select(ScimGroup.role).where(ScimGroup.id == group)) == "task_owner"
        for bad in ("role:agency_admin", "unit:nonsense", f"unit:{uuid4()}"):
            answer = client.post(f"{PAGE}/groups/{group}", data=fields(client) | {"gives": bad})
            assert answer.status_code == 422

    @pytest.mark.parametrize(
        "view",
        [
            {"width": 1280, "appearance": "light", "language": "en"},
            {"width": 390, "appearance": "dark", "language": "de"},
        ],
    )
    def test_axe_finds_nothing(self, chromium: Browser, stage: Stage, url: str, view: dict[str, Any]) -> None:
        with serving.visitor(chromium, stage, url, "greta", bypass_csp=True, **view) as context:
            page = context.new_page()
            page.goto(PAGE)
            page.locator("#name").fill("Keycloak")
            page.locator("#name").press("Enter")
            page.locator("#token").wait_for()
            assert found(page) == ([], [])
            assert page.evaluate("document.scrollingElement.scrollWidth") <= view["width"]


class TestApi:
    def test_a_credential_is_made_listed_and_ended(self, app: Flask, directory: Directory) -> None:
        program = Program(app.test_client(), token_of(directory.admin))
        made = program.post("/agency/scim-credentials", json={"name": "Okta", "days": 30}, key="k1")
        assert made.status_code == 201
        assert made.get_json()["token"].startswith("mks_")
        again = program.post("/agency/scim-credentials", json={"name": "Okta", "days": 30}, key="k1")
        assert (again.get_json()["id"], again.get_json()["token"]) == (made.get_json()["id"], None)
        listed = program.get("/agency/scim-credentials").get_json()["credentials"]
        assert [row["name"] for row in listed] == ["Okta", "Directory"]
        assert "token" not in str(listed)
        ended = program.post(f"/agency/scim-credentials/{made.get_json()['id']}/end")
        assert ended.get_json() == {"ended": True}
        assert program.post(f"/agency/scim-credentials/{made.get_json()['id']}/end").status_code == 404

    @pytest.mark.parametrize(
        "body",
        [{}, {"name": ""}, {"name": "x", "days": 0}, {"name": "x", "days": "30"}, {"name": "x", "all": 1}],
    )
    def test_bad_bodies_are_refused(self, app: Flask, directory: Directory, body: Any) -> None:
        program = Program(app.test_client(), token_of(directory.admin))
        assert program.post("/agency/scim-credentials", json=body).status_code == 422

    def test_others_may_not(self, app: Flask, directory: Directory, other: Directory) -> None:
        group = directory.group()
        member = Program(app.test_client(), token_of(a_person("health")))
        assert member.get("/agency/scim-credentials").status_code == 403
        stranger = Program(app.test_client(), token_of(other.admin))
        answer = stranger.post(f"/agency/directory-groups/{group['id']}/gives", json={"role": "appraiser"})
        assert answer.status_code == 404

    def test_a_group_gets_a_meaning(self, app: Flask, directory: Directory) -> None:
        group = directory.group(displayName="Owners")
        program = Program(app.test_client(), token_of(directory.admin))
        path = f"/agency/directory-groups/{group['id']}/gives"
        assert program.post(path, json={"role": "task_owner"}).get_json() == {"saved": True}
        assert program.get("/agency/directory-groups").get_json()["groups"] == [
            {"id": group["id"], "name": "Owners", "role": "task_owner", "unit_id": None, "unit": None}
        ]
        assert program.post(path, json={"role": Role.AGENCY_ADMIN}).status_code == 422
        assert program.post(path, json={"role": "appraiser", "unit_id": str(uuid4())}).status_code == 422


def test_a_directory_is_connected_from_a_terminal(database: Engine, served: Terminal) -> None:
    directory = a_directory(Flask("unused"), "health")
    token = token_of(directory.admin)
    made = served.type("agency", "scim-credential", "make", "Entra", "--days", "90", token=token)
    assert made.exit_code == 0, made.output
    assert re.search(r"Token:   mks_[\w-]+\n", made.output)
    listed = json.loads(served.type("agency", "scim-credential", "list", "--json", token=token).output)[
        "credentials"
    ]
    assert [row["name"] for row in listed] == ["Entra", "Directory"]
    assert "Ended." in served.type("agency", "scim-credential", "end", listed[0]["id"], token=token).output
    text = served.type("agency", "scim-credential", "list", token=token).output
    assert "Entra" not in text
    assert "GROUP" in served.type("agency", "directory-group", "list", token=token).output
    refused = served.type(
        "agency", "directory-group", "give", str(uuid4()), "--role", "appraiser", token=token
    )
    assert refused.exit_code == 1
