"""Clearances: given and withdrawn by the agency's security officer, never above what its provider is trusted with."""

from __future__ import annotations

import re
from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select, update

from agencies import authority, people
from agencies.memberships import Member
from agencies.models import Membership
from agencies.people_errors import BadChoice, ClearanceNotGiven
from agencies.standing import frees_claims
from marketplace.foundation.db import Tx
from security.decision import refused
from security.labels import Level
from security.log import audit
from security.principal import Context, Principal, Role

MOST_COMPARTMENTS = 20
_COMPARTMENT = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")


def give(
    tx: Tx,
    membership_id: UUID,
    level: Level,
    compartments: Iterable[str] = (),
    *,
    actor: Principal,
    context: Context,
) -> None:
    """Give somebody of the officer's agency this clearance in place of the one they have.

    Raises NotPermitted, NoSuchPerson, OwnAffair; ClearanceNotGiven above the ceiling; BadChoice for a compartment
    that is no name.
    """
    wanted = _checked(compartments)
    who = authority.over(tx, membership_id, Role.SECURITY_OFFICER, actor)
    highest = ceiling(tx, membership_id)
    if level > highest:
        reason = refused("clearance_ceiling", "ask_administrator", level=highest.label_key)
        reason.or_raise(ClearanceNotGiven, target=who.target)
    _set(tx, who, level, wanted)
    detail = {"level": level.label_key, "compartments": wanted}
    audit.record(tx, "clearance.give", who.target, actor=actor, context=context, detail=detail)


def withdraw(tx: Tx, membership_id: UUID, *, actor: Principal, context: Context) -> None:
    """Put somebody back to no clearance at all. Raises NotPermitted, NoSuchPerson, OwnAffair."""
    who = authority.over(tx, membership_id, Role.SECURITY_OFFICER, actor)
    _set(tx, who, Level.PUBLIC, [])
    audit.record(tx, "clearance.withdraw", who.target, actor=actor, context=context)


def lapse(tx: Tx, who: Member, *, context: Context) -> None:
    """Another sign-in stands for a held member from now on: what was given to the one before does not pass to it."""
    if who.clearance > Level.PUBLIC or who.compartments:
        _set(tx, who, Level.PUBLIC, [])
        audit.record(tx, "clearance.withdraw", who.target, actor=None, context=context)


def ceiling(db: Tx, membership_id: UUID) -> Level:
    """The highest clearance that holds in a membership, whatever its row says."""
    return Level(db.scalar(select(people.ceiling()).where(Membership.id == membership_id)))


def _set(tx: Tx, who: Member, level: Level, compartments: list[str]) -> None:
    changed = update(Membership).where(Membership.id == who.id, Membership.ended_at.is_(None))
    tx.execute(changed.values(clearance=int(level), compartments=compartments))
    if level < who.clearance or not who.compartments <= set(compartments):
        frees_claims(tx, who.person_id)


def _checked(compartments: Iterable[str]) -> list[str]:
    wanted = sorted(set(compartments))
    if len(wanted) > MOST_COMPARTMENTS or not all(_COMPARTMENT.fullmatch(each) for each in wanted):
        raise BadChoice(errors={"compartments": ["Names of small letters, digits and hyphens; at most 20."]})
    return wanted
