"""The drill's eight ways to tamper with the record: each is caught by somebody outside."""

from __future__ import annotations

import pytest

from tests.drills import audit


@pytest.mark.parametrize("way", audit.WAYS)
def test_whoever_tampers_is_caught_from_outside(way: str) -> None:
    found = audit.tried(way)
    assert {"witness", "auditor"} & set(found), found
