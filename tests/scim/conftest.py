"""An agency whose directory keeps its people here, another agency beside it, and the program of the first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from scim2_client.engines.wsgi import WSGISCIMClient
from sqlalchemy import Engine, select
from werkzeug.test import TestResponse

from agencies import providers
from agencies.models import Agency
from agencies.scim import credentials
from marketplace.foundation.db import transaction
from security.principal import Principal, Role
from tests.application import an_application
from tests.builders import AT_WORK, a_person, one

BASE = "http://localhost/scim/v2"
MEDIA_TYPE = "application/scim+json"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


@dataclass
class Directory:
    """An agency's directory: a program with a credential, as the vendors' programs speak."""

    app: Flask
    agency_id: UUID
    issuer: str
    admin: Principal
    token: str

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> TestResponse:
        return self.app.test_client().open(
            f"/scim/v2{path}",
            method=method,
            json=body,
            headers={"Authorization": f"Bearer {self.token}", **headers},
            content_type=MEDIA_TYPE if body is not None else None,
        )

    def get(self, path: str, **query: str) -> Any:
        answer = self.app.test_client().get(
            f"/scim/v2{path}", query_string=query, headers={"Authorization": f"Bearer {self.token}"}
        )
        assert answer.status_code == 200, answer.text
        return answer.get_json()

    def user(self, **given: Any) -> Any:
        """A user that was made: its resource."""
        name = given.get("userName") or f"user-{uuid4().hex[:8]}"
        sent = {"schemas": [USER], "userName": name, "externalId": f"sub-{name}"} | given
        answer = self.send("POST", "/Users", {key: value for key, value in sent.items() if value is not None})
        assert answer.status_code == 201, answer.text
        return answer.get_json()

    def group(self, *members: Any, **given: Any) -> Any:
        """A group that was made, with these users in it."""
        sent = {
            "schemas": [GROUP],
            "displayName": f"Group {uuid4().hex[:6]}",
            "members": [{"value": user["id"]} for user in members],
        }
        answer = self.send("POST", "/Groups", sent | given)
        assert answer.status_code == 201, answer.text
        return answer.get_json()

    def patch(self, resource: Any, *operations: Any, **headers: str) -> TestResponse:
        kind = resource["meta"]["resourceType"]
        body = {"schemas": [PATCH], "Operations": list(operations)}
        return self.send("PATCH", f"/{kind}s/{resource['id']}", body, **headers)

    def client(self) -> WSGISCIMClient:
        return WSGISCIMClient(self.app, base_url=BASE, headers={"Authorization": f"Bearer {self.token}"})


def a_directory(app: Flask, slug: str) -> Directory:
    """An agency with a provider, an administrator and a SCIM credential."""
    admin = a_person(slug, roles=(Role.CONTRIBUTOR, Role.AGENCY_ADMIN), name=f"Administrator of {slug}")
    issuer = f"https://sign-in.{slug}.example"
    with transaction() as tx:
        providers.add(tx, slug, issuer=issuer, client_id="market", client_secret="hush")
    with transaction() as tx:
        _, token = credentials.make(tx, name="Directory", days=90, actor=admin, context=AT_WORK)
    agency_id = one(select(Agency.id).where(Agency.slug == slug))
    return Directory(app, agency_id, issuer, admin, token)


@pytest.fixture
def app(database: Engine, tmp_path: Path) -> Iterator[Flask]:
    with an_application(database, tmp_path) as made:
        yield made


@pytest.fixture
def directory(app: Flask) -> Directory:
    return a_directory(app, "health")


@pytest.fixture
def other(app: Flask) -> Directory:
    return a_directory(app, "transport")
