"""One's own skills: two lists apart, each theirs alone to change."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, select, update

from agencies import leaving, people
from agencies.models import Skill
from agencies.people_errors import NoLongerAMember
from agencies.skills import own
from agencies.skills.errors import BadSkillLevel, NoSuchSkill, TooManySkills
from agencies.skills.levels import parse
from marketplace.foundation.db import reading, transaction
from security.log.models import AuditPending
from tests.agencies.skills.in_use import codes_of, drops, has, skills_of, wants
from tests.builders import AT_WORK, a_person, changed, found, some_skills


@pytest.fixture(autouse=True)
def skills(database: Engine) -> None:
    some_skills(["law", "maths"])


def test_what_one_has_and_what_one_wants_stand_apart() -> None:
    person = a_person()
    has(person, "law", "basic")
    wants(person, "law")
    wants(person, "maths")
    assert codes_of(person) == (["law"], ["law", "maths"])
    drops(person, "law")
    assert codes_of(person) == ([], ["law", "maths"])


def test_a_declared_skill_is_one_that_rules_see_and_a_wanted_one_is_not() -> None:
    person = a_person()
    has(person, "law")
    wants(person, "maths")
    with reading() as db:
        now = people.read(db, person.membership_id)
    assert now is not None
    assert now.skills == {"law"}


def test_the_level_may_be_left_out_and_changed() -> None:
    person = a_person()
    for level in (None, "basic", "advanced", None):
        has(person, "law", level)
        assert [each["level"] for each in skills_of(person)["has"]] == [level]


def test_a_level_that_there_is_not_is_refused() -> None:
    with pytest.raises(BadSkillLevel):
        parse("best")


def test_what_is_not_offered_cannot_be_added_but_what_one_has_can_change() -> None:
    person = a_person()
    has(person, "law")
    changed(update(Skill).values(retired=True))
    has(person, "law", "advanced")
    for act in (has, wants):
        for code in ("maths", "unheard-of"):
            with pytest.raises(NoSuchSkill):
                act(person, code)
    assert codes_of(person) == (["law"], [])


def test_what_is_on_no_list_cannot_be_taken_off() -> None:
    person = a_person()
    with pytest.raises(NoSuchSkill):
        drops(person, "law")
    with pytest.raises(NoSuchSkill), transaction() as tx:
        own.want_no_more(tx, "law", actor=person, context=AT_WORK)


def test_a_list_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    codes = [f"skill-{number}" for number in range(own.MOST + 1)]
    some_skills(codes)
    person = a_person(skills=tuple(codes[:-1]))
    has(person, codes[0], "basic")
    with pytest.raises(TooManySkills):
        has(person, codes[-1])
    wants(person, codes[-1])


def test_nobody_changes_a_list_after_they_have_left() -> None:
    person = a_person()
    with transaction() as tx:
        leaving.leave(tx, actor=person, context=AT_WORK)
    for act in (has, wants, drops):
        with pytest.raises(NoLongerAMember):
            act(person, "law")


def test_the_record_knows_which_skill_was_declared_and_not_which_is_wanted() -> None:
    person = a_person()
    has(person, "law", "basic")
    wants(person, "maths")
    drops(person, "law")
    with transaction() as tx:
        own.want_no_more(tx, "maths", actor=person, context=AT_WORK)
    rows = found(select(AuditPending.act, AuditPending.detail).order_by(AuditPending.id))
    assert [(row.act, row.detail) for row in rows if row.act.startswith("skill.")] == [
        ("skill.declare", {"skill": "law", "level": "basic"}),
        ("skill.want", None),
        ("skill.drop", {"skill": "law"}),
        ("skill.want", None),
    ]
