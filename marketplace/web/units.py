"""Units of one's own agency: the tree, what can be done with each, who stands where, and what happened before."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from agencies import people_list, unit_members, unit_tree
from agencies import units as domain
from agencies.errors import BadUnit, NoSuchUnit, UnitLoop, UnitNameTaken, UnitNotEmpty
from agencies.people_errors import NoSuchPerson
from marketplace.edge.acting import current_principal
from marketplace.edge.reading_people import reading_people
from marketplace.foundation import clock
from marketplace.foundation.db import Tx, reading
from marketplace.web import agency_forms, agency_words
from marketplace.web.blueprint import web


@web.get("/agency/units")
def units() -> str:
    """The tree from the top, the form for a new unit, and the history."""
    return _page({}, {})


@web.post("/agency/units")
def make_unit() -> Response:
    """Make a unit, temporary where it has a last day."""

    def act(tx: Tx) -> UUID:
        return domain.make(
            tx,
            agency_forms.text("name"),
            agency_forms.chosen("parent"),
            until=_until(),
            guests=request.form.getlist("guests"),
            **agency_forms.who(),
        )

    try:
        agency_forms.acted(act)
    except (BadUnit, NoSuchUnit, UnitNameTaken) as refusal:
        agency_forms.beside_field(refusal)
        typed: dict[str, Any] = {name: agency_forms.text(name) for name in ("name", "parent", "until")}
        typed["guests"] = request.form.getlist("guests")
        return make_response(_page(typed, _faults_of_new(refusal)), 422)
    flash(gettext("The unit is there."))
    return redirect(url_for("web.units"), 303)


@web.get("/agency/units/<uuid:unit_id>")
def unit(unit_id: UUID) -> str:
    """One unit: who of the agency stands in it, and what can be done with it."""
    return _unit(unit_id, {}, {})


@web.post("/agency/units/<uuid:unit_id>/name")
def rename_unit(unit_id: UUID) -> Response:
    """Give it another name."""
    name = agency_forms.text("name")
    return _done(unit_id, "name", lambda tx: domain.rename(tx, unit_id, name, **agency_forms.who()))


@web.post("/agency/units/<uuid:unit_id>/place")
def move_unit(unit_id: UUID) -> Response:
    """Put it somewhere else."""
    parent = agency_forms.chosen("parent")
    return _done(unit_id, "parent", lambda tx: domain.move(tx, unit_id, parent, **agency_forms.who()))


@web.post("/agency/units/<uuid:unit_id>/merge")
def merge_unit(unit_id: UUID) -> Response:
    """Merge it into another one."""
    into = agency_forms.chosen("into")
    if into is None:
        return _back(unit_id, "into", gettext("Choose a unit."))
    return _done(unit_id, "into", lambda tx: domain.merge(tx, unit_id, into, **agency_forms.who()), over=True)


@web.post("/agency/units/<uuid:unit_id>/end")
def end_unit(unit_id: UUID) -> Response:
    """End it."""
    return _done(unit_id, "end", lambda tx: domain.end(tx, unit_id, **agency_forms.who()), over=True)


@web.post("/agency/units/<uuid:unit_id>/members")
def place_in_unit(unit_id: UUID) -> Response:
    """Put somebody of the agency into it."""
    member = agency_forms.chosen("membership")
    if member is None:
        return _back(unit_id, "membership", gettext("Choose a person."))
    return _done(
        unit_id, "membership", lambda tx: unit_members.place(tx, member, unit_id, **agency_forms.who())
    )


@web.post("/agency/units/<uuid:unit_id>/members/out")
def take_out_of_unit(unit_id: UUID) -> Response:
    """Take somebody of the agency out of it; from the person's page back to that."""
    member = agency_forms.chosen("membership")
    if member is None:
        raise NoSuchPerson()

    def act(tx: Tx) -> None:
        unit_members.take_out(tx, member, unit_id, **agency_forms.who())

    if request.form.get("back") == "person":
        return _done(unit_id, "membership", act, back=url_for("web.person", membership_id=member) + "#units")
    return _done(unit_id, "membership", act)


@web.post("/agency/people/<uuid:membership_id>/units")
def place_person(membership_id: UUID) -> Response:
    """Put a person into a unit that is chosen on their page."""
    chosen = agency_forms.chosen("unit")
    back = url_for("web.person", membership_id=membership_id) + "#units"

    def act(tx: Tx) -> None:
        if chosen is None:
            raise NoSuchUnit()
        unit_members.place(tx, membership_id, chosen, **agency_forms.who())

    try:
        agency_forms.acted(act)
    except BadUnit:
        raise NoSuchPerson() from None
    except NoSuchUnit as refusal:
        with reading() as db:
            people_list.one(db, membership_id, current_principal().agency_id)
        agency_forms.beside_field(refusal)
        flash(gettext("This unit is not there any more. Choose another one."), "look")
        return redirect(back, 303)
    flash(gettext("Done."))
    return redirect(back, 303)


def to_choose(db: Tx) -> list[tuple[UUID, str]]:
    """Where an administrator can put people: the agency's own units from the top, then those of others, for a form."""
    lent = unit_tree.open_to_guest(db, current_principal().agency_id)
    return [each["pair"] for each in _tree(db)] + [(each["id"], _of_others(each)) for each in lent]


