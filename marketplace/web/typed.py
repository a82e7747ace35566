"""What somebody typed on the work page: read from the form, said in words, handed back when it could not be taken."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import request
from flask_babel import gettext

from marketplace.edge.acting import acting
from marketplace.foundation.db import reading
from marketplace.foundation.errors import DomainError
from tasks import queries

PREFIX = "answer."


def answer() -> dict[str, str]:
    """The fields of the form that belong to the answer; what was left empty is not among them."""
    given = {
        name.removeprefix(PREFIX): value for name, value in request.form.items() if name.startswith(PREFIX)
    }
    return {name: value.replace("\r\n", "\n") for name, value in given.items() if value}


def in_words(form: Mapping[str, Any], given: Mapping[str, str]) -> list[tuple[str, str]]:
    """An answer as people read it: the question and the option's label, then the note."""
    shown = []
    for question in form["questions"]:
        labels = {option["value"]: option["label"] for option in question["options"]}
        if given.get(question["name"]):
            shown.append((question["label"], labels.get(given[question["name"]], given[question["name"]])))
    if given.get("note"):
        shown.append((gettext("Note for the owner"), given["note"]))
    return shown


def handed_back(claim_id: UUID) -> list[tuple[str, str]]:
    """What this request brought for a claim, in words. Without a session the form's words are not ours to show:
    then the choice is named as the form sent it.
    """
    given = answer()
    if not given:
        return []
    try:
        who = acting()
        if who is not None:
            with reading() as db:
                return in_words(
                    queries.claim(db, claim_id, who.principal, who.context)["campaign"]["form"], given
                )
    except DomainError:
        pass  # no database, or not theirs: what they typed is theirs all the same
    note = [(gettext("Note for the owner"), given["note"])] if "note" in given else []
    return [(gettext("Your choice"), value) for name, value in given.items() if name != "note"] + note
