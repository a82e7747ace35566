"""/.search: users and groups in one query (RFC 7644 §3.4.3)."""

from __future__ import annotations

from typing import Any

from flask import Response
from scim2_models import SearchRequest

from agencies.scim import groups as directory
from agencies.scim import people
from agencies.scim.errors import BadPath
from marketplace.foundation.db import Tx, reading
from marketplace.scim import listing
from marketplace.scim.door import body, provisioner, reply, scim
from marketplace.scim.resources import Group, User, group_resource, shown, user_resource
from marketplace.scim.users import adopt

OF_ONE_KIND = (
    ("username", None),
    ("active", None),
    ("emails", None),
    ("emails", "value"),
    ("emails", "type"),
    ("emails", "primary"),
    ("members", None),
    ("members", "value"),
)
"""Attributes that users have and groups have not, or the other way round."""


@scim.post("/.search", endpoint="search")
def search() -> Response:
    """Users first, then groups; an attribute that only one of them has matches none of the other."""
    query = listing.asked(User | Group, body())
    if query.sort_by is not None:
        raise BadPath("Sorting is offered where one kind is listed: /Users/.search and /Groups/.search.")
    adopt()
    with reading() as db:
        return reply(_found(db, query))


def _found(db: Tx, query: SearchRequest[Any]) -> dict[str, Any]:
    start, count = listing.start_of(query), listing.count_of(query)
    users, some = _page(people, db, query, start, count)
    resources = [shown(user_resource(each), query) for each in some]
    groups, more = _page(directory, db, query, max(start - users, 0), count - len(some))
    resources += [shown(group_resource(each), query) for each in more]
    return listing.listed(resources, users + groups, start)


def _page(kind: Any, db: Tx, query: SearchRequest[Any], start: int, count: int) -> tuple[int, list[Any]]:
    wanted = query.filter.ast if query.filter else None
    found: tuple[int, list[Any]] = kind.page(
        db, provisioner(), wanted=wanted, absent=OF_ONE_KIND, start=start, count=count
    )
    return found
