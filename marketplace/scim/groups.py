"""/Groups: the groups of the agency's directory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Response
from scim2_models import Context, PatchOp, ResponseParameters, SearchRequest

from agencies.scim import groups as directory
from marketplace.foundation.db import Tx, reading, transaction
from marketplace.foundation.ids import parse_id
from marketplace.scim import listing
from marketplace.scim.door import (
    body,
    check_version,
    in_our_words,
    parsed,
    patch_body,
    provisioner,
    reply,
    scim,
    version_of,
)
from marketplace.scim.resources import POLICY, Group, group_resource, shown, wanted_group


@scim.get("/Groups")
def groups() -> Response:
    """List groups that a filter matches."""
    query = listing.asked(Group)
    with reading() as db:
        return reply(found(db, query))


@scim.post("/Groups/.search", endpoint="search_groups")
def search() -> Response:
    """The same with the query in the body."""
    query = listing.asked(Group, body())
    with reading() as db:
        return reply(found(db, query))


@scim.post("/Groups")
def make_group() -> Response:
    """Make a group; it gives its members nothing until an administrator says what."""
    parameters = listing.wanted_attributes(Group)
    wanted = wanted_group(parsed(Group, body(), Context.RESOURCE_CREATION_REQUEST))
    with transaction() as tx:
        group_id = directory.make(tx, provisioner(), wanted)
        made = group_resource(directory.read(tx, provisioner(), group_id))
    answer = shown(made, parameters, made=True)
    return reply(answer | {"meta": shown(made)["meta"]}, 201, version=version_of(made))


@scim.get("/Groups/<key>")
def group(key: str) -> Response:
    """One group."""
    parameters = listing.wanted_attributes(Group)
    with reading() as db:
        found = group_resource(directory.read(db, provisioner(), parse_id(key)))
    return reply(shown(found, parameters), version=version_of(found))


@scim.put("/Groups/<key>")
def replace_group(key: str) -> Response:
    """Make a group what was sent."""
    after = parsed(Group, body(), Context.RESOURCE_REPLACEMENT_REQUEST)

    def replaced(before: Group) -> Group:
        after.replace(before)
        return after

    return _changed(parse_id(key), replaced)


@scim.patch("/Groups/<key>")
def patch_group(key: str) -> Response:
    """Change parts of a group, all of them or none."""
    operations = parsed(PatchOp[Group], patch_body(), Context.RESOURCE_PATCH_REQUEST)

    def patched(before: Group) -> Group:
        after = before.model_copy(deep=True)
        operations.patch(after, POLICY)
        return after

    return _changed(parse_id(key), patched)


@scim.delete("/Groups/<key>")
def end_group(key: str) -> Response:
    """The directory no longer knows this group; what it gave ends."""
    with transaction() as tx:
        group_id = parse_id(key)
        check_version(group_resource(directory.held(tx, provisioner(), group_id)))
        directory.end(tx, provisioner(), group_id)
    return Response(status=204)


def found(db: Tx, query: SearchRequest[Group]) -> dict[str, Any]:
    """A page of groups. Raises BadFilter, BadPath."""
    start = listing.start_of(query)
    total, page = directory.page(
        db,
        provisioner(),
        wanted=query.filter.ast if query.filter else None,
        by=str(query.sort_by) if query.sort_by else None,
        descending=query.sort_order == SearchRequest.SortOrder.descending,
        start=start,
        count=listing.count_of(query),
        members=_asks_for_members(query),
    )
    return listing.listed([shown(group_resource(each), query) for each in page], total, start)


def _asks_for_members(parameters: ResponseParameters[Any]) -> bool:
    """Large groups are listed without their members where nobody wants them."""
    named = [str(path).rpartition(":")[2].lower() for path in parameters.attributes or ()]
    left_out = {str(path).rpartition(":")[2].lower() for path in parameters.excluded_attributes or ()}
    return "members" not in left_out and (not named or any(each.startswith("members") for each in named))


def _changed(group_id: UUID | None, change: Callable[[Group], Group]) -> Response:
    parameters = listing.wanted_attributes(Group)
    with transaction() as tx:
        group = directory.held(tx, provisioner(), group_id)
        before = group_resource(group)
        check_version(before)
        with in_our_words():
            after = change(before)
        if directory.change(tx, provisioner(), group, wanted_group(after)):
            after = group_resource(directory.read(tx, provisioner(), group_id))
        else:
            after = before
    return reply(shown(after, parameters), version=version_of(after))
