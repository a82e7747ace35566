"""Stopping stops everything, leaves nothing behind and loses nothing; the next start goes on from there."""

from __future__ import annotations

import signal
from pathlib import Path

import psutil
import pytest

from tests import running
from tests.builders import a_spec
from tests.journeys.program import Program

pytestmark = pytest.mark.xdist_group("marketplace")


@pytest.mark.parametrize("with_signal", [signal.SIGTERM, signal.SIGINT])
def test_stopping_leaves_no_process_and_the_next_start_has_everything(
    tmp_path: Path, with_signal: int
) -> None:
    first = running.start(tmp_path)
    owner = Program(first, "ines")
    posted = owner.post("/campaigns", {"spec": a_spec(name="Kept"), "csv": "entry\nkept\n"}).json()["id"]
    processes = first.processes()
    assert first.stop(with_signal) == 0
    _, alive = psutil.wait_procs(processes, timeout=running.PATIENCE)
    assert alive == []

    second = running.start(tmp_path, port=int(first.environment["MARKET_PORT"]))
    try:
        assert Program(second, "ines").get(f"/campaigns/{posted}")["name"] == "Kept"
    finally:
        second.stop()
