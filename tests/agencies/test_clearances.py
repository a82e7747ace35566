"""Clearances: given by security officers, never above what the vouching provider is trusted with."""

import pytest
from sqlalchemy import Engine, select

from agencies import clearances
from agencies.errors import NotPermitted
from agencies.people_errors import BadChoice, ClearanceNotGiven, NoSuchPerson, OwnAffair
from marketplace.foundation.db import transaction
from marketplace.foundation.jobs import Job
from security.labels import Level
from security.principal import Principal
from tests.agencies.people_at_work import a_provider, an_admin, an_officer, now_as, on_record
from tests.builders import AT_WORK, a_person, found
from tests.together import together, winners


def give(person: Principal, level: Level, actor: Principal, *compartments: str) -> None:
    with transaction() as tx:
        clearances.give(tx, person.membership_id, level, compartments, actor=actor, context=AT_WORK)


def clearance(person: Principal) -> tuple[Level, frozenset[str]]:
    now = now_as(person.membership_id)
    assert now is not None
    return now.clearance, now.compartments


def test_an_officer_gives_level_and_compartments(database: Engine) -> None:
    maja = a_person("north", clearance=Level.PUBLIC)
    give(maja, Level.RESTRICTED, an_officer("north"), "audit", "border")
    assert clearance(maja) == (Level.RESTRICTED, {"audit", "border"})


def test_it_is_on_the_record(database: Engine) -> None:
    maja = a_person("north", clearance=Level.PUBLIC)
    give(maja, Level.SENSITIVE, an_officer("north"), "audit")
    entry = on_record("clearance.give")[0]
    assert (entry.agency_id, entry.detail) == (
        maja.agency_id, {"level": "sensitive", "compartments": ["audit"]},
    )  # fmt: skip


def test_not_above_the_ceiling_of_the_provider(database: Engine) -> None:
    maja, officer = a_person("north", clearance=Level.PUBLIC), an_officer("north")
    a_provider("north", ceiling=Level.INTERNAL)
    with pytest.raises(ClearanceNotGiven) as refusal:
        give(maja, Level.SENSITIVE, officer)
    assert refusal.value.facts["reasons"][0].code == "clearance_ceiling"
    give(maja, Level.INTERNAL, officer)


def test_an_administrator_gives_none(database: Engine) -> None:
    with pytest.raises(NotPermitted):
        give(a_person("north"), Level.RESTRICTED, an_admin("north"))


def test_nobody_clears_themselves(database: Engine) -> None:
    officer = an_officer("north")
    with pytest.raises(OwnAffair):
        give(officer, Level.RESTRICTED, officer)


def test_people_of_other_agencies_look_like_nobody(database: Engine) -> None:
    with pytest.raises(NoSuchPerson):
        give(a_person("south"), Level.PUBLIC, an_officer("north"))


@pytest.mark.parametrize("name", ["", "Audit", "a b", "x" * 61, "'; drop table"])
def test_a_compartment_is_a_plain_name(database: Engine, name: str) -> None:
    with pytest.raises(BadChoice):
        give(a_person("north"), Level.PUBLIC, an_officer("north"), name)


def test_withdrawing_leaves_nothing(database: Engine) -> None:
    maja, officer = a_person("north"), an_officer("north")
    give(maja, Level.RESTRICTED, officer, "audit")
    with transaction() as tx:
        clearances.withdraw(tx, maja.membership_id, actor=officer, context=AT_WORK)
    assert clearance(maja) == (Level.PUBLIC, frozenset())
    assert len(on_record("clearance.withdraw")) == 1


def test_less_than_before_has_what_they_hold_looked_at_again(database: Engine) -> None:
    maja, officer = a_person("north", clearance=Level.INTERNAL), an_officer("north")
    give(maja, Level.SENSITIVE, officer, "audit")
    assert found(select(Job.kind)) == []
    give(maja, Level.SENSITIVE, officer)
    assert [row.kind for row in found(select(Job.kind))] == ["person.leave"]


def test_two_officers_who_clear_each_other_take_turns(database: Engine) -> None:
    first, second = an_officer("north"), an_officer("north")
    outcomes = together(
        lambda: give(first, Level.SENSITIVE, second), lambda: give(second, Level.SENSITIVE, first)
    )
    assert len(winners(outcomes)) == 2
