"""The whole application on a fresh database, and programs of people that speak to it over HTTP."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine
from werkzeug.test import TestResponse

from agencies import tokens
from marketplace.app import build, create_app, start
from marketplace.foundation import db, doorbell
from marketplace.foundation.db import transaction
from marketplace.foundation.settings import Settings
from security.principal import Principal
from tests.builders import AT_WORK
from tests.engines import engine_of


def settings_for(database: Engine, folder: Path) -> Settings:
    """Settings of a demo marketplace on `database`, with its home and keyring in `folder`."""
    return _settings(folder, database.url.render_as_string(hide_password=False))


def _settings(folder: Path, database_url: str) -> Settings:
    home = folder / "home"
    home.mkdir(exist_ok=True)
    return Settings.from_environ(
        {
            "MARKET_HOME": str(home),
            "MARKET_DEMO": "1",
            "MARKET_DATABASE_URL": database_url,
            "MARKET_REDIS_URL": f"unix://{home}/no-valkey.sock",
            "MARKET_SECRET_KEY": uuid.uuid4().hex,
            "MARKET_KEYRING": str(folder / "keys" / "keyring.json"),
        }
    )


@contextmanager
def an_application(database: Engine, folder: Path) -> Iterator[Flask]:
    """The application on `database`, without a doorbell.

    Its routes and templates are made once per process; settings, engine, keys, and what it remembers are the test's.
    """
    settings = settings_for(database, folder)
    app = _routes_and_pages()
    kept = dict(app.config)
    with engine_of(settings.database_url) as engine:
        start(app, settings, engine)
        doorbell.bind(None)
        # From its first answer on Flask lets nobody add to it.
        assert app.test_client().get("/healthz").status_code == 200
        try:
            yield app
        finally:
            app.config.clear()
            app.config.update(kept)
            db.bind(database)


@contextmanager
def an_application_of_its_own(database: Engine, folder: Path) -> Iterator[Flask]:
    """The application as gunicorn runs it, without a doorbell, for a test that adds to it."""
    made = create_app(settings_for(database, folder))
    doorbell.bind(None)
    try:
        yield made
    finally:
        with made.app_context():
            own = made.extensions["sqlalchemy"].engine
        own.dispose()
        db.bind(database)


@cache
def _routes_and_pages() -> Flask:
    with TemporaryDirectory() as folder:
        return build(_settings(Path(folder), "sqlite:///none"))


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


def token_of(actor: Principal) -> str:
    with transaction() as tx:
        return tokens.make(tx, name="test", valid_for=timedelta(hours=1), actor=actor, context=AT_WORK)
