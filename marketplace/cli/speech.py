"""How commands speak: results on standard output, sentences about trouble on standard error."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any
from uuid import UUID

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

JSON = click.option("--json", "json_wanted", is_flag=True, help="Print JSON for programs.")


def listed(
    found: Any, json_wanted: bool, head: Sequence[str], rows: Sequence[Sequence[Any]], *, none: str = ""
) -> None:
    """Print what was found: as JSON for programs; else its rows under a head, or a sentence where there are none."""
    if json_wanted:
        as_json(found)
    elif none and not rows:
        click.echo(none)
    else:
        columns(head, rows)


def columns(head: Sequence[str], rows: Sequence[Sequence[Any]], *, err: bool = False) -> None:
    """Print rows under a head, aligned, one line each: readable, and still good to cut and grep."""
    table = [[str(cell).replace("\n", " ") for cell in row] for row in (head, *rows)]
    widths = [max(len(row[column]) for row in table) for column in range(len(head))]
    for row in table:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo(line.rstrip(), err=err)


def as_json(data: Any) -> None:
    """Print `data` for programs."""
    click.echo(json.dumps(data, ensure_ascii=False, indent=1, default=_plain))


@contextmanager
def working(sentence: str) -> Iterator[None]:
    """Show on standard error that something takes its time; where that is no terminal, stay silent."""
    with Console(stderr=True).status(sentence):
        yield


@contextmanager
def progress_of(title: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar on standard error; nothing where that is no terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal or not total) as progress:
        task = progress.add_task(title, total=total)
        yield lambda count: progress.advance(task, count)


def _plain(value: Any) -> str:
    if isinstance(value, (datetime, date)):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(type(value).__name__)
