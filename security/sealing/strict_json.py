"""JSON objects as formats of security want them read: every member once, and nothing that JSON does not know.

RFC 8259, section 4, leaves it open what a member given twice means, and readers differ: one checks the first and
another uses the last.
"""

import json
from typing import Any, NoReturn

LARGEST_BYTES = 64 * 1024
"""Longer than any header or key that this package reads."""


def members_of(data: bytes) -> dict[str, Any]:
    """The members of the object written as `data`, in UTF-8. Raises ValueError for anything else."""
    if len(data) > LARGEST_BYTES:
        raise ValueError("too long")
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_each_once, parse_constant=_refused)
    except RecursionError:
        raise ValueError("too deep") from None
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is given twice")
    return members


def _refused(constant: str) -> NoReturn:
    raise ValueError("not JSON")
