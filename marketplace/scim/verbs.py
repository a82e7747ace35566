"""What is done to resources of either kind: found, made, shown, replaced, patched, ended (RFC 7644 §3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol
from uuid import UUID

from flask import Response
from scim2_models import Context, PatchOp, SearchRequest

from agencies.scim.credentials import Provisioner
from marketplace.foundation.db import Tx, reading, transaction
from marketplace.foundation.ids import parse_id
from marketplace.scim import listing
from marketplace.scim.door import (
    about,
    check_version,
    in_our_words,
    parsed,
    patch_body,
    provisioner,
    reply,
    version_of,
)
from marketplace.scim.resources import POLICY, Kept, shown


class Reads(Protocol):
    """Reads one row, for looking at or for a change. Raises NoSuchResource."""

    def __call__(self, db: Tx, scim: Provisioner, key: UUID | None, /) -> Any: ...


@dataclass(frozen=True, slots=True)
class Kind(Generic[Kept]):
    """Users or groups: how SCIM has them, and the use-cases that keep them."""

    model: type[Kept]
    resource: Callable[[Any], Kept]
    """The resource of what was read."""
    wanted: Callable[[Kept], Any]
    """What a resource wants of the directory. Raises BadResource."""
    page: Callable[..., tuple[int, list[Any]]]
    read: Reads
    held: Reads
    make: Callable[[Tx, Provisioner, Any], UUID]
    change: Callable[[Tx, Provisioner, Any, Any], bool]
    end: Callable[[Tx, Provisioner, UUID | None], None]


def find(kind: Kind[Kept], query: SearchRequest[Any], **more: Any) -> Response:
    """A page of those that a filter matches; `more` goes to the kind's own `page`. Raises BadFilter, BadPath."""
    start = listing.start_of(query)
    with reading() as db:
        total, found = kind.page(
            db,
            provisioner(),
            wanted=query.filter.ast if query.filter else None,
            by=str(query.sort_by) if query.sort_by else None,
            descending=query.sort_order == SearchRequest.SortOrder.descending,
            start=start,
            count=listing.count_of(query),
            **more,
        )
    return reply(listing.listed([shown(kind.resource(each), query) for each in found], total, start))


def make(kind: Kind[Kept], sent: Mapping[str, Any]) -> Response:
    """Make one out of what was sent."""
    parameters = listing.wanted_attributes(kind.model)
    wanted = kind.wanted(parsed(kind.model, sent, Context.RESOURCE_CREATION_REQUEST))
    with transaction() as tx:
        made = kind.resource(kind.read(tx, provisioner(), kind.make(tx, provisioner(), wanted)))
    answer = shown(made, parameters, made=True)
    return reply(answer | {"meta": shown(made)["meta"]}, 201, version=version_of(made))


def show(kind: Kind[Kept], key: str) -> Response:
    """One as it is now."""
    parameters = listing.wanted_attributes(kind.model)
    with reading() as db:
        found = kind.resource(kind.read(db, provisioner(), parse_id(key)))
    return reply(shown(found, parameters), version=version_of(found))


def replace(kind: Kind[Kept], key: str, sent: Callable[[Kept], Kept]) -> Response:
    """Make one what was sent; `sent` may depend on what it was."""

    def replaced(before: Kept) -> Kept:
        after = sent(before)
        after.replace(before)
        return after

    return _changed(kind, key, replaced)


def patch(kind: Kind[Kept], key: str) -> Response:
    """Change parts of one, all of them or none."""
    operations = parsed(about(PatchOp, kind.model), patch_body(), Context.RESOURCE_PATCH_REQUEST)

    def patched(before: Kept) -> Kept:
        after = before.model_copy(deep=True)
        operations.patch(after, POLICY)
        return after

    return _changed(kind, key, patched)


def end(kind: Kind[Kept], key: str) -> Response:
    """The directory no longer knows this one."""
    wanted = parse_id(key)
    with transaction() as tx:
        check_version(kind.resource(kind.held(tx, provisioner(), wanted)))
        kind.end(tx, provisioner(), wanted)
    return Response(status=204)


def _changed(kind: Kind[Kept], key: str, change: Callable[[Kept], Kept]) -> Response:
    parameters, wanted = listing.wanted_attributes(kind.model), parse_id(key)
    with transaction() as tx:
        held = kind.held(tx, provisioner(), wanted)
        before = kind.resource(held)
        check_version(before)
        with in_our_words():
            after = change(before)
        if kind.change(tx, provisioner(), held, kind.wanted(after)):
            after = kind.resource(kind.read(tx, provisioner(), wanted))
        else:
            after = before
    return reply(shown(after, parameters), version=version_of(after))
