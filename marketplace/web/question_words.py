"""Questions in the reader's language: what a value is called, what a field asks for, what does not fit and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from babel.dates import format_skeleton
from babel.numbers import format_decimal
from flask_babel import gettext, ngettext

from marketplace.web import words
from marketplace.web.languages import formats
from tasks.questions import Question, is_optional, kind_of
from tasks.questions.choosing import CANNOT_TELL
from tasks.questions.several import most_of

OURS = ("yes_no", "number", "date")
"""Kinds whose values are called in the page's language; the others are in the campaign's."""
RADIOS = ("choice", "yes_no", "pairwise")
"""Kinds of which one option is chosen."""
OF_SCRIPTS = ("name", "kind", "min", "max", "decimals", "max_length", "earliest", "latest", "unit")
"""Settings that scripts read, where a kind has them."""


def shown(form: Mapping[str, Any], question: Question) -> dict[str, Any]:
    """A question as pages show it and scripts check it."""
    labels = options(form, question)
    hinted = {option["value"]: option["hint"] for option in question.get("options", ())}
    sides = {side: question[side] for side in ("first", "second") if question["kind"] == "pairwise"}
    in_scripts = {name: question[name] for name in OF_SCRIPTS if name in question}
    return {
        "name": question["name"],
        "kind": question["kind"],
        "label": question["label"],
        "required": not is_optional(question),
        "in_content": question["kind"] not in OURS,
        "hint": question.get("hint", ""),
        "hints": _hints(question),
        "options": [
            {
                "value": code,
                "label": label,
                "hint": hinted.get(code, ""),
                "honest": code == _honest(question),
                "field": sides.get(code),
            }
            for code, label in labels.items()
        ],
        "unit": question.get("unit", ""),
        "max_length": question.get("max_length"),
        "earliest": question.get("earliest"),
        "latest": question.get("latest"),
        "decimals": question.get("decimals", 0),
        "faults": {code: fault(question, code) for code in kind_of(question).faults},
        "in_scripts": in_scripts | {"required": not is_optional(question), "options": list(labels)},
        "in_words": {name: question[name] for name in ("name", "kind", "unit") if name in question}
        | {"words": labels, "none": gettext("none of them")},
    }


def all_shown(form: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every question of a form, as `shown`."""
    return [shown(form, question) for question in form["questions"]]


def options(form: Mapping[str, Any], question: Question) -> dict[str, str]:
    """The values to choose from, in the form's order, and what they are called."""
    if question["kind"] == "yes_no":
        names = {"yes": gettext("Yes"), "no": gettext("No"), CANNOT_TELL: gettext("Can’t tell")}
    elif question["kind"] == "pairwise":
        fields = {field["name"]: field["label"] for field in form["fields"]}
        sides = {side: fields.get(question[side], question[side]) for side in ("first", "second")}
        names = sides | {"same": gettext("Both are the same")}
    else:
        return dict(kind_of(question).options(question))
    return {code: names[code] for code in kind_of(question).options(question)}


def value(form: Mapping[str, Any], question: Question, given: Any) -> str:
    """What a value is called. What does not fit its question is named as it is."""
    if given is None:
        return gettext("no answer")
    if question["kind"] == "number":
        return f"{_number(str(given))} {question['unit']}".strip()
    if question["kind"] == "date":
        return _day(str(given))
    names = options(form, question)
    if isinstance(given, Mapping):
        return "; ".join(f"{place}. {names.get(each, each)}" for each, place in given.items())
    if not isinstance(given, list):
        return names.get(str(given), str(given))
    if question["kind"] == "ranking":
        return "; ".join(f"{place}. {names.get(each, each)}" for place, each in enumerate(given, 1))
    return "; ".join(names.get(str(each), str(each)) for each in given) or gettext("none of them")


def values(form: Mapping[str, Any], given: Mapping[str, Any]) -> list[str]:
    """What the values of an answer or of a result are called, question by question."""
    return [value(form, question, given.get(question["name"])) for question in form["questions"]]


def fault(question: Question, code: str) -> str:
    """Why something does not answer a question, and what would. `code`: an Unfit's."""
    if code == "missing_choice":
        return _choose(question)
    if code == "missing_several":
        return ngettext(
            "Choose at least %(num)s option.", "Choose at least %(num)s options.", question["min"] or 1
        )
    found = _FAULTS.get(code)
    return found(question) if found else gettext("This does not fit the question.")


def note_fault() -> str:
    """Why a note was not taken."""
    return gettext("The note is too long or has a character that cannot be stored.")


