"""A sequencer that is killed at any moment leaves no gap and no double; whoever comes next goes on."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine

from tests.drills import sequencer


def test_killed_sequencers_lose_and_double_nothing(database: Engine, tmp_path: Path) -> None:
    address = database.url.render_as_string(hide_password=False)
    counts = sequencer.killed(address, tmp_path, kills=6)
    assert counts.acts > 0
    assert counts.ok, counts
