"""The proof of everything that a search finds, to hand over to an authority: checked offline, without us."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select

from marketplace.foundation.db import Tx
from marketplace.foundation.errors import InvalidInput
from security.log import audit, bundles, proving
from security.log.filtering import Filters, conditions, reach
from security.log.models import AuditEntry
from security.principal import Context, Principal

MOST = 10_000
"""Entries in one file."""
NEAR = 32
"""Entries this near share a part, with hashes of those in between: shorter than a way to the root for each."""


class TooManyToHandOver(InvalidInput):
    """At most 10,000 entries go into one file. Narrow the search down, by days for example."""


def prove(
    tx: Tx, asked: Filters, *, about: tuple[str, UUID], actor: Principal, context: Context
) -> dict[str, Any]:
    """The proof of what a search finds in what concerns the reader, as `security/verifier.py` reads it.

    It is on the record as taken along, for `about` (the kind and the id of a thing). Raises TooManyToHandOver,
    NotSignedYet.
    """
    wanted = [or_(*reach(actor)), *conditions(asked)]
    chosen = select(AuditEntry.number, AuditEntry.body).where(*wanted).order_by(AuditEntry.number)
    rows = tx.all(chosen.limit(MOST + 1))
    if len(rows) > MOST:
        raise TooManyToHandOver()
    size = rows[-1].number + 1 if rows else 0
    parts = [_part(tx, run) for run in runs([row.number for row in rows])]
    bodies = {row.number: bytes(row.body) for row in rows}
    shown = [
        (first, [bodies.get(first + at) or leaf for at, leaf in enumerate(leaves)]) for first, leaves in parts
    ]
    document = proving.document(tx, proving.newest(tx, size), shown)
    target = audit.followed(asked.follows, audit.Target(*about, actor.agency_id))
    detail = {"entries": len(rows), **({"first": rows[0].number, "last": rows[-1].number} if rows else {})}
    audit.record(tx, "log.export", target, actor=actor, context=context, detail=detail)
    return document


def runs(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """The first and the last number of each part, of ascending numbers; near ones share a part. Pure."""
    found: list[tuple[int, int]] = []
    for number in numbers:
        if found and number - found[-1][1] <= NEAR:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found


def _part(tx: Tx, run: tuple[int, int]) -> tuple[int, list[bytes]]:
    first, last = run
    return first, bundles.leaves(tx, first, last - first + 1)
