"""A key's name is taken for one, also where it looks like an option."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from marketplace.cli.key_names import KeyNamed

DASHED = "-huSq3mZ0Q7Y1vN9pT4kLw8eR2xC6bD5fG0jH3iK1aM"
PLAIN = "zhuSq3mZ0Q7Y1vN9pT4kLw8eR2xC6bD5fG0jH3iK1aM"


@click.command(cls=KeyNamed, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("name")
@click.option("--device")
@click.option("--json", "wanted", is_flag=True)
def end(name: str, device: str | None, wanted: bool) -> None:
    click.echo(f"{name} {device} {wanted}")


@pytest.mark.parametrize("name", [DASHED, PLAIN, f"-{DASHED[:-1]}"])
@pytest.mark.parametrize(
    ("before", "behind", "said"),
    [
        ([], [], "None False"),
        (["--json"], [], "None True"),
        ([], ["--json"], "None True"),
        (["--"], [], "None False"),
        (["--device", DASHED], ["--json"], f"{DASHED} True"),
        ([f"--device={DASHED}"], [], f"{DASHED} False"),
    ],
)
def test_a_name_is_taken_wherever_it_stands(
    name: str, before: list[str], behind: list[str], said: str
) -> None:
    assert CliRunner().invoke(end, [*before, name, *behind]).output == f"{name} {said}\n"


def test_another_word_with_a_dash_is_an_option_still() -> None:
    assert "No such option" in CliRunner().invoke(end, ["--jsno", PLAIN]).output
    assert "Usage:" in CliRunner().invoke(end, ["-h"]).output
