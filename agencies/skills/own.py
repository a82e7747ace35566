"""A person's own skills: what they say they have, and what they want to learn. Two lists, each theirs alone to change.

Their person sees both. Those of their agency who confirm skills see what somebody has, and not what they want.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import delete, select

from agencies import memberships, people
from agencies.models import Agency, Person, PersonSkill, Skill, SkillConfirmation, WantedSkill
from agencies.skills.errors import NoSuchSkill, TooManySkills
from agencies.skills.levels import SkillLevel, key_of
from marketplace.foundation.db import Tx, insert
from security.log import audit
from security.principal import Context, Principal

MOST = 100
"""So many skills each list holds: it is read whenever its person acts."""


def declare(tx: Tx, code: str, level: SkillLevel | None, *, actor: Principal, context: Context) -> None:
    """Say that one has a skill, and how well; saying it again changes the level. What was confirmed stays as it was.

    Raises NoLongerAMember, NoSuchSkill (unknown, or retired and not on the list), TooManySkills.
    """
    _hold(tx, actor)
    if not _has(tx, PersonSkill, actor.person_id, code):
        _check_addable(tx, PersonSkill, actor.person_id, code)
    row = insert(tx, PersonSkill).values(person_id=actor.person_id, skill=code, level=level)
    tx.execute(
        row.on_conflict_do_update(index_elements=["person_id", "skill"], set_={"level": row.excluded.level})
    )
    _noted(tx, "skill.declare", actor, context, {"skill": code} | ({"level": level.key} if level else {}))


def drop(tx: Tx, code: str, *, actor: Principal, context: Context) -> None:
    """Take a skill off the list, and whatever confirmed it with it. Raises NoLongerAMember, NoSuchSkill."""
    _hold(tx, actor)
    _take_off(tx, PersonSkill, actor.person_id, code)
    _noted(tx, "skill.drop", actor, context, {"skill": code})


def want(tx: Tx, code: str, *, actor: Principal, context: Context) -> None:
    """Say that one wants to learn a skill; twice is once. Raises NoLongerAMember, NoSuchSkill, TooManySkills."""
    _hold(tx, actor)
    if not _has(tx, WantedSkill, actor.person_id, code):
        _check_addable(tx, WantedSkill, actor.person_id, code)
        tx.execute(insert(tx, WantedSkill).values(person_id=actor.person_id, skill=code))
    # Which one it is opens nothing and is nobody's business: the record knows only that the list was changed.
    _noted(tx, "skill.want", actor, context)


def want_no_more(tx: Tx, code: str, *, actor: Principal, context: Context) -> None:
    """Take a skill off the list of those one wants. Raises NoLongerAMember, NoSuchSkill."""
    _hold(tx, actor)
    _take_off(tx, WantedSkill, actor.person_id, code)
    _noted(tx, "skill.want", actor, context)


def listing(db: Tx, person_id: UUID, locale: str) -> dict[str, list[dict[str, Any]]]:
    """Everything there is about a person's skills: {"has": [...], "wants": [...]}, each by label.

    Each has code, label, retired; of those they have also `level` and `confirmed` (by, agency, level, day).
    """
    wants = db.all(
        select(Skill.code, Skill.labels, Skill.retired)
        .join(WantedSkill, WantedSkill.skill == Skill.code)
        .where(WantedSkill.person_id == person_id)
    )
    return {"has": had(db, person_id, locale), "wants": _by_label(_named(row, locale) for row in wants)}


def had(db: Tx, person_id: UUID, locale: str) -> list[dict[str, Any]]:
    """The skills that a person says they have, with level and confirmations, by label."""
    confirmed: dict[str, list[dict[str, Any]]] = {}
    for row in db.all(
        select(
            SkillConfirmation.skill,
            SkillConfirmation.agency_id,
            SkillConfirmation.level,
            SkillConfirmation.day,
            Person.name.label("by"),
            Agency.name.label("agency"),
        )
        .join(Person, Person.id == SkillConfirmation.confirmed_by)
        .join(Agency, Agency.id == SkillConfirmation.agency_id)
        .where(SkillConfirmation.person_id == person_id)
        .order_by(SkillConfirmation.day, Agency.name)
    ):
        shown = {"by": row.by, "agency": row.agency, "agency_id": row.agency_id, "day": row.day}
        confirmed.setdefault(row.skill, []).append(shown | {"level": key_of(row.level)})
    rows = db.all(
        select(Skill.code, Skill.labels, Skill.retired, PersonSkill.level)
        .join(PersonSkill, PersonSkill.skill == Skill.code)
        .where(PersonSkill.person_id == person_id)
    )
    return _by_label(
        _named(row, locale) | {"level": key_of(row.level), "confirmed": confirmed.get(row.code, [])}
        for row in rows
    )


def wanted(db: Tx, person_id: UUID) -> frozenset[str]:
    """The codes of the skills that a person wants to learn."""
    rows = db.all(select(WantedSkill.skill).where(WantedSkill.person_id == person_id))
    return frozenset(row.skill for row in rows)


def _named(row: Any, locale: str) -> dict[str, Any]:
    label = row.labels.get(locale) or row.labels.get("en") or row.code
    return {"code": row.code, "label": label, "retired": row.retired}


def _by_label(rows: Any) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: (row["label"].casefold(), row["code"]))


def _hold(tx: Tx, actor: Principal) -> None:
    """One change at a time: until COMMIT nobody else changes this person's lists or confirms what is on them."""
    memberships.hold_person(tx, actor.person_id)
    people.still_member(tx, actor)


def _has(tx: Tx, table: Any, person_id: UUID, code: str) -> bool:
    return tx.scalar(select(table.skill).where(table.person_id == person_id, table.skill == code)) is not None


def _check_addable(tx: Tx, table: Any, person_id: UUID, code: str) -> None:
    if tx.scalar(select(Skill.code).where(Skill.code == code, ~Skill.retired)) is None:
        raise NoSuchSkill()
    if len(tx.all(select(table.skill).where(table.person_id == person_id).limit(MOST))) >= MOST:
        raise TooManySkills()


def _take_off(tx: Tx, table: Any, person_id: UUID, code: str) -> None:
    gone = tx.execute(delete(table).where(table.person_id == person_id, table.skill == code))
    if not gone.rowcount:
        raise NoSuchSkill()


def _noted(
    tx: Tx, act: str, actor: Principal, context: Context, detail: dict[str, Any] | None = None
) -> None:
    target = audit.Target("person", actor.subject_id, actor.agency_id)
    audit.record(tx, act, target, actor=actor, context=context, detail=detail)
