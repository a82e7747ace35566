"""Canonical JSON (RFC 8785, JCS): one value, one sequence of bytes, so that it can be hashed and signed.

Takes what our own records are made of: text, whole numbers, true, false, null, lists and objects.
Fractions are refused although the RFC knows them: no record of ours needs one, and writing them alike in
every language is the one hard part of the RFC.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from marketplace.foundation.errors import DomainError

LARGEST_INTEGER = 2**53 - 1
DEEPEST_NESTING = 64
_SURROGATE = re.compile("[\ud800-\udfff]")
# The standard library escapes exactly what section 3.2.2.2 asks for, in the same spelling.
_escaped = json.JSONEncoder(ensure_ascii=False).encode


class NotCanonical(DomainError):
    """This value cannot be written as canonical JSON.

    Facts: `reason` ("float", "integer_too_large", "surrogate", "key_not_text", "too_deep", "unknown_type")
    and `path`, where in the value it stands ("$.rows[3].title").
    """


def canonical_bytes(value: Any) -> bytes:
    """The RFC 8785 form of `value`, in UTF-8. Raises NotCanonical."""
    return "".join(_pieces(value, "$", 0)).encode("utf-8")


def _pieces(value: Any, path: str, depth: int) -> Iterator[str]:
    if depth > DEEPEST_NESTING:
        raise NotCanonical(reason="too_deep", path=path)
    if value is None or isinstance(value, bool):
        yield {None: "null", True: "true", False: "false"}[value]
    elif isinstance(value, str):
        yield _text(value, path)
    elif isinstance(value, int):
        yield _integer(value, path)
    elif isinstance(value, (list, tuple)):
        yield from _array(value, path, depth)
    elif isinstance(value, dict):
        yield from _object(value, path, depth)
    else:
        raise NotCanonical(reason="float" if isinstance(value, float) else "unknown_type", path=path)


def _text(value: str, path: str) -> str:
    if not value.isascii() and _SURROGATE.search(value):
        raise NotCanonical(reason="surrogate", path=path)
    return _escaped(value)


def _integer(value: int, path: str) -> str:
    # Beyond this a reader that keeps numbers as IEEE doubles would hash another number than we did.
    if abs(value) > LARGEST_INTEGER:
        raise NotCanonical(reason="integer_too_large", path=path)
    return int.__repr__(value)


def _array(items: list[Any] | tuple[Any, ...], path: str, depth: int) -> Iterator[str]:
    yield "["
    for position, item in enumerate(items):
        if position:
            yield ","
        yield from _pieces(item, f"{path}[{position}]", depth + 1)
    yield "]"


def _object(members: dict[Any, Any], path: str, depth: int) -> Iterator[str]:
    if not all(isinstance(name, str) for name in members):
        raise NotCanonical(reason="key_not_text", path=path)
    written = {name: _text(name, path) for name in members}
    yield "{"
    # The RFC orders names by UTF-16 code units, which differs from code points beyond the basic plane.
    for position, name in enumerate(sorted(members, key=lambda name: name.encode("utf-16-be"))):
        if position:
            yield ","
        yield written[name] + ":"
        yield from _pieces(members[name], f"{path}.{name}", depth + 1)
    yield "}"
