"""The whole application on a fresh database, and programs of people that speak to it over HTTP."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine
from werkzeug.test import TestResponse

from agencies import tokens
from agencies.keys import KeyringFile
from marketplace.app import create_app
from marketplace.foundation import db, doorbell
from marketplace.foundation.db import transaction
from marketplace.foundation.settings import Settings
from security.principal import Principal
from tests.builders import AT_WORK


def settings_for(database: Engine, home: Path, keyring: Path) -> Settings:
    return Settings.from_environ(
        {
            "MARKET_HOME": str(home),
            "MARKET_DEMO": "1",
            "MARKET_DATABASE_URL": database.url.render_as_string(hide_password=False),
            "MARKET_REDIS_URL": f"unix://{home}/no-valkey.sock",
            "MARKET_SECRET_KEY": uuid.uuid4().hex,
            "MARKET_KEYRING": str(keyring),
        }
    )


@pytest.fixture
def app(database: Engine, keys: KeyringFile, tmp_path: Path) -> Iterator[Flask]:
    """The application as gunicorn runs it, without a doorbell."""
    home = tmp_path / "home"
    home.mkdir()
    made = create_app(settings_for(database, home, tmp_path / "keys" / "keyring.json"))
    doorbell.bind(None)
    yield made
    with made.app_context():
        own = made.extensions["sqlalchemy"].engine
    own.dispose()
    db.bind(database)


class Program:
    """A program that acts for a person with their token."""

    def __init__(self, client: FlaskClient, token: str | None) -> None:
        self.client, self.token = client, token

    def get(self, path: str, **given: Any) -> TestResponse:
        return self._send("GET", path, **given)

    def post(self, path: str, *, key: str | None = "fresh", **given: Any) -> TestResponse:
        """POST with a fresh Idempotency-Key unless `key` says otherwise (None: without one)."""
        headers = dict(given.pop("headers", {}))
        if key is not None:
            headers["Idempotency-Key"] = uuid.uuid4().hex if key == "fresh" else key
        return self._send("POST", path, headers=headers, **given)

    def _send(self, method: str, path: str, **given: Any) -> TestResponse:
        headers = dict(given.pop("headers", {}))
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        return self.client.open(f"/api/v1{path}", method=method, headers=headers, **given)


@pytest.fixture
def program(app: Flask) -> Any:
    """Makes a Program for a principal, or for somebody without a token."""

    def make(actor: Principal | None = None) -> Program:
        return Program(app.test_client(), token_of(actor) if actor else None)

    return make


def token_of(actor: Principal) -> str:
    with transaction() as tx:
        return tokens.make(tx, name="test", valid_for=timedelta(hours=1), actor=actor, context=AT_WORK)
