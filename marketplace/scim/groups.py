"""/Groups: the groups of the agency's directory."""

from __future__ import annotations

from typing import Any

from flask import Response
from scim2_models import Context, ResponseParameters, SearchRequest

from agencies.scim import groups as directory
from marketplace.scim import listing, verbs
from marketplace.scim.door import body, parsed, scim
from marketplace.scim.resources import Group, group_resource, wanted_group
from marketplace.scim.verbs import Kind

GROUPS = Kind(
    Group,
    group_resource,
    wanted_group,
    page=directory.page,
    read=directory.read,
    held=directory.held,
    make=directory.make,
    change=directory.change,
    end=directory.end,
)


@scim.get("/Groups")
def groups() -> Response:
    """List groups that a filter matches."""
    return _found(listing.asked(Group))


@scim.post("/Groups/.search", endpoint="search_groups")
def search() -> Response:
    """The same with the query in the body."""
    return _found(listing.asked(Group, body()))


@scim.post("/Groups")
def make_group() -> Response:
    """Make a group; it gives its members nothing until an administrator says what."""
    return verbs.make(GROUPS, body())


@scim.get("/Groups/<key>")
def group(key: str) -> Response:
    """One group."""
    return verbs.show(GROUPS, key)


@scim.put("/Groups/<key>")
def replace_group(key: str) -> Response:
    """Make a group what was sent."""
    after = parsed(Group, body(), Context.RESOURCE_REPLACEMENT_REQUEST)
    return verbs.replace(GROUPS, key, lambda _: after)


@scim.patch("/Groups/<key>")
def patch_group(key: str) -> Response:
    """Change parts of a group, all of them or none."""
    return verbs.patch(GROUPS, key)


@scim.delete("/Groups/<key>")
def end_group(key: str) -> Response:
    """The directory no longer knows this group; what it gave ends."""
    return verbs.end(GROUPS, key)


def _found(query: SearchRequest[Any]) -> Response:
    return verbs.find(GROUPS, query, members=_asks_for_members(query))


def _asks_for_members(parameters: ResponseParameters[Any]) -> bool:
    """Large groups are listed without their members where nobody wants them."""
    named = [str(path).rpartition(":")[2].lower() for path in parameters.attributes or ()]
    left_out = {str(path).rpartition(":")[2].lower() for path in parameters.excluded_attributes or ()}
    return "members" not in left_out and (not named or any(each.startswith("members") for each in named))
