"""Rows from CSV text, each checked against a form before anything is written. Pure.

Every bad row is reported with its line in the file and the reason, in one go, so that an owner mends a file once.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from marketplace.foundation.errors import DomainError
from marketplace.foundation.input import clean
from tasks.errors import BadFile, BadRows

LONGEST_CELL = 20_000
LONGEST_TEXT = 64 * 1024 * 1024
MOST_ROWS = 100_000
MOST_REPORTED = 500


def items(text: str, form: Mapping[str, Any]) -> list[dict[str, str]]:
    """The items in CSV `text` (header row, comma or semicolon) by field name. Raises BadRows with `errors`,
    BadFile where it is not about single rows.

    `errors` is a list of {"row": line number, "reason": sentence}; line 1 is the header.
    """
    reader = _reader(text)
    header = _header(reader)
    columns = {field["name"]: field.get("column") or field["name"] for field in form["fields"]}
    missing = [column for column in dict.fromkeys(columns.values()) if column not in header]
    if missing:
        lack = "The columns {} are missing." if len(missing) > 1 else "The column {} is missing."
        raise _bad_file(1, f"{lack.format(_quoted(missing))} There is: {_quoted(header)}.")
    found: list[dict[str, str]] = []
    errors: list[tuple[int, str]] = []
    for line, cells in _lines(reader, errors):
        problem = _problem(cells, header, columns, form)
        if problem:
            errors.append((line, problem))
            continue
        row = dict(zip(header, cells, strict=True))
        found.append({name: clean(row[column].strip()) for name, column in columns.items()})
        if len(found) > MOST_ROWS:
            raise _bad_file(line, f"More than {MOST_ROWS:,} rows. Split the file.")
    if not found and not errors:
        raise _bad_file(1, "There are no rows below the header.")
    if errors:
        raise _bad(errors)
    return found


def cell(value: Any) -> str:
    """A value as a CSV cell that no spreadsheet takes for a formula."""
    text = "" if value is None else str(value)
    return "'" + text if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _reader(text: str) -> Any:
    csv.field_size_limit(
        LONGEST_TEXT
    )  # a huge cell is reported by its column, and the rows after it are read
    first = text.split("\n", 1)[0]
    delimiter = ";" if first.count(";") > first.count(",") else ","
    return csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=delimiter, strict=True)


def _header(reader: Any) -> list[str]:
    try:
        header = [unicodedata.normalize("NFC", name.strip()) for name in next(reader)]
    except StopIteration:
        raise _bad_file(1, "The file is empty.") from None
    except csv.Error as error:
        raise _bad_file(1, f"Not readable as CSV: {error}.") from None
    if not header:
        raise _bad_file(1, "The first line is empty. It must name the columns.")
    twins = [name for name, count in Counter(header).items() if count > 1]
    if twins:
        raise _bad_file(1, f"More than one column is named {_quoted(twins)}.")
    return header


def _lines(reader: Any, errors: list[tuple[int, str]]) -> Iterator[tuple[int, list[str]]]:
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            errors.append((line, f"Not readable as CSV: {error}."))
            return  # past a broken quote nothing can be told apart any more
        if cells:
            yield line, cells


def _problem(
    cells: list[str], header: Sequence[str], columns: Mapping[str, str], form: Mapping[str, Any]
) -> str | None:
    if len(cells) != len(header):
        return f"Has {len(cells)} {'cell' if len(cells) == 1 else 'cells'}, the header has {len(header)}."
    row = dict(zip(header, cells, strict=True))
    for field in form["fields"]:
        value = row[columns[field["name"]]]
        if len(value) > LONGEST_CELL:
            return (
                f"The cell in {_quoted([columns[field['name']]])} is longer than {LONGEST_CELL} characters."
            )
        if field["required"] and not value.strip():
            return f"The cell in {_quoted([columns[field['name']]])} is empty."
        try:
            clean(value)
        except DomainError:
            return (
                f"The cell in {_quoted([columns[field['name']]])} contains a character that cannot be stored."
            )
    return None


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f"“{name[:60]}”" for name in names[:20])


def _bad_file(line: int, reason: str) -> BadFile:
    return BadFile(errors=[{"row": line, "reason": reason}], count=1)


def _bad(errors: list[tuple[int, str]]) -> BadRows:
    reported = [{"row": line, "reason": reason} for line, reason in errors[:MOST_REPORTED]]
    return BadRows(errors=reported, count=len(errors))
