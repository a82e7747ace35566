"""Growing numbers: a PostgreSQL sequence, or a counter row where the database has no sequences (SQLite).

Numbers grow and are never reused; a rolled-back transaction may leave a gap.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, ColumnElement, String, literal, literal_column, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.foundation.db import Base, Tx

NAMES = ("microtask_seq", "notice_place")
"""Every sequence there is; the first migration creates them."""


class Counter(Base):
    """SQLite's stand-in for sequences; empty on PostgreSQL."""

    __tablename__ = "counter"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[int] = mapped_column(BigInteger, nullable=False)


def numbers(tx: Tx, name: str, count: int = 1) -> list[int]:
    """Take `count` new numbers, growing."""
    if name not in NAMES:
        raise ValueError(f"no sequence is called {name}")
    if tx.dialect == "postgresql":
        rows = tx.all(text(f"SELECT nextval('{name}') FROM generate_series(1, :count)"), {"count": count})  # noqa: S608
        return sorted(int(row[0]) for row in rows)
    last = tx.scalar(
        text(
            "INSERT INTO counter (name, value) VALUES (:name, :count) "
            "ON CONFLICT (name) DO UPDATE SET value = counter.value + :count RETURNING value"
        ),
        {"name": name, "count": count},
    )
    return list(range(int(last) - count + 1, int(last) + 1))


def following(tx: Tx, name: str) -> ColumnElement[int]:
    """SQL for one new number, to be used inside a statement."""
    if tx.dialect == "postgresql":
        return literal_column(f"nextval('{name}')", BigInteger)
    return literal(numbers(tx, name)[0], BigInteger)
