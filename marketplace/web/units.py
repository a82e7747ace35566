"""Units of one's own agency: the tree, what can be done with each, and what happened before."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from agencies import unit_tree
from agencies import units as domain
from agencies.errors import BadUnit, NoSuchUnit, UnitLoop, UnitNameTaken, UnitNotEmpty
from marketplace.edge.acting import current_principal
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
    except (BadUnit, UnitNameTaken) as refusal:
        typed: dict[str, Any] = {name: agency_forms.text(name) for name in ("name", "parent", "until")}
        typed["guests"] = request.form.getlist("guests")
        errors = refusal.facts.get("errors") or {"name": []}
        return make_response(_page(typed, agency_words.faults(errors)), 422)
    flash(gettext("The unit is there."))
    return redirect(url_for("web.units"), 303)


@web.get("/agency/units/<uuid:unit_id>")
def unit(unit_id: UUID) -> str:
    """One unit, with what can be done with it."""
    with reading() as db:
        tree = _tree(db)
    found = next((each for each in tree if each["id"] == unit_id), None)
    if found is None:
        raise NoSuchUnit()
    return render_template(
        "agency_unit.html",
        unit=found,
        others=[each for each in tree if each["id"] != unit_id],
        names=agency_forms.agency_names(),
    )


@web.post("/agency/units/<uuid:unit_id>/name")
def rename_unit(unit_id: UUID) -> Response:
    """Give it another name."""
    name = agency_forms.text("name")
    return _done(unit_id, lambda tx: domain.rename(tx, unit_id, name, **agency_forms.who()))


@web.post("/agency/units/<uuid:unit_id>/place")
def move_unit(unit_id: UUID) -> Response:
    """Put it somewhere else."""
    parent = agency_forms.chosen("parent")
    return _done(unit_id, lambda tx: domain.move(tx, unit_id, parent, **agency_forms.who()))


@web.post("/agency/units/<uuid:unit_id>/merge")
def merge_unit(unit_id: UUID) -> Response:
    """Merge it into another one."""
    into = agency_forms.chosen("into")
    if into is None:
        raise NoSuchUnit()
    return _done(None, lambda tx: domain.merge(tx, unit_id, into, **agency_forms.who()))


@web.post("/agency/units/<uuid:unit_id>/end")
def end_unit(unit_id: UUID) -> Response:
    """End it."""
    return _done(None, lambda tx: domain.end(tx, unit_id, **agency_forms.who()))


def _done(unit_id: UUID | None, act: Callable[[Tx], None]) -> Response:
    """Do it and go back to the unit, or to the tree where there is no such unit any more; say what does not work."""
    back = url_for("web.unit", unit_id=unit_id) if unit_id else url_for("web.units")

    def done(tx: Tx) -> None:
        act(tx)

    try:
        agency_forms.acted(done)
    except (BadUnit, UnitLoop, UnitNameTaken, UnitNotEmpty) as refusal:
        flash(_said(refusal), "look")
        return redirect(request.path.rsplit("/", 1)[0], 303)
    flash(gettext("Done."))
    return redirect(back, 303)


def _said(refusal: Exception) -> str:
    if isinstance(refusal, UnitLoop):
        return gettext("A unit cannot stand below itself. Nothing was changed.")
    if isinstance(refusal, UnitNameTaken):
        return gettext("There is a unit of this name at that place already. Nothing was changed.")
    if isinstance(refusal, UnitNotEmpty):
        return gettext("There are units or people in it. Move them first, or merge it into another unit.")
    faults = agency_words.faults(refusal.facts["errors"]) if isinstance(refusal, BadUnit) else {}
    return " ".join(faults.values())


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
