"""Rows from CSV text: every bad one with its line, and cells that no spreadsheet takes for a formula."""

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.errors import BadFile, BadRows
from tasks.table import LONGEST_CELL, cell, items
from tests.builders import a_form

FORM = a_form(
    fields=[
        {"name": "entry", "label": "Entry", "required": True},
        {"name": "place", "label": "Place", "column": "Where", "required": False},
    ]
)


def bad(text: str) -> list[tuple[int, str]]:
    with pytest.raises(BadRows) as error:
        items(text, FORM)
    return [(entry["row"], entry["reason"]) for entry in error.value.facts["errors"]]


def test_columns_are_found_by_name_in_any_order() -> None:
    assert items("Where,extra,entry\nOslo,x,gull\n", FORM) == [{"entry": "gull", "place": "Oslo"}]


def test_semicolons_and_a_byte_order_mark_are_understood() -> None:
    assert items("\ufeffentry;Where\ngull;Oslo\n", FORM) == [{"entry": "gull", "place": "Oslo"}]


def test_a_missing_column_is_named_beside_what_there_is() -> None:
    assert bad("entry\ngull\n") == [(1, "The column “Where” is missing. There is: “entry”.")]


def test_an_empty_file_says_so() -> None:
    assert bad("") == [(1, "The file is empty.")]


def test_a_file_with_a_header_only_says_so() -> None:
    assert bad("entry,Where\n") == [(1, "There are no rows below the header.")]


def test_a_line_is_counted_as_an_editor_counts_it() -> None:
    """A cell over three lines and an empty line come before the bad row."""
    assert [line for line, _ in bad('entry,Where\n"a\nb\nc",Oslo\n\n,Oslo\n')] == [6]


def test_every_bad_row_is_reported() -> None:
    assert [line for line, _ in bad("entry,Where\n,a\nfine,b\nshort\n")] == [2, 4]


def test_a_required_cell_that_is_blank_is_named() -> None:
    assert "“entry” is empty" in bad("entry,Where\n  ,Oslo\n")[0][1]


def test_a_very_long_cell_is_named() -> None:
    assert "longer than" in bad(f"entry,Where\n{'x' * (LONGEST_CELL + 1)},Oslo\n")[0][1]


def test_a_broken_quote_is_reported() -> None:
    assert "Not readable as CSV" in bad('entry,Where\n"gull,Oslo\n')[0][1]


def test_twin_columns_are_refused() -> None:
    assert bad("entry,entry,Where\na,b,c\n") == [(1, "More than one column is named “entry”.")]


def test_several_missing_columns_are_named_together() -> None:
    assert bad("size\n1\n") == [(1, "The columns “entry”, “Where” are missing. There is: “size”.")]


def test_a_first_line_without_names_says_so() -> None:
    assert bad("\nentry,Where\na,b\n") == [(1, "The first line is empty. It must name the columns.")]


def test_cells_are_counted_in_words_that_fit() -> None:
    assert [reason for _, reason in bad("entry,Where\na\na,b,c\n")] == [
        "Has 1 cell, the header has 2.", "Has 3 cells, the header has 2.",
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["", "\n", "size\n1\n", "entry,entry\n", "entry,Where\n"])
def test_a_file_that_is_wrong_itself_is_not_said_to_have_bad_rows(text: str) -> None:
    with pytest.raises(BadFile, match="The file cannot be imported as it is"):
        items(text, FORM)


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r"])
def test_a_cell_is_never_a_formula(first: str) -> None:
    assert cell(f"{first}1+1") == f"'{first}1+1"


def test_a_cell_without_a_value_is_empty() -> None:
    assert cell(None) == ""


_cells = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=20)


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(_cells, _cells), min_size=1, max_size=5))
def test_what_a_csv_writer_wrote_is_read(rows: list[tuple[str, str]]) -> None:
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows([("entry", "Where"), *rows])
    wanted = [(entry, place) for entry, place in rows]
    if any(not entry.strip() for entry, _ in wanted):
        assert bad(written.getvalue())
    else:
        assert len(items(written.getvalue(), FORM)) == len(rows)
