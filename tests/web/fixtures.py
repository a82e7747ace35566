"""Fixtures of the page tests, shared by tests/web and tests/browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.web import serving
from tests.web import stage as stages
from tests.web.stage import Stage


@pytest.fixture
def stage() -> Iterator[Stage]:
    """The demo with some weeks of work done, shared by the tests of one process."""
    shared = stages.shared()
    shared.enter()
    yield shared
    shared.leave()


@pytest.fixture
def url(stage: Stage) -> Iterator[str]:
    """The stage's address while it is served."""
    with serving.served(stage) as address:
        yield address


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One Chromium for the tests of one process."""
    with serving.chromium() as running:
        yield running
