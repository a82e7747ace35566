"""Programs of people that speak to the whole application over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine

from security.principal import Principal
from tests.application import Program, an_application, token_of


@pytest.fixture
def app(database: Engine, tmp_path: Path) -> Iterator[Flask]:
    with an_application(database, tmp_path) as made:
        yield made


@pytest.fixture
def program(app: Flask) -> Any:
    """Makes a Program for a principal, or for somebody without a token."""

    def make(actor: Principal | None = None) -> Program:
        return Program(app.test_client(), token_of(actor) if actor else None)

    return make
