"""Entries by number, for whoever checks the tree: the body where it concerns the reader, else its leaf hash."""

from __future__ import annotations

from sqlalchemy import or_, select

from marketplace.foundation.db import Tx
from security.log import audit, tree
from security.log.filtering import reach
from security.log.models import AuditEntry
from security.merkle import HASH_BYTES
from security.principal import Context, Principal
from security.tiles import WIDTH


def entries(tx: Tx, first: int, count: int, *, actor: Principal, context: Context) -> list[bytes]:
    """What the reader gets of `count` entries from `first` on; the reading goes on the record.

    An element of 32 bytes is a leaf hash: of another agency's entry, or of one whose body has expired.
    """
    target = audit.Target("log", None, actor.agency_id)
    audit.record(
        tx, "log.read", target, actor=actor, context=context, detail={"first": first, "count": count}
    )
    chosen = select(AuditEntry.number, AuditEntry.body).where(
        AuditEntry.number >= first, AuditEntry.number < first + count
    )
    chosen = chosen.where(or_(*reach(actor)))
    bodies = {row.number: bytes(row.body) for row in tx.all(chosen)}
    return [bodies.get(number) or leaf for number, leaf in enumerate(leaves(tx, first, count), start=first)]


def leaves(db: Tx, first: int, count: int) -> list[bytes]:
    """The leaf hashes of `count` entries from `first` on, out of the tree, whether or not their bodies are kept."""
    found: list[bytes] = []
    last = first + count
    while first < last:
        number, place = divmod(first, WIDTH)
        take = min(WIDTH - place, last - first)
        row = tree.hashes(db, 0, number)[place * HASH_BYTES : (place + take) * HASH_BYTES]
        found += [row[at : at + HASH_BYTES] for at in range(0, len(row), HASH_BYTES)]
        first += take
    return found
