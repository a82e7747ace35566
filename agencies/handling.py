"""How an agency has its work of each level handled: who can open it, how long it is kept, what holds at the screen.

It is the agency that owns the work whose rules hold, wherever the reader comes from. Rules at the screen are about
sealed work only, and only in the networks they name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any
from uuid import UUID

from marshmallow import fields as field
from marshmallow import validate
from sqlalchemy import Row, select

from agencies import people
from agencies.agreement_specs import read
from agencies.device_models import AgencyHandling
from agencies.errors import NoSuchLevel
from marketplace.foundation import clock
from marketplace.foundation.db import Tx, insert
from marketplace.foundation.input import Flag, Input, Whole, entries
from security.labels import Level
from security.log import audit
from security.principal import Context, Principal, Role, Zone

NONE, SERVER, END_TO_END = "none", "server", "end_to_end"
"""Who can open the content: whoever reads the database; the server after a decision; the owner's side alone."""

MOST_DAYS, MOST_VIEWS, MOST_MINUTES = 36_500, 1_000, 240


@dataclass(frozen=True, slots=True)
class Handling:
    """How work of one level is handled. `views` and `idle_minutes` are None where there is no limit.

    `one_at_a_time`, `views` (how many times the item of one claim may be opened), `idle_minutes`, `watermark` and
    `may_export` hold in the network `zones`; elsewhere nothing of it does, and results may be exported.
    """

    protection: str
    keep_days: int
    zones: frozenset[Zone] = frozenset()
    one_at_a_time: bool = False
    views: int | None = None
    idle_minutes: int | None = None
    watermark: bool = False
    may_export: bool = True


_AWAY = frozenset({Zone.HOME, Zone.PUBLIC})
DEFAULTS: Mapping[Level, Handling] = {
    Level.PUBLIC: Handling(NONE, 365),
    Level.INTERNAL: Handling(NONE, 365),
    Level.SENSITIVE: Handling(SERVER, 365, _AWAY, True, 20, 10, True, False),
    Level.RESTRICTED: Handling(SERVER, 365, _AWAY, True, 10, 5, True, False),
}
"""What holds until an agency says otherwise."""


class OpenSpec(Input):
    """What may be set for work that is not sealed; what is left out stays."""

    keep_days = Whole(1, MOST_DAYS)


class SealedSpec(OpenSpec):
    """What may be set for sealed work; what is left out stays."""

    protection = field.String(validate=validate.OneOf([SERVER, END_TO_END]))
    zones = field.List(
        field.String(validate=validate.OneOf([zone.value for zone in Zone])), validate=entries(0, len(Zone))
    )
    one_at_a_time = Flag()
    views = Whole(1, MOST_VIEWS, allow_none=True)
    idle_minutes = Whole(1, MOST_MINUTES, allow_none=True)
    watermark = Flag()
    may_export = Flag()


def is_sealed(level: Level) -> bool:
    """Whether work of a level lies sealed. That is so everywhere; how, each agency decides."""
    return DEFAULTS[level].protection != NONE


def level_named(word: str) -> Level:
    """The level that an address names. Raises NoSuchLevel."""
    try:
        return Level.parse(word)
    except ValueError:
        raise NoSuchLevel() from None


def of(db: Tx, agency_id: UUID, level: Level) -> Handling:
    """How an agency has its work of a level handled."""
    mine = (AgencyHandling.agency_id == agency_id, AgencyHandling.level == int(level))
    row = db.one_or_none(select(*_COLUMNS).where(*mine))
    return DEFAULTS[level] if row is None else _read(row)


def all_of(db: Tx, agency_id: UUID) -> dict[Level, Handling]:
    """The same for every level, from the lowest on."""
    rows = db.all(select(AgencyHandling.level, *_COLUMNS).where(AgencyHandling.agency_id == agency_id))
    return {**DEFAULTS, **{Level(row.level): _read(row) for row in rows}}


def change(tx: Tx, level: Level, given: Mapping[str, Any], *, actor: Principal, context: Context) -> Handling:
    """Change how work of a level is handled at the actor's agency (`SealedSpec`, or `OpenSpec`). Returns all of it.

    How a campaign is protected and until when it is kept was fixed when it was posted; the rest holds from now on.
    Raises BadAgencySettings with `errors` by field, NotPermitted.
    """
    people.still_holds(tx, actor, Role.AGENCY_ADMIN)
    spec = read(SealedSpec if is_sealed(level) else OpenSpec, given)
    if "zones" in spec:
        spec["zones"] = sorted(set(spec["zones"]))
    if spec:
        _write(tx, actor, level, spec)
        target = audit.Target("handling", level.label_key, actor.agency_id)
        audit.record(tx, "handling.set", target, actor=actor, context=context, detail={"set": spec})
    return of(tx, actor.agency_id, level)


def _write(tx: Tx, actor: Principal, level: Level, spec: Mapping[str, Any]) -> None:
    """In one statement, so that what is left out stays also where two administrators change things at once."""
    changed = {**spec, "changed_by": actor.person_id, "changed_at": clock.now(tx)}
    first = {**asdict(DEFAULTS[level]), "zones": sorted(DEFAULTS[level].zones), **changed}
    row = insert(tx, AgencyHandling).values({"agency_id": actor.agency_id, "level": int(level)} | first)
    tx.execute(row.on_conflict_do_update(index_elements=["agency_id", "level"], set_=changed))


_COLUMNS = [getattr(AgencyHandling, each.name) for each in fields(Handling)]


def _read(row: Row[Any]) -> Handling:
    values = {each.name: getattr(row, each.name) for each in fields(Handling)}
    return Handling(**values | {"zones": frozenset(Zone(zone) for zone in row.zones)})
