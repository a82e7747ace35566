"""The witnesses that agencies run: who they are, what they are asked, what their answers mean (C2SP tlog-witness)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from marketplace.foundation import clock
from marketplace.foundation.db import Tx, insert
from marketplace.foundation.errors import Conflict, InvalidInput, NotFound
from security import merkle_proofs, notes, witnessing
from security.log import audit, checkpoints, tree
from security.log.models import AuditWitness
from security.notes import BadKey, BadNote
from security.principal import Context, Principal

WANTED = 2
"""How many agencies' witnesses stand behind a checkpoint before it counts as witnessed."""
CONTRADICTED = (409, 422)
"""Refusals that speak of the log's own behaviour: it is not what the witness saw before."""
_SIZE = re.compile(r"(0|[1-9][0-9]{0,15})\n?")


class BadWitness(InvalidInput):
    """This is not the key of a witness. It is the line that `marketplace witness make` prints."""


class WitnessKnown(Conflict):
    """A witness of this name is registered already, with another key."""


class NoSuchWitness(NotFound):
    """Your agency has no witness of this name."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a witness is asked: where, about which size, from which size on."""

    url: str
    size: int
    old: int
    body: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a witness said about the checkpoint of `about`.

    Lines, or the size it wants to begin from, or the status with which it contradicts the log.
    """

    about: int
    lines: str | None = None
    size: int | None = None
    refused: int | None = None


def register(tx: Tx, key: str, url: str | None, *, actor: Principal, context: Context) -> str:
    """Register a witness of the actor's agency by its verifier key. Returns its name.

    Raises BadWitness, WitnessKnown.
    """
    try:
        verifier = notes.parse_verifier(key)
    except BadKey:
        raise BadWitness() from None
    if verifier.kind != notes.WITNESS:
        raise BadWitness()
    row = insert(tx, AuditWitness).values(
        name=verifier.name, key=str(verifier), agency_id=actor.agency_id, url=url
    )
    row = row.on_conflict_do_update(
        index_elements=["name"],
        set_={"url": url},
        where=(AuditWitness.key == str(verifier)) & (AuditWitness.agency_id == actor.agency_id),
    )
    if not tx.execute(row).rowcount:
        raise WitnessKnown()
    target = audit.Target("witness", verifier.name[:80], actor.agency_id)
    audit.record(tx, "witness.register", target, actor=actor, context=context)
    return verifier.name


def acknowledge(tx: Tx, name: str, *, actor: Principal, context: Context) -> None:
    """Take note of a contradiction, so that the next one is told again. Raises NoSuchWitness."""
    done = tx.execute(
        update(AuditWitness)
        .where(AuditWitness.name == name, AuditWitness.agency_id == actor.agency_id)
        .values(refused=None, refused_at=None)
    )
    if not done.rowcount:
        raise NoSuchWitness()
    target = audit.Target("witness", name[:80], actor.agency_id)
    audit.record(tx, "witness.acknowledge", target, actor=actor, context=context)


def listing(db: Tx) -> Sequence[Any]:
    """Every witness: name, agency_id, url, size, seen_at, refused, refused_at."""
    return db.all(select(AuditWitness.__table__).order_by(AuditWitness.name))


def to_ask(db: Tx) -> list[str]:
    """The witnesses that are asked, by name; the others come by themselves."""
    chosen = select(AuditWitness.name).where(AuditWitness.url.is_not(None))
    return [row.name for row in db.all(chosen.order_by(AuditWitness.name))]


def request(db: Tx, name: str, old: int | None = None) -> Request | None:
    """The request for the newest checkpoint, from the size that the witness saw last, or from `old`.

    A witness that saw more than there is, is asked all the same: its answer is the contradiction. None where there is
    no checkpoint, or no such witness that can be asked.
    """
    row = db.one_or_none(select(AuditWitness.url, AuditWitness.size).where(AuditWitness.name == name))
    signed = checkpoints.latest(db)
    if row is None or row.url is None or signed is None:
        return None
    size = signed.checkpoint.size
    begin = min(int(row.size) if old is None else old, size)
    proof = merkle_proofs.consistency(begin, size, tree.subtrees(db, begin, size - 1))
    own = notes.Note(signed.note.text, signed.note.lines[:1])
    return Request(row.url, size, begin, witnessing.request_text(begin, proof, str(own)))


def read_answer(asked: Request, status: int, kind: str, text: str) -> Answer:
    """What an answer over HTTP means."""
    if status == 200:
        return Answer(asked.size, lines=text)
    named = _SIZE.fullmatch(text) if status == 409 and kind == "text/x.tlog.size" else None
    if named and int(named[1]) != asked.old and int(named[1]) <= asked.size:
        return Answer(asked.size, size=int(named[1]))
    return Answer(asked.size, refused=status)


def take(tx: Tx, name: str, answer: Answer) -> bool:
    """Keep what a witness said. Whether it contradicts the log for the first time: then the officers are to be told."""
    if answer.lines is not None:
        with suppress(
            BadNote
        ):  # lines that do not hold are worth as much as none: the witness stays where it was
            checkpoints.cosign(tx, answer.about, answer.lines)
        return False
    if answer.refused not in CONTRADICTED:
        return False
    now: datetime = clock.now(tx)
    first = tx.execute(
        update(AuditWitness)
        .where(AuditWitness.name == name, AuditWitness.refused.is_(None))
        .values(refused=answer.refused, refused_at=now)
    )
    if first.rowcount:
        owner: UUID | None = tx.scalar(select(AuditWitness.agency_id).where(AuditWitness.name == name))
        target = audit.Target("witness", name[:80], owner)
        context = Context("job")
        audit.record(
            tx, "witness.contradict", target, actor=None, context=context, outcome=audit.FAILED,
            detail={"status": answer.refused or 0, "size": answer.about},
        )  # fmt: skip
    return bool(first.rowcount)
