"""/Users: the people of the agency."""

from __future__ import annotations

from typing import Any

from flask import Response
from scim2_models import Context, SearchRequest

from agencies.scim import adopting, people, provisioning
from marketplace.foundation.db import reading, transaction
from marketplace.scim import listing, verbs
from marketplace.scim.door import body, default_to, parsed, provisioner, scim
from marketplace.scim.resources import User, user_resource, wanted_user
from marketplace.scim.verbs import Kind

USERS = Kind(
    User,
    user_resource,
    wanted_user,
    page=people.page,
    read=people.read,
    held=adopting.held,
    make=provisioning.make,
    change=provisioning.change,
    end=provisioning.end,
)


@scim.get("/Users")
def users() -> Response:
    """List users that a filter matches."""
    return _found(listing.asked(User))


@scim.post("/Users/.search", endpoint="search_users")
def search() -> Response:
    """The same with the query in the body, where no log of addresses keeps it."""
    return _found(listing.asked(User, body()))


@scim.post("/Users")
def make_user() -> Response:
    """Make a user."""
    return verbs.make(USERS, default_to(body(), "active", True))


@scim.get("/Users/<key>")
def user(key: str) -> Response:
    """One user."""
    adopt()
    return verbs.show(USERS, key)


@scim.put("/Users/<key>")
def replace_user(key: str) -> Response:
    """Make a user what was sent. A user whose `active` is left out stays as they are in that."""
    sent = body()

    def after(before: User) -> User:
        given = default_to(sent, "active", before.active)
        return parsed(User, given, Context.RESOURCE_REPLACEMENT_REQUEST)

    return verbs.replace(USERS, key, after)


@scim.patch("/Users/<key>")
def patch_user(key: str) -> Response:
    """Change parts of a user, all of them or none."""
    return verbs.patch(USERS, key)


@scim.delete("/Users/<key>")
def end_user(key: str) -> Response:
    """The directory no longer knows this user."""
    return verbs.end(USERS, key)


def adopt() -> None:
    """People who joined by another way become users before anybody looks."""
    with reading() as db:
        missing = adopting.anybody_to_adopt(db, provisioner())
    if missing:
        with transaction() as tx:
            adopting.begin(tx, provisioner())


def _found(query: SearchRequest[Any]) -> Response:
    adopt()
    return verbs.find(USERS, query)
