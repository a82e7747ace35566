"""Terms between agencies: without them, a task that one posts stays inside it.

Terms say up to which label work of `owner` may be done by people of `guest`, whose house rules hold for it, whose
hours it takes, and who answers a request for data. An administrator of each side signs them; either ends them at
once. Whose rules of access hold is no question: those of both always do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, or_, select, update
from sqlalchemy.orm import aliased

from agencies import directory, people, proposals
from agencies.agreement_specs import TermsSpec, read
from agencies.errors import BadAgencySettings, NoSuchTerms, UnknownAgency
from agencies.models import Agency, SharingTerms
from agencies.proposals import Kind, Place, Proposed
from marketplace.foundation import clock
from marketplace.foundation.db import Tx
from marketplace.foundation.ids import new_id
from security.labels import Level
from security.log import audit
from security.principal import Context, Principal, Role

SAID = ("rules_of", "hours_of", "requests_to", "note")


def propose(tx: Tx, given: Mapping[str, Any], *, actor: Principal, context: Context) -> UUID:
    """Propose terms (`TermsSpec`) between the actor's agency and another. Returns the proposal's id.

    Raises BadAgencySettings, NotPermitted, NotYoursToSign.
    """
    spec = read(TermsSpec, given)
    sides = {side: _side(tx, side, spec[side]) for side in ("owner", "guest")}
    until = spec["until"]
    if until is not None and until < clock.now(tx).date():
        raise BadAgencySettings(errors={"until": ["This day is over."]})
    content = spec | {"until": until.isoformat() if until else None}
    other = sides["guest"] if sides["owner"] == actor.agency_id else sides["owner"]
    return proposals.make(
        tx,
        TERMS,
        agency_id=actor.agency_id,
        other_agency_id=other,
        content=content | {"owner_id": str(sides["owner"]), "guest_id": str(sides["guest"])},
        actor=actor,
        context=context,
    )


def put_in_force(
    tx: Tx, owner: UUID, guest: UUID, *, level: Level, content: dict[str, Any], until: datetime | None = None
) -> UUID:
    """Let people of `guest` do work of `owner` up to `level`; earlier terms between the two end. Returns the id.

    Only for terms that both administrators have signed, and for the demo's seed.
    """
    now, terms_id = clock.now(tx), new_id()
    pair = (SharingTerms.owner_agency_id == owner, SharingTerms.guest_agency_id == guest)
    tx.execute(update(SharingTerms).where(*pair, SharingTerms.ended_at.is_(None)).values(ended_at=now))
    tx.execute(
        insert(SharingTerms),
        {
            "id": terms_id,
            "owner_agency_id": owner,
            "guest_agency_id": guest,
            "level": int(level),
            "content": content,
            "since": now,
            "until": until,
        },
    )
    return terms_id


def end(tx: Tx, terms_id: UUID, *, actor: Principal, context: Context) -> None:
    """End terms at once; an administrator of either side may. Raises NoSuchTerms, NotPermitted."""
    people.still_holds(tx, actor, Role.AGENCY_ADMIN)
    mine = or_(
        SharingTerms.owner_agency_id == actor.agency_id, SharingTerms.guest_agency_id == actor.agency_id
    )
    ended = tx.one_or_none(
        update(SharingTerms)
        .where(SharingTerms.id == terms_id, SharingTerms.ended_at.is_(None), mine)
        .values(ended_at=clock.now(tx))
        .returning(SharingTerms.owner_agency_id)
    )
    if ended is None:
        raise NoSuchTerms()
    target = audit.Target("agreement", terms_id, ended.owner_agency_id)
    audit.record(tx, "sharing.end", target, actor=actor, context=context)


def listing(db: Tx, agency_id: UUID) -> list[dict[str, Any]]:
    """The terms an agency is part of, in force first, then newest first.

    Each: id, owner and guest (slug, name, initials, tint), level, rules_of, hours_of, requests_to, note, since,
    until, ended_at, in_force.
    """
    owner, guest, now = aliased(Agency), aliased(Agency), clock.now(db)
    rows = db.all(
        select(SharingTerms.__table__, *_names(owner, "owner"), *_names(guest, "guest"))
        .join(owner, owner.id == SharingTerms.owner_agency_id)
        .join(guest, guest.id == SharingTerms.guest_agency_id)
        .where(or_(owner.id == agency_id, guest.id == agency_id))
        .order_by(SharingTerms.ended_at.is_not(None), SharingTerms.since.desc(), SharingTerms.id)
        .limit(200)
    )
    return [_shown(row, now) for row in rows]


def _side(tx: Tx, side: str, slug: str) -> UUID:
    try:
        return directory.id_of(tx, slug)
    except UnknownAgency:
        raise BadAgencySettings(errors={side: ["No agency of this name takes part here."]}) from None


def _sides(_tx: Tx, found: Proposed) -> list[Place]:
    return [frozenset({UUID(found.content[side])}) for side in ("owner_id", "guest_id")]


def _take_effect(tx: Tx, found: Proposed, _actor: Principal, _context: Context) -> None:
    content = found.content
    put_in_force(
        tx,
        UUID(content["owner_id"]),
        UUID(content["guest_id"]),
        level=Level.parse(content["level"]),
        content={name: content[name] for name in SAID} | {"proposal": str(found.id)},
        until=clock.end_of(date.fromisoformat(content["until"])) if content["until"] else None,
    )


TERMS = Kind("sharing.terms", _sides, _take_effect)


def _names(agency: Any, side: str) -> Sequence[Any]:
    return [getattr(agency, name).label(f"{side}_{name}") for name in ("slug", "name", "initials", "tint")]


def _shown(row: Any, now: datetime) -> dict[str, Any]:
    sides = {
        side: {name: getattr(row, f"{side}_{name}") for name in ("slug", "name", "initials", "tint")}
        for side in ("owner", "guest")
    }
    said = {name: row.content.get(name, "") for name in SAID}
    over = row.until is not None and row.until <= now
    return {
        "id": row.id,
        **sides,
        "level": Level(row.level).label_key,
        **said,
        "since": row.since,
        "until": row.until,
        "ended_at": row.ended_at,
        "in_force": row.ended_at is None and not over,
    }
