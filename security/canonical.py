"""Canonical JSON (RFC 8785, JCS): one value, one sequence of bytes, so that it can be hashed and signed.

Takes what our own records are made of: text, whole numbers, true, false, null, lists and objects.
Fractions are refused although the RFC knows them: no record of ours needs one, and writing them alike in
every language is the one hard part of the RFC.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import orjson

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


def plain_bytes(value: Any) -> bytes:
    """The RFC 8785 form of a value that is plain (`is_plain`), or holds UUIDs, which are written as text.

    At a fiftieth of the price: the security record needs it.
    """
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def is_plain(value: Any, deepest: int = DEEPEST_NESTING) -> bool:
    """Whether a common JSON library writes `value` as the RFC wants it.

    Names in ASCII have one order, be it by code points or by UTF-16; surrogates and large numbers need a closer look.
    """
    if isinstance(value, str):
        return value.isascii() or not _SURROGATE.search(value)
    if isinstance(value, dict):
        return deepest > 0 and all(
            isinstance(name, str) and name.isascii() and is_plain(inner, deepest - 1)
            for name, inner in value.items()
        )
    if isinstance(value, (list, tuple)):
        return deepest > 0 and all(is_plain(inner, deepest - 1) for inner in value)
    return value is None or (isinstance(value, int) and abs(value) <= LARGEST_INTEGER)


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
