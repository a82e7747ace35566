"""What an agency says of its people's skills: an administrator or a line manager confirms one, by name, with the day.

Nobody confirms their own. What is confirmed says nothing about anybody's work, and opens nothing that the declared
skill does not open.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import delete, exists, func, select

from agencies import authority, memberships, people_list
from agencies.memberships import Member, is_live
from agencies.models import Membership, Person, PersonSkill, SkillConfirmation
from agencies.people_errors import NoSuchPerson
from agencies.skills import own
from agencies.skills.errors import NoSuchSkill
from marketplace.foundation import clock
from marketplace.foundation.db import Tx, insert
from security.log import audit
from security.permissions import Permission
from security.principal import Context, Principal

PAGE = 50


def browse(
    tx: Tx, *, like: str = "", skip: int = 0, limit: int = PAGE, actor: Principal, context: Context
) -> tuple[list[Mapping[str, Any]], int | None]:
    """People of the actor's agency who declared skills, by name: id and name; and how many to skip for more of them.

    That people were read by name is on the record.
    """
    chosen = (
        select(Membership.id, Person.name)
        .join(Person, Person.id == Membership.person_id)
        .where(
            Membership.agency_id == actor.agency_id,
            is_live(clock.at(tx)),
            exists().where(PersonSkill.person_id == Person.id),
        )
    )
    if like:
        chosen = chosen.where(func.lower(Person.name).contains(like.lower(), autoescape=True))
    ordered = chosen.order_by(func.lower(Person.name), Membership.id)
    rows = tx.all(ordered.offset(skip).limit(limit + 1))
    people_list.note_reading(tx, actor=actor, context=context)
    return [dict(row._mapping) for row in rows[:limit]], skip + limit if len(rows) > limit else None


def view(tx: Tx, membership_id: UUID, locale: str, *, actor: Principal, context: Context) -> dict[str, Any]:
    """The skills that somebody of the actor's agency says they have: id, name, oneself, skills (`own.had`, and `ours`:
    whether this agency confirmed it). That they were looked at is on the record. Raises NoSuchPerson.
    """
    member = memberships.read(tx, membership_id)
    if member.agency_id != actor.agency_id:
        raise NoSuchPerson()
    skills = [
        skill | {"ours": any(each["agency_id"] == actor.agency_id for each in skill["confirmed"])}
        for skill in own.had(tx, member.person_id, locale)
    ]
    audit.record(tx, "skill.view", member.target, actor=actor, context=context)
    oneself = member.person_id == actor.person_id
    return {"id": member.id, "name": member.name, "oneself": oneself, "skills": skills}


def confirm(tx: Tx, membership_id: UUID, code: str, *, actor: Principal, context: Context) -> None:
    """Confirm a skill that somebody of the agency declared, at the level they declare now; anew, with today's day.

    Raises NotPermitted, NoSuchPerson, OwnAffair, NoSuchSkill (it is not on their list).
    """
    member = authority.over_with(tx, membership_id, Permission.CONFIRM_SKILLS, actor)
    declared = tx.one_or_none(
        select(PersonSkill.level).where(PersonSkill.person_id == member.person_id, PersonSkill.skill == code)
    )
    if declared is None:
        raise NoSuchSkill()
    row = insert(tx, SkillConfirmation).values(
        person_id=member.person_id,
        skill=code,
        agency_id=member.agency_id,
        level=declared.level,
        confirmed_by=actor.person_id,
        day=clock.now(tx).date(),
    )
    anew = {name: row.excluded[name] for name in ("level", "confirmed_by", "day")}
    tx.execute(row.on_conflict_do_update(index_elements=["person_id", "skill", "agency_id"], set_=anew))
    _noted(tx, "skill.confirm", member, code, actor, context)


def withdraw(tx: Tx, membership_id: UUID, code: str, *, actor: Principal, context: Context) -> None:
    """Take back what the agency confirmed, whoever did it. The declared skill stays.

    Raises NotPermitted, NoSuchPerson, OwnAffair, NoSuchSkill (this agency did not confirm it).
    """
    member = authority.over_with(tx, membership_id, Permission.CONFIRM_SKILLS, actor)
    gone = tx.execute(
        delete(SkillConfirmation).where(
            SkillConfirmation.person_id == member.person_id,
            SkillConfirmation.skill == code,
            SkillConfirmation.agency_id == member.agency_id,
        )
    )
    if not gone.rowcount:
        raise NoSuchSkill()
    _noted(tx, "skill.withdraw", member, code, actor, context)


def _noted(tx: Tx, act: str, member: Member, code: str, actor: Principal, context: Context) -> None:
    audit.record(tx, act, member.target, actor=actor, context=context, detail={"skill": code})
