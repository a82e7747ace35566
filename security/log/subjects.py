"""The pseudonyms of the security record: a bird and a number, drawn at random, one per person."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select, update

from marketplace.foundation.db import Tx, insert
from marketplace.foundation.ids import new_id
from security.log.models import LogSubject

BIRDS = (
    "avocet", "bittern", "bunting", "chough", "coot", "crake", "crane", "curlew", "dipper", "dotterel", "dunlin",
    "eider", "falcon", "fulmar", "gannet", "godwit", "grebe", "harrier", "heron", "hobby", "hoopoe", "ibis", "jay",
    "kestrel", "kite", "knot", "lapwing", "linnet", "magpie", "martin", "merlin", "nuthatch", "oriole", "osprey",
    "ouzel", "petrel", "pipit", "plover", "puffin", "quail", "rail", "raven", "redstart", "robin", "ruff", "serin",
    "shrike", "siskin", "skua", "snipe", "stork", "swift", "tern", "thrush", "turnstone", "wagtail", "warbler",
    "whimbrel", "wigeon", "wren",
)  # fmt: skip


def make(tx: Tx) -> UUID:
    """A new subject with a salt of its own and a pseudonym that nobody else has."""
    digits = 2
    while True:
        number = secrets.randbelow(10**digits)
        pseudonym = f"{secrets.choice(BIRDS)}-{number:0{digits}d}"
        row = insert(tx, LogSubject).values(id=new_id(), salt=secrets.token_bytes(32), pseudonym=pseudonym)
        made = tx.scalar(row.on_conflict_do_nothing(index_elements=["pseudonym"]).returning(LogSubject.id))
        if made is not None:
            return UUID(str(made))
        digits += 1


def find(db: Tx, pseudonym: str) -> UUID | None:
    """The subject behind a pseudonym of the record; never the person. Nobody is behind one that was erased."""
    whose = (LogSubject.pseudonym == pseudonym, LogSubject.salt.is_not(None))
    found: UUID | None = db.scalar(select(LogSubject.id).where(*whose))
    return found


def pseudonyms(db: Tx, subject_ids: Iterable[UUID]) -> dict[UUID, str]:
    """The pseudonym of each subject; one that was erased has none."""
    chosen = select(LogSubject.id, LogSubject.pseudonym).where(LogSubject.id.in_(list(subject_ids)))
    return {row.id: row.pseudonym for row in db.all(chosen)}


def erase(tx: Tx, subject_id: UUID) -> None:
    """Forget the salt of a subject that nobody refers to any more, and whose pseudonym it had.

    Its commitments can then be computed by nobody, so that no entry can be matched to a person; the entries and the
    tree over them stay as they are. The pseudonym stays taken, under an id that nothing refers to: drawn again, it
    would put what somebody wrote down about one person on another. The salt is gone for every reader of the database,
    not from its disk: PostgreSQL keeps the row's old version until VACUUM, in its write-ahead log and in backups
    longer, and SQLite may leave it in free pages.
    """
    nobodys = {"id": new_id(), "salt": None}
    tx.execute(update(LogSubject).where(LogSubject.id == subject_id).values(nobodys))
