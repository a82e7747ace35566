"""A list of skills from a CSV file, checked as a whole before anything is written. Pure.

Columns: `skill_id`, `label_en`, `label_de`, `label_nl`, `label_fr` are needed (an empty label falls back to English).
`uri` (or `esco_uri`) is what the list itself calls the skill; `parent` (or `area`) names another row by its code or by
its `number`. Other columns are not read.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agencies.skills.errors import BadSkillList
from marketplace.foundation.catalogues import LANGUAGES
from marketplace.foundation.errors import DomainError
from marketplace.foundation.input import clean

MOST_ROWS = 50_000
"""ESCO as a whole has 14,000 skills."""
LARGEST_FILE = 32 * 1024 * 1024
MOST_REPORTED = 100
LONGEST_LABEL = 200
LONGEST_URI = 400
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")
"""A skill's code, and a list's short name. No comma: codes are joined by commas in more than one place."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_CODE_COLUMN = "skill_id"
_NEEDED = (_CODE_COLUMN, *(f"label_{language}" for language in LANGUAGES))
_URI = ("uri", "esco_uri")
_PARENT = ("parent", "area")


@dataclass(frozen=True, slots=True)
class ListedSkill:
    """One row of a list."""

    code: str
    labels: Mapping[str, str]
    uri: str | None
    parent: str | None


@dataclass(frozen=True, slots=True)
class SkillList:
    """A list by its short name, with every skill it has."""

    source: str
    skills: Sequence[ListedSkill]


def read(data: bytes, source: str) -> SkillList:
    """The list in a CSV file. Raises BadSkillList with `errors`: {"row": line, "reason": sentence}."""
    if not CODE.fullmatch(source):
        raise _bad_file(1, "A list is named by letters, digits, points and dashes, at most 60 of them.")
    reader = _reader(_text(data))
    header = _header(reader)
    errors: list[tuple[int, str]] = []
    rows: list[tuple[int, dict[str, str]]] = []
    for line, cells in _lines(reader):
        if len(rows) + len(errors) >= MOST_ROWS:
            raise _bad_file(line, f"More than {MOST_ROWS:,} rows. No list of skills is that long.")
        if len(cells) != len(header):
            errors.append((line, f"Has {len(cells)} cells, the first line has {len(header)}."))
        else:
            rows.append((line, dict(zip(header, cells, strict=True))))
    if not rows and not errors:
        raise _bad_file(1, "There are no rows below the first line.")
    found = list(_skills(rows, errors))
    if errors:
        raise _bad(sorted(errors))
    return SkillList(source, found)


def _text(data: bytes) -> str:
    if len(data) > LARGEST_FILE:
        raise _bad_file(1, f"Larger than {LARGEST_FILE // 1024**2} MB. No list of skills is that long.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _bad_file(line, "Not UTF-8. Save the file as UTF-8 and import it again.") from None


def _reader(text: str) -> Any:
    first = text.split("\n", 1)[0]
    delimiter = ";" if first.count(";") > first.count(",") else ","
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)


def _header(reader: Any) -> list[str]:
    for _, cells in _lines(reader):
        header = [name.strip().lower() for name in cells]
        break
    else:
        raise _bad_file(1, "The file is empty.")
    missing = [name for name in _NEEDED if name not in header]
    if missing:
        raise _bad_file(1, f"Missing: {', '.join(missing)}. A list needs {', '.join(_NEEDED)}.")
    if len(set(header)) < len(header):
        raise _bad_file(1, "Two columns have the same name.")
    return header


def _lines(reader: Any) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not empty, each with the line it begins in."""
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise _bad_file(line, f"Not readable as CSV: {error}.") from None
        if any(cells):
            yield line, cells


def _skills(
    rows: Sequence[tuple[int, dict[str, str]]], errors: list[tuple[int, str]]
) -> Iterator[ListedSkill]:
    """Every good row as a skill; what is wrong with the others goes to `errors`."""
    lines: dict[str, int] = {}
    numbers = {
        row["number"].strip(): row[_CODE_COLUMN].strip() for _, row in rows if row.get("number", "").strip()
    }
    codes = {row[_CODE_COLUMN].strip() for _, row in rows}
    for line, row in rows:
        try:
            found = _skill(row, codes, numbers)
        except _Wrong as wrong:
            errors.append((line, wrong.sentence))
            continue
        if found.code in lines:
            errors.append((line, f"The code {found.code} is in line {lines[found.code]} already."))
            continue
        lines[found.code] = line
        yield found


class _Wrong(Exception):
    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


def _skill(row: Mapping[str, str], codes: set[str], numbers: Mapping[str, str]) -> ListedSkill:
    code = row[_CODE_COLUMN].strip()
    if not CODE.fullmatch(code):
        raise _Wrong("skill_id must be letters, digits, points and dashes, at most 60 of them.")
    labels = {language: _label(row, f"label_{language}") for language in LANGUAGES}
    if not labels["en"]:
        raise _Wrong("label_en is empty.")
    return ListedSkill(
        code,
        {language: label for language, label in labels.items() if label},
        _first(row, _URI, _uri),
        _first(row, _PARENT, lambda given: _parent(given, code, codes, numbers)),
    )


def _label(row: Mapping[str, str], column: str) -> str:
    try:
        label = " ".join(clean(row[column]).split())
    except DomainError:
        raise _Wrong(f"{column} contains a character that cannot be stored.") from None
    if len(label) > LONGEST_LABEL:
        raise _Wrong(f"{column} is longer than {LONGEST_LABEL} characters.")
    if row[column].startswith(_FORMULA) or label.startswith(_FORMULA):
        raise _Wrong(f"{column} begins like a formula of a spreadsheet.")
    if not label.isprintable():
        raise _Wrong(f"{column} contains a character that cannot be shown.")
    return label


def _first(row: Mapping[str, str], columns: Sequence[str], read_it: Callable[[str], str]) -> str | None:
    given = next((row[name].strip() for name in columns if row.get(name, "").strip()), None)
    return None if given is None else read_it(given)


def _uri(given: str) -> str:
    address = given.isascii() and given.isprintable() and " " not in given and len(given) <= LONGEST_URI
    if not address or not given.startswith(("https://", "http://")):
        raise _Wrong(f"uri must be an address that begins with https://, at most {LONGEST_URI} characters.")
    return given


def _parent(given: str, code: str, codes: set[str], numbers: Mapping[str, str]) -> str:
    above = given if given in codes else numbers.get(given)
    if above is None or above == code:
        raise _Wrong("parent names no other row of this list.")
    return above


def _bad_file(line: int, reason: str) -> BadSkillList:
    return _bad([(line, reason)])


def _bad(errors: Sequence[tuple[int, str]]) -> BadSkillList:
    reported = [{"row": line, "reason": reason} for line, reason in errors[:MOST_REPORTED]]
    return BadSkillList(errors=reported, count=len(errors))