def _choose(question: Question) -> str:
    if _honest(question) is None:
        return gettext("Choose one of the options.")
    return gettext("Choose one of the options. “Can’t tell” is an answer too.")


def _honest(question: Question) -> str | None:
    """The value that says honestly that somebody cannot tell."""
    if question["kind"] == "yes_no":
        return CANNOT_TELL if question["cannot_tell"] else None
    found: str | None = question.get("cannot_tell")
    return found


_FAULTS: Mapping[str, Callable[[Question], str]] = {
    "not_an_option": lambda _: gettext("This is not one of the options. Choose again."),
    "too_few": lambda question: ngettext(
        "Choose at least %(num)s option.", "Choose at least %(num)s options.", question["min"]
    ),
    "too_many": lambda question: ngettext(
        "Choose at most %(num)s option.", "Choose at most %(num)s options.", most_of(question)
    ),
    "missing_number": lambda _: gettext("Write a number."),
    "not_a_number": lambda _: gettext("Write a number with digits only, such as 12 or 12.5."),
    "decimals": lambda question: (
        ngettext("Write at most %(num)s decimal.", "Write at most %(num)s decimals.", question["decimals"])
        if question["decimals"]
        else gettext("Write a whole number.")
    ),
    "too_small": lambda question: gettext(
        "Write a number of at least %(least)s.", least=_limit(question, "min")
    ),
    "too_large": lambda question: gettext(
        "Write a number of at most %(most)s.", most=_limit(question, "max")
    ),
    "missing_text": lambda _: gettext("Write an answer."),
    "not_storable": lambda _: gettext("This has a character that cannot be stored. Write it without."),
    "too_long": lambda question: ngettext(
        "Write at most %(count)s character.",
        "Write at most %(count)s characters.",
        question["max_length"],
        count=words.number(question["max_length"]),
    ),
    "missing_date": lambda _: gettext("Write a date."),
    "not_a_date": lambda _: gettext("Write a date that the calendar has."),
    "too_early": lambda question: gettext("Write a date from %(day)s on.", day=_limit(question, "earliest")),
    "too_late": lambda question: gettext("Write a date up to %(day)s.", day=_limit(question, "latest")),
    "missing_ranking": lambda _: gettext("Give every option a place."),
    "not_a_ranking": lambda _: gettext("Give every option a place of its own."),
}


def _hints(question: Question) -> list[str]:
    """What a field asks for, said before somebody types."""
    kind = question["kind"]
    if kind == "several":
        return [_how_many(question["min"], most_of(question), len(question["options"]))]
    if kind == "number":
        limits = _between(_limit(question, "min"), _limit(question, "max"))
        return [*limits, _decimals(question["decimals"])]
    if kind == "date":
        return _between(_limit(question, "earliest"), _limit(question, "latest"))
    if kind in ("text", "long_text"):
        most = question["max_length"]
        count = words.number(most)
        return [ngettext("At most %(count)s character.", "At most %(count)s characters.", most, count=count)]
    return [gettext("1 is first. Give every option a place of its own.")] if kind == "ranking" else []


def _how_many(least: int, most: int, of: int) -> str:
    if least == most:
        return ngettext("Choose %(num)s.", "Choose %(num)s.", least)
    if most < of:
        return gettext("Choose %(least)s to %(most)s.", least=words.number(least), most=words.number(most))
    if least == 0:
        return gettext("Choose what fits. You may choose none.")
    if least == 1:
        return gettext("Choose what fits, one at least.")
    return gettext("Choose %(least)s or more.", least=words.number(least))


def _between(least: str | None, most: str | None) -> list[str]:
    if least is not None and most is not None:
        return [gettext("From %(least)s to %(most)s.", least=least, most=most)]
    if least is not None:
        return [gettext("From %(least)s on.", least=least)]
    return [] if most is None else [gettext("Up to %(most)s.", most=most)]


def _decimals(most: int) -> str:
    if not most:
        return gettext("A whole number. No point or space between thousands.")
    return ngettext(
        "At most %(num)s digit after the decimal point or comma. No point or space between thousands.",
        "At most %(num)s digits after the decimal point or comma. No point or space between thousands.",
        most,
    )


def _limit(question: Question, name: str) -> str | None:
    given = question[name]
    if given is None:
        return None
    if question["kind"] == "number":
        return f"{_number(given)} {question['unit']}".strip()
    return _day(given)


def _number(digits: str) -> str:
    try:
        return format_decimal(Decimal(digits), "#,##0.#########", locale=formats())
    except InvalidOperation:
        return digits


def _day(given: str) -> str:
    try:
        return format_skeleton("yMMMd", date.fromisoformat(given), locale=formats())
    except ValueError:
        return given
