"""What a campaign shows and asks: the fields of an item and the questions about it. Pure.

A form is data, so that pages, API and checks read the same thing. Kinds of questions: tasks/questions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, validates_schema
from marshmallow import fields as kinds

from marketplace.foundation.input import BadFields, Flag, Input, Text, clean, entries
from tasks.consensus.majority import RULE as MAJORITY
from tasks.errors import BadAnswer
from tasks.questions import MOST_QUESTIONS, Question, Unfit, Value, is_optional, kind_of
from tasks.questions.kind import NAME
from tasks.questions.table import AnyQuestion

LONGEST_NOTE = 2_000


class FieldSpec(Input):
    """One field of an item: its name, what people read beside it, the column it is imported from."""

    name = kinds.String(required=True, validate=NAME)
    label = Text(120, required=True)
    column = Text(200, load_default=None, allow_none=True)
    lead = Flag(load_default=False)
    required = Flag(load_default=False)


class FormSpec(Input):
    """Questions, fields, and whether people may leave a note for the owner."""

    questions = kinds.List(AnyQuestion(), required=True, validate=entries(1, MOST_QUESTIONS))
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
        asked = [question["name"] for question in data["questions"]]
        if len(set(asked)) != len(asked):
            raise ValidationError("Two questions have the same name.", "questions")
        if "note" in asked:
            raise ValidationError(
                "“note” is what people write to the owner: choose another name.", "questions"
            )

    @validates_schema
    def _questions_fit(self, data: dict[str, Any], **_: Any) -> None:
        if is_optional(data["questions"][0]):
            raise ValidationError(
                "The first question must be answered: ask what may stay unanswered after it.", "questions"
            )
        names = {field["name"] for field in data["fields"]}
        for number, question in enumerate(data["questions"]):
            unknown = {
                side for side in ("first", "second") if side in question and question[side] not in names
            }
            if unknown:
                raise ValidationError(
                    {"questions": {number: {side: ["There is no such field."] for side in sorted(unknown)}}}
                )


def checked(form: Mapping[str, Any], answer: Any) -> dict[str, Value]:
    """`answer` as it may be stored: one value per question and a note if there is one. Raises BadAnswer.

    The error's `errors` maps the place to sentences, `codes` the place to what pages have words for.
    """
    if not isinstance(answer, dict):
        raise BadAnswer(errors={"answer": ["Must be an object with one value per question."]}, codes={})
    unfit: dict[str, Unfit] = {}
    kept: dict[str, Value] = {}
    known = {question["name"] for question in form["questions"]} | ({"note"} if form["note"] else set())
    for name in sorted(set(answer) - known, key=str):
        unfit[str(name)] = Unfit("unknown", "There is no such question.")
    for question in form["questions"]:
        try:
            value = _checked(question, answer.get(question["name"]))
        except Unfit as fault:
            unfit[question["name"]] = fault
        else:
            if value is not None:
                kept[question["name"]] = value
    note = answer.get("note")
    if note is not None and form["note"]:
        try:
            kept |= _checked_note(note)
        except Unfit as fault:
            unfit["note"] = fault
    if unfit:
        raise BadAnswer(
            errors={name: [fault.sentence] for name, fault in unfit.items()},
            codes={name: fault.code for name, fault in unfit.items()},
        )
    return kept


def _checked(question: Question, given: Any) -> Value | None:
    """The value to keep; None where the question may stay unanswered and does. Raises Unfit."""
    kind = kind_of(question)
    if given is None or given == "":
        if is_optional(question):
            return None
        raise Unfit(
            kind.faults[0], "Choose one of the options." if kind.rule == MAJORITY else "This is needed."
        )
    return kind.check(question, given)


def _checked_note(note: Any) -> dict[str, Value]:
    if not isinstance(note, str) or len(note) > LONGEST_NOTE:
        raise Unfit("note", f"Must be a text of at most {LONGEST_NOTE} characters.")
    if not note.strip():
        return {}
    try:
        return {"note": clean(note.strip(), at="note")}
    except BadFields as error:
        raise Unfit("note", error.facts["errors"]["note"][0]) from None
