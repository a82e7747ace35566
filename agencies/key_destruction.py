"""Destroying a key for ever: two administrators of its agency sign, and then a job has its keeper destroy it.

What hangs on the key can never be read again, in no backup of the database either. A key that is still needed is not
destroyed: the current one of this year or a later one, and one that small secrets hang on. `keys rotate` moves them.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select

from agencies import kept_secrets, proposals
from agencies.errors import KeyStillNeeded, NoSuchKey
from agencies.keys import LASTING, KeyInfo, bound
from agencies.models import Agency
from agencies.proposals import IN_FORCE, Kind, Place, Proposed
from marketplace.foundation import clock, jobs
from marketplace.foundation.db import Tx
from security.log import audit
from security.principal import JOB, Context, Principal

JOB_KIND = "keys.destroy"


def propose(tx: Tx, key_id: str, payloads: int, *, actor: Principal, context: Context) -> UUID:
    """Propose to destroy a key of the actor's agency, with which `payloads` payloads become unreadable.

    Returns the proposal's id. Raises NoSuchKey, KeyStillNeeded, NotPermitted, KeyTrouble.
    """
    key = of_agency(key_id, actor.agency_slug)
    check_may_go(tx, key)
    content = {"key": key.id, "year": None if key.year == LASTING else key.year, "payloads": payloads}
    return proposals.make(
        tx, DESTROY, agency_id=actor.agency_id, content=content, actor=actor, context=context
    )


def of_agency(key_id: str, agency_slug: str) -> KeyInfo:
    """The key, where it is one of this agency. Raises NoSuchKey, KeyTrouble."""
    for each in bound.provider().listing():
        if (each.id, each.agency) == (key_id, agency_slug):
            return each
    raise NoSuchKey()


def all_of_agency(agency_slug: str) -> list[KeyInfo]:
    """The agency's keys, those that last first, then by year from the newest on. Raises KeyTrouble."""
    own = (each for each in bound.provider().listing() if each.agency == agency_slug)
    return sorted(own, key=lambda key: (key.year, key.created), reverse=True)


def check_may_go(db: Tx, key: KeyInfo) -> None:
    """Raises KeyStillNeeded."""
    why = why_it_stays(key, clock.now(db).year, kept_secrets.hanging(db).get(key.id, 0))
    if why is not None:
        raise KeyStillNeeded(why=why)


def why_it_stays(key: KeyInfo, this_year: int, secrets: int) -> str | None:
    """Why a key on which so many small secrets hang cannot be destroyed (`current`, `secrets`); None where it can."""
    if key.current and key.year >= this_year:
        return "current"
    return "secrets" if secrets else None


def destroy(db: Tx, proposal_id: UUID, payloads: int) -> None:
    """Have the keeper destroy the key of a proposal that is in force; safe to repeat.

    Looks again first whether it may go, and whether no more than was signed becomes unreadable: `payloads` is how
    many do now. Raises KeyStillNeeded, KeyTrouble.
    """
    found = proposals.read(db, proposal_id)
    key_id = found.content["key"]
    if found.kind != DESTROY.name or found.state != IN_FORCE:
        raise KeyStillNeeded(why="not_signed")
    if payloads > found.content["payloads"]:
        raise KeyStillNeeded(why="more_payloads")
    provider = bound.provider()
    for each in provider.listing():
        if each.id == key_id:
            check_may_go(db, each)
    provider.destroy(key_id)


def record(tx: Tx, proposal_id: UUID) -> None:
    """Put on the record that the key of a proposal is destroyed."""
    found = proposals.read(tx, proposal_id)
    target = audit.Target("key", found.content["key"], found.agency_id)
    detail = {"payloads": found.content["payloads"], "digest": found.digest.hex()}
    audit.record(tx, "keys.destroy", target, actor=None, context=JOB, detail=detail)


def _places(_tx: Tx, found: Proposed) -> list[Place]:
    """Two administrators of the agency whose key it is."""
    own = frozenset({found.agency_id})
    return [own, own]


def _take_effect(tx: Tx, found: Proposed, _actor: Principal, _context: Context) -> None:
    slug = tx.scalar(select(Agency.slug).where(Agency.id == found.agency_id))
    check_may_go(tx, of_agency(found.content["key"], slug))
    jobs.record(tx, JOB_KIND, {"proposal_id": found.id}, merge_key=f"key:{found.content['key']}")


DESTROY = Kind("keys.destroy", _places, _take_effect)
