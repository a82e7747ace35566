"""An agency confirms what its people declared: somebody else does, by name and with the day, and can take it back."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, insert, select
from sqlalchemy.exc import IntegrityError

from agencies.errors import NotPermitted
from agencies.models import SkillConfirmation
from agencies.people_errors import NoSuchPerson, OwnAffair
from agencies.skills import confirming
from agencies.skills.errors import NoSuchSkill
from marketplace.foundation.db import transaction
from security.log.models import AuditPending
from security.principal import Principal, Role
from tests.agencies.skills.in_use import confirms, drops, has, skills_of, takes_back, wants
from tests.builders import AT_WORK, a_person, changed, found, one, some_skills


@pytest.fixture
def person(database: Engine) -> Principal:
    """Somebody of `north` who says that they know the law."""
    some_skills(["law", "maths"])
    someone = a_person("north", name="Maja")
    has(someone, "law", "basic")
    return someone


def admin(agency: str = "north") -> Principal:
    return a_person(agency, roles=(Role.AGENCY_ADMIN,), name="Greta")


def confirmed(person: Principal) -> list[tuple[str, str, str | None]]:
    [skill] = skills_of(person)["has"]
    return [(each["by"], each["agency"], each["level"]) for each in skill["confirmed"]]


@pytest.mark.parametrize("role", [Role.AGENCY_ADMIN, Role.LINE_MANAGER])
def test_an_administrator_or_a_line_manager_confirms_by_name_and_day(person: Principal, role: Role) -> None:
    confirms(a_person("north", roles=(role,), name="Greta"), person, "law")
    assert confirmed(person) == [("Greta", "North", "basic")]
    assert abs((one(select(SkillConfirmation.day)) - datetime.now(UTC).date()).days) <= 1


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.AGENCY_ADMIN, Role.LINE_MANAGER}))
def test_nobody_else_confirms(person: Principal, role: Role) -> None:
    with pytest.raises(NotPermitted):
        confirms(a_person("north", roles=(role,)), person, "law")
    assert confirmed(person) == []


def test_nobody_confirms_their_own(database: Engine) -> None:
    some_skills(["law"])
    boss = admin()
    has(boss, "law")
    for act in (confirms, takes_back):
        with pytest.raises(OwnAffair):
            act(boss, boss, "law")


def test_the_database_keeps_nobody_confirming_their_own(person: Principal) -> None:
    row = {
        "person_id": person.person_id, "skill": "law", "agency_id": person.agency_id,
        "confirmed_by": person.person_id, "day": datetime.now(UTC).date(),
    }  # fmt: skip
    with pytest.raises(IntegrityError):
        changed(insert(SkillConfirmation).values(row))


def test_another_agencys_people_are_not_there(person: Principal) -> None:
    boss = admin("south")
    for act in (confirms, takes_back):
        with pytest.raises(NoSuchPerson):
            act(boss, person, "law")
    with pytest.raises(NoSuchPerson), transaction() as tx:
        confirming.view(tx, person.membership_id, "en", actor=boss, context=AT_WORK)


def test_only_what_was_declared_is_confirmed(person: Principal) -> None:
    wants(person, "maths")
    for code in ("maths", "unheard-of"):
        with pytest.raises(NoSuchSkill):
            confirms(admin(), person, code)


def test_what_was_confirmed_stays_when_the_person_changes_the_level(person: Principal) -> None:
    boss = admin()
    confirms(boss, person, "law")
    has(person, "law", "advanced")
    assert confirmed(person) == [("Greta", "North", "basic")]
    confirms(boss, person, "law")
    assert confirmed(person) == [("Greta", "North", "advanced")]


def test_a_confirmation_is_taken_back_and_the_skill_stays(person: Principal) -> None:
    confirms(admin(), person, "law")
    takes_back(admin(), person, "law")
    assert confirmed(person) == []
    with pytest.raises(NoSuchSkill):
        takes_back(admin(), person, "law")


def test_it_goes_with_the_skill_and_does_not_come_back(person: Principal) -> None:
    confirms(admin(), person, "law")
    drops(person, "law")
    has(person, "law")
    assert confirmed(person) == []


def test_whoever_confirms_sees_what_somebody_has_and_not_what_they_want(person: Principal) -> None:
    wants(person, "maths")
    boss = admin()
    with transaction() as tx:
        shown = confirming.view(tx, person.membership_id, "en", actor=boss, context=AT_WORK)
    assert (shown["name"], [each["code"] for each in shown["skills"]]) == ("Maja", ["law"])
    assert "maths" not in str(shown)


def test_people_are_listed_who_declared_something(person: Principal) -> None:
    quiet, boss = a_person("north", name="Quiet"), admin()
    has(a_person("south", name="Elsewhere"), "law")
    with transaction() as tx:
        rows, more = confirming.browse(tx, actor=boss, context=AT_WORK)
        none, _ = confirming.browse(tx, like="quiet", actor=boss, context=AT_WORK)
    assert ([row["name"] for row in rows], more, none) == (["Maja"], None, [])
    assert quiet.name == "Quiet"


def test_acts_and_looks_are_on_the_record(person: Principal) -> None:
    boss = admin()
    confirms(boss, person, "law")
    with transaction() as tx:
        confirming.view(tx, person.membership_id, "en", actor=boss, context=AT_WORK)
    takes_back(boss, person, "law")
    rows = found(
        select(AuditPending).where(AuditPending.subject_id == boss.subject_id).order_by(AuditPending.id)
    )
    seen = [(row.act, row.object_id == str(person.subject_id), row.detail) for row in rows]
    assert [each for each in seen if each[0].startswith("skill.")] == [
        ("skill.confirm", True, {"skill": "law"}),
        ("skill.view", True, None),
        ("skill.withdraw", True, {"skill": "law"}),
    ]
