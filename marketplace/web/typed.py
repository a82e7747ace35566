"""What somebody typed on the work page: read from the form, said in words, handed back when it could not be taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from flask import request
from flask_babel import gettext

from marketplace.edge.acting import acting
from marketplace.foundation.db import reading
from marketplace.foundation.errors import DomainError
from marketplace.web import question_words
from tasks import queries

PREFIX = "answer."


def fields() -> dict[str, list[str]]:
    """The fields of the form that belong to the answer; what was left empty is not among them."""
    given: dict[str, list[str]] = {}
    for name, value in request.form.items(multi=True):
        if name.startswith(PREFIX) and value:
            given.setdefault(name.removeprefix(PREFIX), []).append(value.replace("\r\n", "\n"))
    return given


def answer(form: Mapping[str, Any]) -> dict[str, Any]:
    """What was typed as an answer to the questions of `form`; what no question asks for is in it as it came.

    The places of a ranking that is no ranking yet come as an object, so that they can be shown again.
    """
    given = fields()
    found: dict[str, Any] = {}
    for question in form["questions"]:
        value = _value(question, given)
        if value is not None:
            found[question["name"]] = value
    return found | {name: values[0] for name, values in given.items()}


def _value(question: Mapping[str, Any], given: dict[str, list[str]]) -> Any:
    """The value of one question, whose fields are taken out of `given`; None where it was left empty."""
    name, kind = question["name"], question["kind"]
    if kind == "ranking":
        options = [option["value"] for option in question["options"]]
        typed = {option: given.pop(f"{name}.{option}", [""])[0] for option in options}
        return ranking({option: place for option, place in typed.items() if place}, len(options))
    values = given.pop(name, [])
    if kind == "several":
        return values if values or question["min"] == 0 else None
    if not values:
        return None
    return digits(values[0]) if kind == "number" else values[0]


def ranking(places: Mapping[str, str], options: int) -> list[str] | Mapping[str, str] | None:
    """The options by their places "1", "2", …; the places themselves where they make no ranking yet."""
    by_place = {place: option for option, place in places.items()}
    in_order = [by_place.get(str(place)) for place in range(1, options + 1)]
    if len(places) == options and None not in in_order:
        return [option for option in in_order if option is not None]
    return places or None


def digits(text: str) -> str:
    """A number as people write it, with a point: one comma stands for it, as a real minus stands for its hyphen."""
    text = text.strip().replace("−", "-")
    return text.replace(",", ".") if text.count(",") == 1 and "." not in text else text


def in_words(form: Mapping[str, Any], given: Mapping[str, Any]) -> list[tuple[str, str]]:
    """An answer as people read it: the question and what its value is called, then the note."""
    shown = [
        (question["label"], question_words.value(form, question, given[question["name"]]))
        for question in form["questions"]
        if given.get(question["name"])
    ]
    if given.get("note"):
        shown.append((gettext("Note for the owner"), given["note"]))
    return shown


def handed_back(claim_id: UUID) -> list[tuple[str, str]]:
    """What this request brought for a claim, in words. Without a session the form's words are not ours to show:
    then what was chosen or written is named as the form sent it.
    """
    given = fields()
    if not given:
        return []
    try:
        who = acting()
        if who is not None:
            with reading() as db:
                form = queries.claim(db, claim_id, who.principal, who.context)["campaign"]["form"]
            return in_words(form, answer(form))
    except DomainError:
        pass  # no database, or not theirs: what they typed is theirs all the same
    notes = given.pop("note", [])
    return [*_as_sent(given), *((gettext("Note for the owner"), note) for note in notes)]


def _as_sent(given: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    return [(gettext("Your choice"), value) for values in given.values() for value in values]
