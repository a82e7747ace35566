"""What may come in: strict JSON and strict fields (design D15).

Flask and marshmallow let many kinds of bad JSON through: duplicate keys, NaN, deep nesting, lone surrogates, NUL,
`true` for 1, "1" for 1, unbounded numbers and texts. Each is refused here once, for every door.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, pre_load, validate

from marketplace.foundation.errors import InvalidInput

MOST_DEPTH = 32
_BRACKETS = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)
# Possessive, and content with a missing end: a long or an unterminated string is read once and costs no memory.

SENTENCES: Mapping[type[fields.Field[Any]], Mapping[str, str]] = {
    fields.Field: {"required": "This is needed.", "null": "Must not be null."},
    fields.Integer: {"invalid": "Must be a whole number.", "too_large": "Must be a smaller number."},
    fields.String: {"invalid": "Must be a text.", "invalid_utf8": "Must be a text in UTF-8."},
    fields.Boolean: {"invalid": "Must be true or false."},
    fields.Date: {"invalid": "Must be a date such as 2027-03-31."},
    fields.List: {"invalid": "Must be a list."},
    fields.Mapping: {"invalid": "Must be an object."},
    fields.Nested: {"type": "Must be an object."},
}
"""What we say in place of marshmallow's own sentences, by kind of field; a kind speaks for those below it."""

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


class Strict(Schema):
    """Unknown fields are refused, and whatever is refused is refused in our own words."""

    class Meta:
        unknown = RAISE

    error_messages = {"unknown": "There is no such field.", "type": "Must be an object."}  # noqa: RUF012 - so typed

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """Called by marshmallow for each field of each schema."""
        _put_in_our_words(field_obj)


class Input(Strict):
    """Base of every schema for what comes in, whose texts are normalised."""

    @pre_load
    def _normalise(self, data: Any, **_: Any) -> Any:
        return _normalised(data)


def whole_from(least: int, most: int) -> validate.Range:
    """Checks that a whole number is in a range."""
    return validate.Range(least, most, error=_whole(least, most))


def at_most(most: int) -> validate.Length:
    """Checks that a text has no more than `most` characters."""
    return validate.Length(max=most, error=f"Must have at most {most:,} characters.")


def entries(least: int, most: int) -> validate.Length:
    """Checks how many entries a list has."""
    wanted = (
        f"at most {most:,}"
        if least == 0
        else f"{least:,} to {most:,}"
        if least < most
        else f"exactly {most:,}"
    )
    noun = "entry" if most == 1 else "entries"
    return validate.Length(least, most, error=f"Must have {wanted} {noun}.")


class Whole(fields.Integer):
    """A whole number of a stated range; no text, no true, no 1.0."""

    def __init__(self, least: int, most: int, **kwargs: Any) -> None:
        super().__init__(strict=True, validate=whole_from(least, most), **kwargs)
        self.sentence = _whole(least, most)

    def _validated(self, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValidationError(self.sentence)
        return super()._validated(value)


class Text(fields.String):
    """A text of at most `most` characters, not only of spaces unless `may_be_empty`."""

    def __init__(self, most: int, *, may_be_empty: bool = False, **kwargs: Any) -> None:
        super().__init__(validate=at_most(most), **kwargs)
        self.may_be_empty = may_be_empty

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        if not self.may_be_empty and isinstance(text, str) and not text.strip():
            raise ValidationError("Must not be empty.")
        return text


class Flag(fields.Boolean):
    """true or false; no 1, no "yes"."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, bool):
            raise ValidationError("Must be true or false.")
        return value


def _put_in_our_words(field: fields.Field[Any]) -> None:
    for kind in reversed(type(field).__mro__):
        field.error_messages |= SENTENCES.get(kind, {})
    for inside in ("inner", "key_field", "value_field"):  # of lists and of objects
        below = getattr(field, inside, None)
        if below is not None:
            _put_in_our_words(below)


def _whole(least: int, most: int) -> str:
    return f"Must be a whole number from {least:,} to {most:,}."


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
