"""What may come in: strict JSON and strict fields (design D15).

Flask and marshmallow let many kinds of bad JSON through: duplicate keys, NaN, deep nesting, lone surrogates, NUL,
`true` for 1, "1" for 1, unbounded numbers and texts. Each is refused here once, for every door.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, pre_load, validate

from marketplace.foundation.errors import InvalidInput

MOST_DEPTH = 32
_BRACKETS = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)
# Possessive, and content with a missing end: a long or an unterminated string is read once and costs no memory.

_UNSTORABLE = re.compile("[\\x00\\ud800-\\udfff]")


class BadJson(InvalidInput):
    """This is not JSON that can be read safely."""


class BadFields(InvalidInput):
    """Some fields cannot be used as they are."""


def load_json(body: bytes, charset: str = "utf-8") -> Any:
    """Parse a JSON text (RFC 8259) of any size the caller allowed. Raises BadJson with a sentence."""
    if charset.lower().replace("_", "-") not in ("utf-8", "utf8", "us-ascii"):
        raise BadJson("JSON must be sent as UTF-8.")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise BadJson("JSON must be sent as UTF-8; these bytes are not.") from None
    _check_depth(text)
    try:
        return json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_no_constant,
            parse_int=_number,
            parse_float=_fraction,
        )
    except BadJson:
        raise
    except (ValueError, RecursionError):
        raise BadJson("This is not valid JSON.") from None


def clean(text: str, *, at: str = "text") -> str:
    """`text` in Unicode normal form NFC. Raises BadFields for NUL and for surrogates, which no database keeps."""
    if _UNSTORABLE.search(text):
        raise BadFields(errors={at: ["Contains a character that cannot be stored."]})
    return unicodedata.normalize("NFC", text)


class Input(Schema):
    """Base of every schema for what comes in: unknown fields are refused, texts are normalised."""

    class Meta:
        unknown = RAISE

    @pre_load
    def _normalise(self, data: Any, **_: Any) -> Any:
        return _normalised(data)


class Whole(fields.Integer):
    """A whole number of a stated range; no text, no true, no 1.0."""

    def __init__(self, least: int, most: int, **kwargs: Any) -> None:
        super().__init__(strict=True, validate=validate.Range(least, most), **kwargs)

    def _validated(self, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValidationError("Must be a whole number.")
        return super()._validated(value)


class Text(fields.String):
    """A text of a stated length, not only of spaces unless `least` is 0."""

    def __init__(self, most: int, least: int = 1, **kwargs: Any) -> None:
        super().__init__(validate=validate.Length(min=least, max=most), **kwargs)
        self.least = least

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        if self.least and isinstance(text, str) and not text.strip():
            raise ValidationError("Must not be empty.")
        return text


class Flag(fields.Boolean):
    """true or false; no 1, no "yes"."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, bool):
            raise ValidationError("Must be true or false.")
        return value


def _normalised(value: Any) -> Any:
    if isinstance(value, str):
        if _UNSTORABLE.search(value):
            raise ValidationError("Contains a character that cannot be stored.")
        return unicodedata.normalize("NFC", value)
    if isinstance(value, list):
        return [_normalised(item) for item in value]
    if isinstance(value, dict):
        made = {_normalised(name): _normalised(item) for name, item in value.items()}
        if len(made) != len(value):
            raise ValidationError("Names the same key twice.")
        return made
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise BadJson("An object names the same key twice.")
    return made


def _no_constant(name: str) -> Any:
    raise BadJson(f"{name} is not a number in JSON.")


def _number(digits: str) -> int:
    if len(digits) > 20:
        raise BadJson("A number is too large.")
    return int(digits)


def _fraction(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise BadJson("A number is too large.")
    return number


def _check_depth(text: str) -> None:
    """Count brackets outside strings before parsing: the parser itself would recurse."""
    depth = 0
    for token in _BRACKETS.finditer(text):
        mark = token[0]
        if mark in "[{":
            depth += 1
            if depth > MOST_DEPTH:
                raise BadJson(f"The JSON is nested deeper than {MOST_DEPTH} levels.")
        elif mark in "]}":
            depth -= 1
