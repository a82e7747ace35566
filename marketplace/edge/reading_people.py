"""Reading people by name, on any page and from any program: that somebody did is on the record with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from agencies import people_list
from marketplace.edge.acting import current_context, current_principal
from marketplace.foundation.db import Tx, transaction


@contextmanager
def reading_people() -> Iterator[Tx]:
    """Instead of `reading()`, where what is read names people of an agency to somebody else."""
    with transaction() as tx:
        yield tx
        people_list.note_reading(tx, actor=current_principal(), context=current_context())
