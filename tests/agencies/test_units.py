"""A tree of units: moves, merges, history, and no way to close a circle."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, select, update

from agencies import unit_members, unit_tree, units
from agencies.agreement_models import Unit, UnitChange
from agencies.errors import BadUnit, NoSuchUnit, NotPermitted, UnitLoop, UnitNameTaken, UnitNotEmpty
from agencies.models import Membership
from marketplace.foundation.db import reading, transaction
from security.log.models import AuditPending
from security.principal import Principal
from tests.agencies.agreeing import an_administrator
from tests.builders import AT_WORK, a_person, changed, found

SOON = datetime.now(UTC) + timedelta(days=30)


def made(actor: Principal, name: str, parent: UUID | None = None, **given: Any) -> UUID:
    with transaction() as tx:
        return units.make(tx, name, parent, actor=actor, context=AT_WORK, **given)


def moved(actor: Principal, unit: UUID, parent: UUID | None) -> None:
    with transaction() as tx:
        units.move(tx, unit, parent, actor=actor, context=AT_WORK)


def merged(actor: Principal, unit: UUID, into: UUID) -> None:
    with transaction() as tx:
        units.merge(tx, unit, into, actor=actor, context=AT_WORK)


def ended(actor: Principal, unit: UUID) -> None:
    with transaction() as tx:
        units.end(tx, unit, actor=actor, context=AT_WORK)


def renamed(actor: Principal, unit: UUID, name: str) -> None:
    with transaction() as tx:
        units.rename(tx, unit, name, actor=actor, context=AT_WORK)


def placed(actor: Principal, person: Principal, unit: UUID) -> None:
    with transaction() as tx:
        unit_members.place(tx, person.membership_id, unit, actor=actor, context=AT_WORK)


def shape(actor: Principal) -> list[str]:
    with reading() as db:
        return ["  " * unit["depth"] + unit["name"] for unit in unit_tree.tree(db, actor.agency_id)]


def units_of(person: Principal) -> list[str]:
    with reading() as db:
        return [unit["name"] for unit in unit_members.of_membership(db, person.membership_id)]


def test_a_tree_is_read_from_the_top_by_name(database: Engine) -> None:
    admin = an_administrator("north")
    safety = made(admin, "Safety")
    made(admin, "inspections", safety)
    made(admin, "Analysis", safety)
    made(admin, "Archive")
    assert shape(admin) == ["Archive", "Safety", "  Analysis", "  inspections"]


def test_a_unit_moves_with_all_below_it(database: Engine) -> None:
    admin = an_administrator("north")
    safety, archive = made(admin, "Safety"), made(admin, "Archive")
    made(admin, "Analysis", safety)
    moved(admin, safety, archive)
    assert shape(admin) == ["Archive", "  Safety", "    Analysis"]
    moved(admin, safety, None)
    assert shape(admin) == ["Archive", "Safety", "  Analysis"]


def test_no_unit_stands_below_itself(database: Engine) -> None:
    admin = an_administrator("north")
    top = made(admin, "Top")
    below = made(admin, "Below", top)
    deepest = made(admin, "Deepest", below)
    for act in (
        lambda: moved(admin, top, deepest),
        lambda: moved(admin, top, top),
        lambda: merged(admin, top, deepest),
    ):
        with pytest.raises(UnitLoop):
            act()
    assert shape(admin) == ["Top", "  Below", "    Deepest"]


def test_two_moves_at_once_close_no_circle(database: Engine) -> None:
    admin = an_administrator("north")
    pairs = [(made(admin, f"A{n}"), made(admin, f"B{n}")) for n in range(4)]

    def attempt(pair: tuple[UUID, UUID]) -> str:
        try:
            moved(admin, *pair)
            return "moved"
        except UnitLoop:
            return "loop"

    for one, other in pairs:
        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(attempt, [(one, other), (other, one)])) == ["loop", "moved"]
    assert len(shape(admin)) == 8


def test_a_tree_does_not_grow_without_end(database: Engine) -> None:
    admin = an_administrator("north")
    last: UUID | None = None
    for depth in range(units.DEEPEST):
        last = made(admin, f"Level {depth}", last)
    with pytest.raises(BadUnit):
        made(admin, "Too deep", last)
    beside = made(admin, "Beside")
    made(admin, "Below", beside)
    with pytest.raises(BadUnit):
        moved(admin, beside, last)


def test_names_beside_one_another_differ(database: Engine) -> None:
    admin = an_administrator("north")
    safety, archive = made(admin, "Safety"), made(admin, "Archive")
    for act in (lambda: made(admin, " safety "), lambda: renamed(admin, archive, "SAFETY")):
        with pytest.raises(UnitNameTaken):
            act()
    made(admin, "Safety", archive)
    with pytest.raises(UnitNameTaken):
        moved(admin, safety, archive)


@pytest.mark.parametrize("name", ["", "  ", "x" * 121])
def test_a_unit_has_a_name(database: Engine, name: str) -> None:
    with pytest.raises(BadUnit):
        made(an_administrator("north"), name)


def test_a_merge_takes_people_and_units_along(database: Engine) -> None:
    admin, person, both = an_administrator("north"), a_person("north"), a_person("north")
    safety, archive = made(admin, "Safety"), made(admin, "Archive")
    made(admin, "Analysis", safety)
    placed(admin, person, safety)
    placed(admin, both, archive)
    merged(admin, safety, archive)
    assert shape(admin) == ["Archive", "  Analysis"]
    assert (units_of(person), units_of(both)) == (["Archive"], ["Archive"])
    [row] = found(select(Unit.merged_into_id).where(Unit.id == safety))
    assert row.merged_into_id == archive


def test_a_unit_ends_only_when_nothing_stands_in_it(database: Engine) -> None:
    admin, person = an_administrator("north"), a_person("north")
    safety = made(admin, "Safety")
    analysis = made(admin, "Analysis", safety)
    placed(admin, person, analysis)
    for unit in (safety, analysis):
        with pytest.raises(UnitNotEmpty):
            ended(admin, unit)
    with transaction() as tx:
        unit_members.take_out(tx, person.membership_id, analysis, actor=admin, context=AT_WORK)
    ended(admin, analysis)
    ended(admin, safety)
    assert shape(admin) == []
    with pytest.raises(NoSuchUnit):
        renamed(admin, safety, "Again")


def test_everybody_has_one_home_unit(database: Engine) -> None:
    admin, person = an_administrator("north"), a_person("north")
    safety, archive = made(admin, "Safety"), made(admin, "Archive")
    placed(admin, person, safety)
    placed(admin, person, archive)
    assert units_of(person) == ["Archive"]


def test_two_home_units_at_once_leave_one(database: Engine) -> None:
    admin, person = an_administrator("north"), a_person("north")
    both = [made(admin, "Safety"), made(admin, "Archive")]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda unit: placed(admin, person, unit), both))
    assert len(units_of(person)) == 1


def test_a_temporary_unit_takes_people_of_the_agencies_it_names(database: Engine) -> None:
    north, south, east = an_administrator("north"), an_administrator("south"), an_administrator("east")
    mine, theirs = a_person("north"), a_person("south")
    home = made(south, "Home")
    flood = made(north, "Flood desk", until=SOON, guests=["south"])
    placed(south, theirs, home)
    placed(south, theirs, flood)
    placed(north, mine, flood)
    assert (units_of(theirs), units_of(mine)) == (["Home", "Flood desk"], ["Flood desk"])
    with pytest.raises(NoSuchUnit):
        placed(east, a_person("east"), flood)
    with reading() as db:
        assert [unit["name"] for unit in unit_tree.open_to_guest(db, south.agency_id)] == ["Flood desk"]
        assert unit_tree.tree(db, north.agency_id)[0]["guests"] == ["south"]


def test_a_guest_does_not_change_the_unit_nor_place_anothers_people(database: Engine) -> None:
    north, south, mine = an_administrator("north"), an_administrator("south"), a_person("north")
    flood = made(north, "Flood desk", until=SOON, guests=["south"])
    with pytest.raises(NoSuchUnit):
        renamed(south, flood, "Ours")
    with pytest.raises(BadUnit):
        placed(south, mine, flood)


def test_a_temporary_unit_is_over_by_itself(database: Engine) -> None:
    admin, person = an_administrator("north"), a_person("north")
    flood = made(admin, "Flood desk", until=SOON)
    below = made(admin, "Pumps", flood)
    placed(admin, person, flood)
    changed(update(Unit).where(Unit.id == flood).values(until=datetime.now(UTC) - timedelta(seconds=1)))
    assert (shape(admin), units_of(person)) == (["Pumps"], [])
    renamed(admin, below, "Pumps and hoses")


@pytest.mark.parametrize(
    "given",
    [
        {"guests": ["south"]},
        {"until": SOON - timedelta(days=60)},
        {"until": SOON + timedelta(days=800)},
        {"until": SOON, "guests": ["nowhere"]},
        {"until": SOON, "guests": ["north"]},
    ],
)
def test_temporary_units_that_cannot_be_are_refused(database: Engine, given: dict[str, Any]) -> None:
    an_administrator("south")
    with pytest.raises(BadUnit):
        made(an_administrator("north"), "Flood desk", **given)


def test_a_membership_that_ends_stands_nowhere(database: Engine) -> None:
    admin, person = an_administrator("north"), a_person("north")
    placed(admin, person, made(admin, "Safety"))
    with transaction() as tx:
        unit_members.leave_all(tx, person.membership_id)
    assert units_of(person) == []


def test_who_is_in_a_unit_is_read_for_one_agency(database: Engine) -> None:
    north, south = an_administrator("north"), an_administrator("south")
    flood = made(north, "Flood desk", until=SOON, guests=["south"])
    mine, theirs = a_person("north", name="Ann"), a_person("south", name="Sam")
    left = a_person("north", name="Leo")
    for admin, person in ((north, mine), (north, left), (south, theirs)):
        placed(admin, person, flood)
    changed(update(Membership).where(Membership.id == left.membership_id).values(ended_at=datetime.now(UTC)))
    with reading() as db:
        own = unit_members.inside(db, flood, north.agency_id)
        guests = unit_members.inside(db, flood, south.agency_id)
    assert own == [{"membership_id": mine.membership_id, "name": "Ann", "home": False}]
    assert [row["name"] for row in guests] == ["Sam"]


def test_somebody_who_left_holds_no_unit_up(database: Engine) -> None:
    admin, person = an_administrator("north"), a_person("north")
    safety = made(admin, "Safety")
    placed(admin, person, safety)
    now = datetime.now(UTC)
    changed(update(Membership).where(Membership.id == person.membership_id).values(ended_at=now))
    ended(admin, safety)
    assert shape(admin) == []


def test_history_says_what_was_and_what_became(database: Engine) -> None:
    admin = an_administrator("north")
    safety, archive = made(admin, "Safety"), made(admin, "Archive")
    renamed(admin, safety, "Flight safety")
    moved(admin, safety, archive)
    merged(admin, safety, archive)
    rows = found(
        select(UnitChange.what, UnitChange.was, UnitChange.became).where(UnitChange.unit_id == safety)
    )
    by_what = {row.what: (row.was, row.became) for row in rows}
    assert by_what["made"] == ({}, {"name": "Safety", "parent": None})
    assert by_what["renamed"] == ({"name": "Safety"}, {"name": "Flight safety"})
    assert by_what["moved"][1] == {"name": "Flight safety", "parent": str(archive)}
    assert by_what["merged"][1] == {"name": "Archive", "into": str(archive)}
    with reading() as db:
        assert unit_tree.history(db, admin.agency_id)[0]["what"] == "merged"


def test_another_agencys_units_do_not_exist(database: Engine) -> None:
    north, south = an_administrator("north"), an_administrator("south")
    unit, mine = made(north, "Safety"), made(south, "Home")
    for act in (
        lambda: renamed(south, unit, "Ours"),
        lambda: moved(south, mine, unit),
        lambda: merged(south, mine, unit),
        lambda: ended(south, unit),
        lambda: made(south, "Below", unit),
        lambda: placed(south, a_person("south"), unit),
    ):
        with pytest.raises(NoSuchUnit):
            act()


def test_every_change_is_on_the_record_without_names(database: Engine) -> None:
    admin, person = an_administrator("north"), a_person("north")
    safety = made(admin, "Safety")
    placed(admin, person, safety)
    rows = found(
        select(AuditPending.act, AuditPending.subject_id, AuditPending.detail)
        .where(AuditPending.object_id == str(safety))
        .order_by(AuditPending.id)
    )
    assert [(row.act, row.subject_id) for row in rows] == [
        ("unit.change", admin.subject_id),
        ("unit.place", admin.subject_id),
    ]
    assert rows[0].detail == {"what": "made"}
    assert rows[1].detail == {"membership": str(person.membership_id), "where": "in"}


def test_only_administrators_change_units(database: Engine) -> None:
    person = a_person("north")
    with pytest.raises(NotPermitted):
        made(person, "Safety")
