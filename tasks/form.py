"""What a campaign shows and asks: the fields of an item and the questions about it. Pure.

A form is data, so that pages, API and checks read the same thing. The first kind of question is one choice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, validate, validates_schema
from marshmallow import fields as kinds

from marketplace.foundation.input import BadFields, Flag, Input, Text, clean, entries
from tasks.errors import BadAnswer

NAME = validate.Regexp(
    r"^[a-z][a-z0-9_]{0,39}$", error="Use small letters, digits and _, beginning with a letter."
)
LONGEST_NOTE = 2_000


class OptionSpec(Input):
    """One option of a choice."""

    value = kinds.String(required=True, validate=NAME)
    label = Text(120, required=True)
    hint = Text(200, may_be_empty=True, load_default="")


class QuestionSpec(Input):
    """One question. `cannot_tell` names the option that says so honestly; it loses ties."""

    name = kinds.String(required=True, validate=NAME)
    kind = kinds.String(required=True, validate=validate.OneOf(["choice"]))
    label = Text(200, required=True)
    options = kinds.List(kinds.Nested(OptionSpec), required=True, validate=entries(2, 30))
    cannot_tell = kinds.String(load_default=None, allow_none=True)

    @validates_schema
    def _options_agree(self, data: dict[str, Any], **_: Any) -> None:
        values = [option["value"] for option in data["options"]]
        if len(set(values)) != len(values):
            raise ValidationError("Two options have the same value.", "options")
        if data["cannot_tell"] is not None and data["cannot_tell"] not in values:
            raise ValidationError("Must be the value of one of the options.", "cannot_tell")


class FieldSpec(Input):
    """One field of an item: its name, what people read beside it, the column it is imported from."""

    name = kinds.String(required=True, validate=NAME)
    label = Text(120, required=True)
    column = Text(200, load_default=None, allow_none=True)
    lead = Flag(load_default=False)
    required = Flag(load_default=False)


class FormSpec(Input):
    """Questions, fields, and whether people may leave a note for the owner."""

    questions = kinds.List(kinds.Nested(QuestionSpec), required=True, validate=entries(1, 1))
    fields_ = kinds.List(
        kinds.Nested(FieldSpec),
        required=True,
        validate=entries(1, 40),
        data_key="fields",
        attribute="fields",
    )
    note = Flag(load_default=True)

    @validates_schema
    def _names_differ(self, data: dict[str, Any], **_: Any) -> None:
        names = [field["name"] for field in data["fields"]]
        if len(set(names)) != len(names):
            raise ValidationError("Two fields have the same name.", "fields")


def question_of(form: Mapping[str, Any]) -> Mapping[str, Any]:
    """The question that consensus is about."""
    question: Mapping[str, Any] = form["questions"][0]
    return question


def checked(form: Mapping[str, Any], answer: Any) -> dict[str, str]:
    """`answer` as it may be stored: one value per question and a note if there is one. Raises BadAnswer.

    The error's `errors` maps the place to sentences.
    """
    if not isinstance(answer, dict):
        raise BadAnswer(errors={"answer": ["Must be an object with one value per question."]})
    errors: dict[str, list[str]] = {}
    kept: dict[str, str] = {}
    known = {question["name"] for question in form["questions"]} | ({"note"} if form["note"] else set())
    for name in sorted(set(answer) - known, key=str):
        errors[str(name)] = ["There is no such question."]
    for question in form["questions"]:
        given = answer.get(question["name"])
        if given is None or given == "":
            errors[question["name"]] = ["Choose one of the options."]
        elif given not in [option["value"] for option in question["options"]]:
            errors[question["name"]] = ["This is not one of the options."]
        else:
            kept[question["name"]] = given
    note = answer.get("note")
    if note is not None and form["note"]:
        _check_note(note, errors, kept)
    if errors:
        raise BadAnswer(errors=errors)
    return kept


def _check_note(note: Any, errors: dict[str, list[str]], kept: dict[str, str]) -> None:
    if not isinstance(note, str) or len(note) > LONGEST_NOTE:
        errors["note"] = [f"Must be a text of at most {LONGEST_NOTE} characters."]
    elif note.strip():
        try:
            kept["note"] = clean(note.strip(), at="note")
        except BadFields as unfit:
            errors |= unfit.facts["errors"]
