"""The real application with one agency, whose provider misbehaves on demand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine

from agencies import providers
from marketplace.foundation.db import transaction
from security.principal import Principal
from tests.application import an_application
from tests.builders import a_person, an_agency
from tests.edge import misbehaving
from tests.edge.misbehaving import CLIENT, SECRET, Misbehaving
from tests.edge.oidc.browser import Browser


@pytest.fixture(autouse=True)
def module(request: pytest.FixtureRequest) -> str | None:
    """The module of the OpenID Foundation's suite that a case answers to; its name stands in the test's id."""
    return getattr(request, "param", None)


@pytest.fixture
def provider() -> Iterator[Misbehaving]:
    with misbehaving.running() as started:
        yield started


@pytest.fixture
def registration() -> dict[str, Any]:
    """What the agency registered beside issuer and client; a test may override it."""
    return {}


@pytest.fixture
def somebody(database: Engine, provider: Misbehaving, registration: dict[str, Any]) -> Principal:
    an_agency("north", office_networks=["127.0.0.0/8"])
    given = {"issuer": provider.issuer, "client_id": CLIENT, "client_secret": SECRET} | registration
    with transaction() as tx:
        providers.add(tx, "north", **given)
    return a_person("north", identity=(provider.issuer, "somebody"))


@pytest.fixture
def app(somebody: Principal, database: Engine, tmp_path: Path) -> Iterator[Flask]:
    with an_application(database, tmp_path) as made:
        made.config["WTF_CSRF_ENABLED"] = False
        yield made


@pytest.fixture
def browser(app: Flask, provider: Misbehaving) -> Browser:
    return Browser(app, provider)
