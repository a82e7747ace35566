"""Deleting a row makes the database look for whatever refers to it: there is an index for that, or it reads all."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Column, PrimaryKeyConstraint, Table, UniqueConstraint

from deploy.tables import metadata

DELETED = ("payload",)
"""Tables whose rows go while others stay that refer to them; a draft's payload goes every few seconds."""


def referring() -> Iterator[Column[object]]:
    """Every column that refers to a row that may go."""
    for table in metadata.tables.values():
        for column in table.columns:
            if any(key.column.table.name in DELETED for key in column.foreign_keys):
                yield column


def beginnings(table: Table) -> set[str]:
    """The first column of each index of a table, its primary key and its unique constraints."""
    unique = [each for each in table.constraints if isinstance(each, PrimaryKeyConstraint | UniqueConstraint)]
    return {next(iter(each.columns)).name for each in [*table.indexes, *unique] if len(each.columns)}


def test_what_refers_to_a_payload_is_found_by_an_index() -> None:
    columns = list(referring())
    assert len(columns) >= 6
    assert not [str(each) for each in columns if each.name not in beginnings(each.table)]


def test_an_index_on_some_rows_has_all_that_refer() -> None:
    """A partial one leaves out the rows that refer to nothing, and no others."""
    for column in referring():
        for index in column.table.indexes:
            if index.columns[0].name == column.name:
                condition = index.dialect_options["postgresql"].get("where")
                assert condition is None or str(condition) == f"{column.name} IS NOT NULL", index.name
