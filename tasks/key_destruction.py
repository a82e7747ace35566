"""Destroying keys, as far as payloads go: how many become unreadable is counted at the proposal and at the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from agencies import kept_secrets, key_destruction, proposals
from agencies.keys import KeyInfo
from marketplace.foundation import clock
from marketplace.foundation.db import Tx
from security.labels import Level
from security.principal import Context, Principal
from tasks import rewrapping


@dataclass(frozen=True, slots=True)
class Kept:
    """A key of an agency's, how many payloads and small secrets hang on it, and why it cannot be destroyed (None: it
    can).
    """

    key: KeyInfo
    payloads: int
    secrets: int
    why_it_stays: str | None


@dataclass(frozen=True, slots=True)
class Lost:
    """What nobody can read any more once a key is destroyed.

    Of campaigns no more than how many they are, their levels, and the last day that one of them is to be kept to:
    who administers an agency need not know its campaigns.
    """

    kept: Kept
    payloads: int
    campaigns: int
    levels: Sequence[Level]
    keep_until: date | None


def listing(db: Tx, agency_slug: str) -> list[Kept]:
    """Every key that the marketplace keeps for an agency, those that last first, then the newest years. Raises
    KeyTrouble.
    """
    payloads, secrets, year = rewrapping.hanging(db), kept_secrets.hanging(db), clock.now(db).year
    return [
        Kept(
            each,
            payloads.get(each.id, 0),
            secrets.get(each.id, 0),
            key_destruction.why_it_stays(each, year, secrets.get(each.id, 0)),
        )
        for each in key_destruction.all_of_agency(agency_slug)
    ]


def described(db: Tx, key_id: str, agency_slug: str) -> Lost:
    """What is lost with a key of this agency. Raises NoSuchKey, KeyTrouble."""
    key = key_destruction.of_agency(key_id, agency_slug)
    kept = next(each for each in listing(db, agency_slug) if each.key.id == key.id)
    campaigns = rewrapping.campaigns_on(db, key.id)
    return Lost(
        kept,
        rewrapping.lost_with(db, key.id),
        len(campaigns),
        sorted({Level(row.level) for row in campaigns}),
        max((row.keep_until for row in campaigns if row.keep_until is not None), default=None),
    )


def propose(tx: Tx, key_id: str, *, actor: Principal, context: Context) -> UUID:
    """Propose to destroy a key of the actor's agency. Returns the proposal's id.

    Raises NoSuchKey, KeyStillNeeded, NotPermitted, KeyTrouble.
    """
    key = key_destruction.of_agency(key_id, actor.agency_slug)
    payloads = rewrapping.lost_with(tx, key.id)
    return key_destruction.propose(tx, key.id, payloads, actor=actor, context=context)


def destroy(db: Tx, proposal_id: UUID) -> None:
    """Destroy the key of a proposal that is in force, unless more hangs on it by now than was signed.

    Safe to repeat. Raises KeyStillNeeded, KeyTrouble.
    """
    key_id = proposals.read(db, proposal_id).content["key"]
    key_destruction.destroy(db, proposal_id, rewrapping.lost_with(db, key_id))