def _of_others(lent: dict[str, Any]) -> str:
    return gettext("%(unit)s of %(agency)s", unit=lent["name"], agency=lent["agency"])


def _done(
    unit_id: UUID, field: str, act: Callable[[Tx], None], *, over: bool = False, back: str | None = None
) -> Response:
    """Do it, then go back to the unit, or to the tree where the unit is over; what does not work is said at `field`."""

    def done(tx: Tx) -> None:
        act(tx)

    try:
        agency_forms.acted(done)
    except (BadUnit, NoSuchUnit, UnitLoop, UnitNameTaken, UnitNotEmpty) as refusal:
        answer = _back(unit_id, field, _said(refusal))
        agency_forms.beside_field(refusal)
        return answer
    flash(gettext("Done."))
    here = url_for("web.units") if over else url_for("web.unit", unit_id=unit_id)
    return redirect(back or here, 303)


def _back(unit_id: UUID, field: str, said: str) -> Response:
    """The unit's page again with what was typed, and what is wrong beside the field."""
    typed = {name: agency_forms.text(name) for name in ("name", "parent", "into", "membership")}
    return make_response(_unit(unit_id, typed, {field: said}), 422)


def _said(refusal: Exception) -> str:
    """Why something cannot be done with a unit that is there."""
    if isinstance(refusal, UnitLoop):
        return gettext("A unit cannot stand below itself. Nothing was changed.")
    if isinstance(refusal, UnitNameTaken):
        return gettext("There is a unit of this name at that place already. Nothing was changed.")
    if isinstance(refusal, UnitNotEmpty):
        return gettext("There are units or people in it. Move them first, or merge it into another unit.")
    if isinstance(refusal, NoSuchUnit):
        return gettext("This unit is not there any more. Choose another one.")
    faults = agency_words.faults(refusal.facts["errors"]) if isinstance(refusal, BadUnit) else {}
    return " ".join(faults.values())


def _faults_of_new(refusal: BadUnit | NoSuchUnit | UnitNameTaken) -> dict[str, str]:
    if isinstance(refusal, BadUnit):
        return agency_words.faults(refusal.facts["errors"])
    return {"name" if isinstance(refusal, UnitNameTaken) else "parent": _said(refusal)}


def _until() -> Any:
    try:
        return (
            clock.end_of(date.fromisoformat(agency_forms.text("until")))
            if agency_forms.text("until")
            else None
        )
    except ValueError:
        raise BadUnit(errors={"until": ["Must be a date."]}) from None


def _tree(db: Tx) -> list[dict[str, Any]]:
    """The units as pages draw them: `above` is the live parent, `pair` a choice in a form."""
    tree = unit_tree.tree(db, current_principal().agency_id)
    live = {each["id"] for each in tree}
    return [
        _with_last_day(each)
        | {
            "above": each["parent_id"] if each["parent_id"] in live else None,
            "pair": (each["id"], "\u2003" * each["depth"] + each["name"]),
        }
        for each in tree
    ]


def _with_last_day(unit: dict[str, Any]) -> dict[str, Any]:
    return unit | {"last_day": clock.last_day(unit["until"]) if unit["until"] else None}


def _unit(unit_id: UUID, typed: dict[str, str], faults: dict[str, str]) -> str:
    """The page of a unit of the agency, or of one that takes its people. Raises NoSuchUnit for every other."""
    agency_id = current_principal().agency_id
    with reading_people() as db:
        tree = _tree(db)
        lent = [_with_last_day(each) for each in unit_tree.open_to_guest(db, agency_id)]
        found = next((each for each in [*tree, *lent] if each["id"] == unit_id), None)
        if found is None:
            raise NoSuchUnit()
        inside = unit_members.inside(db, unit_id, agency_id)
        here = {each["membership_id"] for each in inside}
        everybody = people_list.everybody_to_choose(db, agency_id)
    return render_template(
        "agency_unit.html",
        unit=found,
        own=found in tree,
        inside=inside,
        outside=[(row.id, row.name) for row in everybody if row.id not in here],
        others=[each for each in tree if each["id"] != unit_id],
        names=agency_forms.agency_names(),
        form={"name": found["name"], "parent": found.get("above") or ""} | _given(typed),
        faults=faults,
    )


def _given(typed: dict[str, str]) -> dict[str, str]:
    """What the form that was sent has: a page has several, and one is sent alone."""
    return {name: value for name, value in typed.items() if name in request.form}


def _page(form: dict[str, Any], faults: dict[str, str]) -> str:
    principal = current_principal()
    with reading() as db:
        tree = _tree(db)
        lent = [_with_last_day(each) for each in unit_tree.open_to_guest(db, principal.agency_id)]
        history = unit_tree.history(db, principal.agency_id)
    names = agency_forms.agency_names()
    return render_template(
        "agency_units.html",
        tree=tree,
        lent=lent,
        history=[(row["at"], agency_words.unit_change(row)) for row in history],
        names=names,
        others={slug: name for slug, name in names.items() if slug != principal.agency_slug},
        form=form,
        faults=faults,
    )
