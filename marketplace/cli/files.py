"""Reading what people wrote: text files as UTF-8, campaign settings as TOML. Trouble is a sentence with its place."""

from __future__ import annotations

import tomllib
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import click


def text_of(path: Path) -> str:
    """The text of a UTF-8 file, with or without a byte order mark. Raises ClickException with line and byte."""
    data = path.read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        guess = " It looks like UTF-16." if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ""
        raise click.ClickException(
            f"{path.name} is not UTF-8: byte {error.start + 1}, in line {line}, is 0x{data[error.start]:02x}.{guess} "
            "Save it as UTF-8 and import it again."
        ) from None


def spec_of(path: Path) -> dict[str, Any]:
    """The settings in a TOML file, with dates as ISO texts. Raises ClickException with the place of a mistake."""
    try:
        spec = tomllib.loads(text_of(path))
    except tomllib.TOMLDecodeError as error:
        raise click.ClickException(f"{path.name} is not valid TOML: {error}.") from None
    plain: dict[str, Any] = _plain(spec)
    return plain


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(below) for name, below in value.items()}
    if isinstance(value, list):
        return [_plain(below) for below in value]
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    return value
