"""The kinds of questions there are, by the name that forms call them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError
from marshmallow import fields as kinds

from tasks.questions.choosing import CHOICE, PAIRWISE, YES_NO
from tasks.questions.date import DATE
from tasks.questions.kind import Kind, Question
from tasks.questions.number import NUMBER
from tasks.questions.ranking import RANKING
from tasks.questions.several import SEVERAL
from tasks.questions.text import LONG_TEXT, TEXT

KINDS: Mapping[str, Kind] = {
    "choice": CHOICE,
    "yes_no": YES_NO,
    "several": SEVERAL,
    "number": NUMBER,
    "text": TEXT,
    "long_text": LONG_TEXT,
    "date": DATE,
    "ranking": RANKING,
    "pairwise": PAIRWISE,
}
MOST_QUESTIONS = 20


def kind_of(question: Question) -> Kind:
    """The kind of a form's question."""
    return KINDS[question["kind"]]


class AnyQuestion(kinds.Field[dict[str, Any]]):
    """A question of any kind, checked by the settings of its own kind."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise ValidationError("Must be an object.")
        name = value.get("kind")
        if name is None:
            raise ValidationError({"kind": ["This is needed."]})
        if not isinstance(name, str) or name not in KINDS:
            raise ValidationError({"kind": [f"Must be one of: {', '.join(KINDS)}."]})
        loaded: dict[str, Any] = KINDS[name].spec().load(value)
        return loaded
