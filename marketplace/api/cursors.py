"""Cursors of lists: signed, so that a program can only go on where we stopped, in the list we stopped in."""

from __future__ import annotations

from itsdangerous import BadSignature, URLSafeSerializer

from marketplace.edge.acting import settings
from marketplace.foundation.errors import InvalidInput


class BadCursor(InvalidInput):
    """This cursor was not made for this list. Begin again without `after`."""


def cursor(listing: str, place: int | None) -> str | None:
    """The cursor after `place` in `listing` (a name of its own for each list), None where nothing follows."""
    return None if place is None else str(_serializer(listing).dumps(place))


def place(listing: str, cursor: str | None) -> int:
    """Where a cursor points, 0 without one. Raises BadCursor for one of another list or of nobody."""
    if cursor is None:
        return 0
    try:
        found = _serializer(listing).loads(cursor)
    except BadSignature:
        raise BadCursor() from None
    return int(found)


def _serializer(listing: str) -> URLSafeSerializer:
    return URLSafeSerializer(settings().secret_key, salt=f"cursor:{listing}")
