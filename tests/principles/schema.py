"""The schema as the promises look at it."""

from collections.abc import Iterator

from sqlalchemy import Column, Table

from deploy.tables import metadata
from marketplace.foundation.db import Base


def columns() -> Iterator[tuple[Table, Column[object]]]:
    """Every column of every table."""
    for table in metadata.tables.values():
        for column in table.columns:
            yield table, column


def tables_of(package: str) -> list[Table]:
    """The tables that the models of a package declare."""
    return [
        mapper.local_table  # type: ignore[misc]
        for mapper in Base.registry.mappers
        if mapper.class_.__module__.startswith(package)
    ]
