"""Rotating keys: a new key for an agency and retention year, and everything that hangs on the older ones moved to it.

It may be killed anywhere. Whoever starts it again within a day goes on with the key that was made; the record has
the making of the key and the end of the moving.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from agencies import kept_secrets, key_renewals
from agencies.keys import LASTING, KeyInfo, KeyProvider
from agencies.models import Agency
from marketplace.foundation import clock
from marketplace.foundation.db import Tx, reading, transaction
from security.log import audit
from security.principal import Context
from tasks import rewrapping
from tasks.rewrapping import Step

UNFINISHED_FOR = timedelta(days=1)
"""A key of this age at most, beside older ones that something hangs on: its rotation was cut short and goes on."""


@dataclass(frozen=True, slots=True)
class Part:
    """One agency and year: the key that everything moves to, whether it is new, and what moves from where."""

    agency: str
    agency_id: UUID | None
    year: int
    to: str
    made: bool
    slots: dict[str, int]
    """How many slots hang on each older key."""

    @property
    def waiting(self) -> int:
        return sum(self.slots.values())


def chosen(keys: KeyProvider, agency: str | None = None, year: int | None = None) -> list[tuple[str, int]]:
    """The agencies and years that have keys, all or those asked for."""
    return sorted(
        {
            (each.agency, each.year)
            for each in keys.listing()
            if agency in (None, each.agency) and year in (None, each.year)
        }
    )


def begin(keys: KeyProvider, agency: str, year: int, context: Context) -> Part:
    """Make a new key, or take up a rotation that was cut short. Raises KeyTrouble."""
    mine = [each for each in keys.listing() if (each.agency, each.year) == (agency, year)]
    [current] = [each for each in mine if each.current]
    with reading() as db:
        hanging, secrets, now = rewrapping.hanging(db), kept_secrets.hanging(db), clock.now(db)
        agency_id = db.scalar(select(Agency.id).where(Agency.slug == agency))
    before = [each for each in mine if not each.current]
    if before and now - current.created < UNFINISHED_FOR:
        part = Part(agency, agency_id, year, current.id, False, _under(hanging, before))
        _put_on_record(part, context)
        # Where only secrets hang on older keys, they are all that is left to move.
        if part.slots or (year == LASTING and _under(secrets, before)):
            return part
    part = Part(agency, agency_id, year, keys.renew(agency, year), True, _under(hanging, mine))
    _put_on_record(part, context)
    return part


def move(keys: KeyProvider, part: Part) -> Iterator[Step]:
    """Move what hangs on the older keys, a step at a time. Raises KeyTrouble.

    A process that has not heard of the new key yet may leave a slot under an older one: it goes with the next run.
    """
    for key_id in part.slots:
        yield from rewrapping.move(keys, key_id, part.to)


def move_secrets(tx: Tx, keys: KeyProvider, part: Part) -> tuple[int, int]:
    """Move the agency's small secrets to its key for them: (how many moved, how many did not open)."""
    if part.agency_id is None:
        return 0, 0
    to = part.to if part.year == LASTING else keys.current(part.agency, LASTING)
    return kept_secrets.move(tx, keys, part.agency_id, to)


def end(tx: Tx, part: Part, moved: int, refused: int, context: Context) -> None:
    """Put on the record what was moved, and how many slots did not open."""
    _record(tx, "keys.rotate", part, context, {"moved": moved, "refused": refused})


def _put_on_record(part: Part, context: Context) -> None:
    with transaction() as tx:
        key_renewals.put_on_record(tx, part.to, part.agency_id, part.waiting, context)


def _under(hanging: dict[str, int], keys: list[KeyInfo]) -> dict[str, int]:
    return {each.id: hanging[each.id] for each in keys if each.id in hanging}


def _record(tx: Tx, act: str, part: Part, context: Context, detail: dict[str, int]) -> None:
    target = audit.Target("key", part.to, part.agency_id)
    audit.record(tx, act, target, actor=None, context=context, detail=detail)
