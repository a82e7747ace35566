"""Saved views: a search of the record under a name, for all officers of an agency."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select

from agencies import people
from agencies.oversight import searches
from agencies.oversight.models import SavedView
from marketplace.foundation.db import Tx, insert
from marketplace.foundation.errors import Conflict, InvalidInput, NotFound
from marketplace.foundation.ids import new_id
from marketplace.foundation.input import clean
from security.log import audit
from security.permissions import Permission
from security.principal import Context, Principal

LONGEST_NAME = 80
MOST = 40
"""Views that an agency keeps: what a list of links still shows."""


class BadView(InvalidInput):
    """A view needs a name of at most 80 characters, and something that is searched for."""


class ViewNameTaken(Conflict):
    """Your agency has a view of this name."""


class TooManyViews(Conflict):
    """Your agency keeps 40 views. Drop one that nobody needs any more."""


class NoSuchView(NotFound):
    """Your agency has no such view."""


def save(tx: Tx, name: str, words: Mapping[str, str], *, actor: Principal, context: Context) -> UUID:
    """Keep a search (`searches.WORDS`) under a name. Returns its id.

    Words that make no sense are left out. Raises BadView with `errors` at "name" or "words", ViewNameTaken,
    TooManyViews, NotPermitted.
    """
    people.still_may(tx, actor, Permission.OVERSEE)
    name = " ".join(clean(name, at="name").split())
    if not 1 <= len(name) <= LONGEST_NAME:
        raise BadView(errors={"name": ["Give it a name of at most 80 characters."]})
    understood = searches.parse(tx, words).words
    if not understood:
        raise BadView(errors={"words": ["Search for something first."]})
    if len(listing(tx, actor)) >= MOST:
        raise TooManyViews()
    view_id = new_id()
    row = insert(tx, SavedView).values(
        id=view_id, agency_id=actor.agency_id, name=name, filters=dict(understood), made_by=actor.person_id
    )
    unique = row.on_conflict_do_nothing(index_elements=["agency_id", "name"])
    if tx.scalar(unique.returning(SavedView.id)) is None:
        raise ViewNameTaken()
    _record(tx, "view.save", view_id, actor, context)
    return view_id


def drop(tx: Tx, view_id: UUID, *, actor: Principal, context: Context) -> None:
    """Forget a view of the actor's agency. Raises NoSuchView, NotPermitted."""
    people.still_may(tx, actor, Permission.OVERSEE)
    gone = tx.execute(
        delete(SavedView).where(SavedView.id == view_id, SavedView.agency_id == actor.agency_id)
    )
    if not gone.rowcount:
        raise NoSuchView()
    _record(tx, "view.drop", view_id, actor, context)


def listing(db: Tx, actor: Principal) -> Sequence[Any]:
    """The views of the actor's agency by name: id, name, filters (words of a search)."""
    chosen = select(SavedView.id, SavedView.name, SavedView.filters)
    return db.all(chosen.where(SavedView.agency_id == actor.agency_id).order_by(SavedView.name))


def _record(tx: Tx, act: str, view_id: UUID, actor: Principal, context: Context) -> None:
    audit.record(tx, act, audit.Target("view", view_id, actor.agency_id), actor=actor, context=context)
