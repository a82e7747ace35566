"""`marketplace api describe`, and what every command owes a newcomer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from deploy.commands import group
from tests.cli.conftest import Terminal


def test_the_description_needs_neither_database_nor_settings(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[2]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MARKET_")}
    done = subprocess.run(
        [sys.executable, "-c", "from deploy.commands import main; main()", "api", "describe"],
        cwd=tmp_path,
        env=environment | {"PYTHONPATH": str(root)},
        capture_output=True,
        check=True,
    )
    assert json.loads(done.stdout)["openapi"] == "3.1.0"
    assert list(tmp_path.iterdir()) == []


def test_trouble_with_settings_is_a_sentence(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[2]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MARKET_")}
    refused = subprocess.run(
        [sys.executable, "-c", "from deploy.commands import main; main()", "job", "list"],
        cwd=tmp_path,
        env=environment | {"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 1
    assert "MARKET_SECRET_KEY" in refused.stderr
    assert "Traceback" not in refused.stderr


def _commands(
    at: click.Group, words: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name, command in at.commands.items():
        yield (*words, name), command
        if isinstance(command, click.Group):
            yield from _commands(command, (*words, name))


EVERY = list(_commands(group))


@pytest.mark.parametrize(("words", "command"), EVERY, ids=[" ".join(words) for words, _ in EVERY])
def test_help_explains_every_command(words: tuple[str, ...], command: click.Command) -> None:
    shown = Terminal(Path(), {}).type(*words, "--help")
    assert shown.exit_code == 0
    assert command.help
    assert len(command.get_short_help_str(limit=300)) <= 90
    options = [option for option in command.params if isinstance(option, click.Option)]
    assert all(option.help for option in options)
    if words[0] in ("campaign", "job", "api") and not isinstance(command, click.Group):
        assert f"Example: marketplace {' '.join(words)}" in (command.help or "")


def test_the_first_help_lists_every_noun() -> None:
    shown = Terminal(Path(), {}).type("--help").stdout
    assert all(noun in shown for noun in ("api", "campaign", "db", "demo", "job"))
