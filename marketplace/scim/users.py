"""/Users: the people of the agency."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from flask import Response
from scim2_models import Context, PatchOp, SearchRequest

from agencies.scim import people
from marketplace.foundation.db import Tx, reading, transaction
from marketplace.foundation.ids import parse_id
from marketplace.scim import listing
from marketplace.scim.door import (
    body,
    check_version,
    default_to,
    in_our_words,
    parsed,
    patch_body,
    provisioner,
    reply,
    scim,
    version_of,
)
from marketplace.scim.resources import POLICY, User, shown, user_resource, wanted_user


@scim.get("/Users")
def users() -> Response:
    """List users that a filter matches."""
    query = listing.asked(User)
    with reading() as db:
        return reply(found(db, query))


@scim.post("/Users/.search", endpoint="search_users")
def search() -> Response:
    """The same with the query in the body, where no log of addresses keeps it."""
    query = listing.asked(User, body())
    with reading() as db:
        return reply(found(db, query))


@scim.post("/Users")
def make_user() -> Response:
    """Make a user."""
    parameters = listing.wanted_attributes(User)
    sent = default_to(body(), "active", True)
    wanted = wanted_user(parsed(User, sent, Context.RESOURCE_CREATION_REQUEST))
    with transaction() as tx:
        user_id = people.make(tx, provisioner(), wanted)
        made = user_resource(people.read(tx, provisioner(), user_id))
    answer = shown(made, parameters, made=True)
    return reply(answer | {"meta": shown(made)["meta"]}, 201, version=version_of(made))


@scim.get("/Users/<key>")
def user(key: str) -> Response:
    """One user."""
    parameters = listing.wanted_attributes(User)
    adopt()
    with reading() as db:
        found = user_resource(people.read(db, provisioner(), parse_id(key)))
    return reply(shown(found, parameters), version=version_of(found))


@scim.put("/Users/<key>")
def replace_user(key: str) -> Response:
    """Make a user what was sent. A user whose `active` is left out stays as they are in that."""
    sent = body()

    def replaced(before: User) -> User:
        given = default_to(sent, "active", before.active)
        after = parsed(User, given, Context.RESOURCE_REPLACEMENT_REQUEST)
        after.replace(before)
        return after

    return _changed(parse_id(key), replaced)


@scim.patch("/Users/<key>")
def patch_user(key: str) -> Response:
    """Change parts of a user, all of them or none."""
    operations = parsed(PatchOp[User], patch_body(), Context.RESOURCE_PATCH_REQUEST)

    def patched(before: User) -> User:
        after = before.model_copy(deep=True)
        operations.patch(after, POLICY)
        return after

    return _changed(parse_id(key), patched)


@scim.delete("/Users/<key>")
def end_user(key: str) -> Response:
    """The directory no longer knows this user."""
    with transaction() as tx:
        user_id = parse_id(key)
        check_version(user_resource(people.held(tx, provisioner(), user_id)))
        people.end(tx, provisioner(), user_id)
    return Response(status=204)


def found(db: Tx, query: SearchRequest[User]) -> dict[str, object]:
    """A page of users. Raises BadFilter, BadPath."""
    adopt()
    start = listing.start_of(query)
    total, page = people.page(
        db,
        provisioner(),
        wanted=query.filter.ast if query.filter else None,
        by=str(query.sort_by) if query.sort_by else None,
        descending=query.sort_order == SearchRequest.SortOrder.descending,
        start=start,
        count=listing.count_of(query),
    )
    return listing.listed([shown(user_resource(each), query) for each in page], total, start)


def adopt() -> None:
    """People who joined by another way become users before anybody looks."""
    with reading() as db:
        missing = people.anybody_to_adopt(db, provisioner())
    if missing:
        with transaction() as tx:
            people.begin(tx, provisioner())


def _changed(user_id: UUID | None, change: Callable[[User], User]) -> Response:
    parameters = listing.wanted_attributes(User)
    with transaction() as tx:
        user = people.held(tx, provisioner(), user_id)
        before = user_resource(user)
        check_version(before)
        with in_our_words():
            after = change(before)
        if people.change(tx, provisioner(), user, wanted_user(after)):
            after = user_resource(people.read(tx, provisioner(), user_id))
        else:
            after = before
    return reply(shown(after, parameters), version=version_of(after))
