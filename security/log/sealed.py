"""How far the record is sealed: the newest signature that enough witnesses stand behind, and who contradicts it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from marketplace.foundation import clock
from marketplace.foundation.db import Tx
from security.log import checkpoints, witnesses
from security.log.checkpoints import Signed

LATE = timedelta(minutes=10)
"""Newer entries are normal for a moment: witnesses that are asked follow within seconds, others within minutes."""


class State(StrEnum):
    """What can be said of the record, from nothing at all to the worst."""

    UNSIGNED = "unsigned"
    UNWITNESSED = "unwitnessed"
    SEALED = "sealed"
    BEHIND = "behind"
    CONTRADICTED = "contradicted"


@dataclass(frozen=True, slots=True)
class Follower:
    """An agency that runs a witness: whether it cosigned the checkpoint that is shown, whether it contradicts."""

    agency_id: UUID | None
    names: tuple[str, ...]
    cosigned: bool
    contradicts: bool


@dataclass(frozen=True, slots=True)
class Seal:
    """The checkpoint that is shown. `newer` entries are signed after it, by the marketplace only.

    `at` is when the last of its witnesses cosigned, without witnesses when it was signed; `age` is how long ago.
    """

    state: State
    size: int = 0
    newer: int = 0
    at: datetime | None = None
    age: timedelta = timedelta()
    followers: tuple[Follower, ...] = ()

    @property
    def cosigned(self) -> int:
        """How many agencies found the record whole up to here."""
        return sum(each.cosigned for each in self.followers)


def seal(db: Tx) -> Seal:
    """How far the record is sealed now.

    The newest checkpoint that as many witnesses cosigned as are wanted, or else one at least.
    """
    registered = witnesses.listing(db)
    newest = checkpoints.latest(db)
    if newest is None:
        return Seal(_worst(registered, State.UNSIGNED), followers=_followers(registered, {}))
    following = [row for row in registered if row.seen_at is not None]
    shown = _witnessed(db, len(following))
    if shown is None:
        state = _worst(registered, State.UNWITNESSED)
        return _of(db, state, newest, newest.signed_at, 0, _followers(registered, {}))
    at = max(shown.witnessed.values())
    newer = newest.checkpoint.size - shown.checkpoint.size
    late = newer > 0 and clock.now(db) - at > LATE
    state = _worst(registered, State.BEHIND if late else State.SEALED)
    return _of(db, state, shown, at, newer, _followers(registered, shown.witnessed))


def _witnessed(db: Tx, following: int) -> Signed | None:
    """The newest checkpoint with as many cosignatures as are wanted, or as there can be; else with one."""
    for enough in (min(witnesses.WANTED, following), 1):
        found = checkpoints.latest(db, witnesses=enough) if following else None
        if found is not None:
            return found
    return None


def _of(
    db: Tx, state: State, signed: Signed, at: datetime, newer: int, followers: tuple[Follower, ...]
) -> Seal:
    # A witness's clock is its own: one that is ahead of ours cosigned now.
    age = max(clock.now(db) - at, timedelta())
    return Seal(state, signed.checkpoint.size, newer, at, age, followers)


def _worst(registered: Sequence[Any], otherwise: State) -> State:
    return State.CONTRADICTED if any(row.refused is not None for row in registered) else otherwise


def _followers(registered: Sequence[Any], witnessed: Mapping[str, datetime]) -> tuple[Follower, ...]:
    """The witnesses by agency: an agency that runs two counts once."""
    by_agency: dict[Any, list[Any]] = {}
    for row in registered:
        by_agency.setdefault(row.agency_id or row.name, []).append(row)
    return tuple(
        Follower(
            rows[0].agency_id,
            tuple(row.name for row in rows),
            any(row.name in witnessed for row in rows),
            any(row.refused is not None for row in rows),
        )
        for rows in by_agency.values()
    )
