"""What this service offers: its configuration, its resource types and their schemas (RFC 7644 §4)."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from scim2_models import (
    AuthenticationScheme,
    Bulk,
    ChangePassword,
    Context,
    ETag,
    Filter,
    Meta,
    Pagination,
    Patch,
    Resource,
    ResourceType,
    Schema,
    ServiceProviderConfig,
    Sort,
)

from agencies.scim.errors import NoSuchResource, NotOffered
from marketplace.foundation.errors import Refused
from marketplace.scim.door import reply, scim
from marketplace.scim.listing import LARGEST_PAGE, USUAL_PAGE, listed
from marketplace.scim.resources import Group, User, address

DESCRIBED: tuple[type[Resource[Any]], ...] = (User, Group, ServiceProviderConfig, ResourceType, Schema)


class NoFilterHere(Refused):
    """These are few; fetch them all without a filter."""


@scim.get("/ServiceProviderConfig")
def config() -> Response:
    """Say which parts of SCIM are here."""
    made = ServiceProviderConfig(
        patch=Patch(supported=True),
        bulk=Bulk(supported=False, max_operations=0, max_payload_size=0),
        filter=Filter(supported=True, max_results=LARGEST_PAGE),
        change_password=ChangePassword(supported=False),
        sort=Sort(supported=True),
        etag=ETag(supported=True),
        pagination=Pagination(
            cursor=False,
            index=True,
            default_pagination_method=Pagination.DefaultPaginationMethod.index,
            default_page_size=USUAL_PAGE,
            max_page_size=LARGEST_PAGE,
        ),
        authentication_schemes=[
            AuthenticationScheme(
                type=AuthenticationScheme.Type.oauthbearertoken,
                name="SCIM credential",
                description="A Bearer token that an administrator of the agency makes and ends.",
                primary=True,
            )
        ],
        meta=Meta(resource_type="ServiceProviderConfig", location=address("ServiceProviderConfig")),
    )
    return reply(made.model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE))


@scim.get("/ResourceTypes")
def resource_types() -> Response:
    """List what there is: users and groups."""
    _no_filter()
    return reply(listed([_dumped(each) for each in _types()]))


@scim.get("/ResourceTypes/<name>")
def resource_type(name: str) -> Response:
    """One of them."""
    return reply(_dumped(_named(_types(), name)))


@scim.get("/Schemas")
def schemas() -> Response:
    """List the attributes of everything there is."""
    _no_filter()
    return reply(listed([_dumped(each) for each in _schemas()]))


@scim.get("/Schemas/<urn>")
def schema(urn: str) -> Response:
    """One of them."""
    return reply(_dumped(_named(_schemas(), urn)))


@scim.route("/Me", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
@scim.post("/Bulk", endpoint="bulk")
def me() -> Response:
    """A credential is nobody, and many changes at once are sent one by one."""
    raise NotOffered()


def _no_filter() -> None:
    if "filter" in request.args:  # RFC 7644 §4: such a request is answered with 403
        raise NoFilterHere()


def _named(every: tuple[Any, ...], key: str) -> Any:
    found = next((each for each in every if str(each.id).lower() == key.lower()), None)
    if found is None:
        raise NoSuchResource()
    return found


def _types() -> tuple[ResourceType, ...]:
    made = []
    for model in (User, Group):
        each = ResourceType.from_resource(model)
        each.description = model.__doc__
        each.meta = Meta(resource_type="ResourceType", location=address("ResourceTypes", each.id))
        made.append(each)
    return tuple(made)


def _schemas() -> tuple[Schema, ...]:
    made = []
    for model in DESCRIBED:
        each = model.to_schema()
        each.meta = Meta(resource_type="Schema", location=address("Schemas", each.id))
        made.append(each)
    return tuple(made)


def _dumped(each: Resource[Any]) -> dict[str, Any]:
    shown: dict[str, Any] = each.model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE)
    return shown
