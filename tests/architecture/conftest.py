"""The whole application, for tests that look at all of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine

from tests.application import an_application


@pytest.fixture
def app(database: Engine, tmp_path: Path) -> Iterator[Flask]:
    with an_application(database, tmp_path) as made:
        yield made
