"""Commands as people type them, against a marketplace that listens on a port of this machine."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine
from werkzeug.serving import make_server

from deploy.commands import group
from tests.application import an_application

SPEC = """
name = "Strikes"
title = "What was struck?"
purpose = "So that airports know."
instructions = "Read the entry. Choose."
due = 2030-01-31

[[form.questions]]
name = "kind"
kind = "choice"
label = "What is it?"
cannot_tell = "unclear"
options = [
  { value = "bird", label = "A bird" },
  { value = "unclear", label = "Can't tell" },
]

[[form.fields]]
name = "entry"
label = "Entry"
column = "Species name"
required = true
"""


@dataclass
class Terminal:
    """Somebody's terminal: a folder, and `marketplace` in it."""

    folder: Path
    environment: dict[str, str]

    def type(self, *words: str, token: str | None = None) -> Result:
        """Run `marketplace WORDS…`."""
        environment = self.environment | ({"MARKET_TOKEN": token} if token else {})
        runner = CliRunner(env={"MARKET_TOKEN": None, **environment})
        return runner.invoke(group, [str(word) for word in words])

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """A terminal on a machine without any marketplace."""
    folder = tmp_path / "folder"
    folder.mkdir()
    made = Terminal(folder, {"MARKET_HOME": str(tmp_path / "home")})
    made.write("spec.toml", SPEC)
    return made


@pytest.fixture
def served(database: Engine, terminal: Terminal, tmp_path: Path) -> Iterator[Terminal]:
    """A terminal on a machine where a marketplace listens."""
    with an_application(database, tmp_path) as app, _listening(app) as port:
        terminal.environment["MARKET_PORT"] = str(port)
        yield terminal


class _listening:  # noqa: N801 - reads as a verb
    def __init__(self, app: Callable[..., object]) -> None:
        self.server = make_server("127.0.0.1", 0, app, threaded=True)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})

    def __enter__(self) -> int:
        self.thread.start()
        return self.server.server_port

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
