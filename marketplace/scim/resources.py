"""Users and groups as SCIM resources: the attributes of RFC 7643 that are kept here, and no others.

What a directory sends beyond them is dropped, never stored: a marketplace for microtasks needs no telephone number.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, TypeVar

import orjson
from pydantic import Field
from scim2_models import (
    URN,
    CaseExact,
    ComplexAttribute,
    Context,
    Meta,
    Mutability,
    Reference,
    Required,
    Resource,
    ResponseParameters,
    ScimPolicy,
    Uniqueness,
)

from agencies.scim import groups, people
from agencies.scim.errors import BadResource
from marketplace.edge.acting import settings
from marketplace.foundation.input import clean

POLICY = ScimPolicy(
    unknown=ScimPolicy.Unknown.ignore,
    remove_value_as_filter=ScimPolicy.RemoveValue.apply,
    unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
)
"""Tolerant where big directories depart from the RFC: unknown attributes, `remove` with a value, adding by a filter."""

LONGEST = {"external_id": 255, "preferred_language": 40}
LONGEST_TEXT, LONGEST_ADDRESS, LONGEST_TYPE = 200, 320, 40
MOST_EMAILS, MOST_MEMBERS = 10, 10_000


class Name(ComplexAttribute):
    formatted: str | None = None
    """The full name as it is shown."""

    family_name: str | None = None
    """The family name, or last name in most Western languages."""

    given_name: str | None = None
    """The given name, or first name in most Western languages."""


class Email(ComplexAttribute):
    value: str | None = None
    """The address. Notices go to the primary one, or else to the first."""

    type: str | None = Field(None, examples=["work", "home", "other"])
    """What the address is for."""

    primary: bool | None = None
    """Whether this is the preferred address."""


class InGroup(ComplexAttribute):
    value: Annotated[str | None, Mutability.read_only, CaseExact.true] = None
    """The id of the group."""

    ref: Annotated[Reference["Group"] | None, Mutability.read_only] = Field(  # noqa: UP037 - defined below
        None, serialization_alias="$ref", validation_alias="$ref"
    )
    """The address of the group."""

    display: Annotated[str | None, Mutability.read_only] = None
    """The name of the group."""


class User(Resource[Any]):
    """A person of the agency."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:User")

    user_name: Annotated[str | None, Uniqueness.server, Required.true] = None
    """How the agency's directory calls the person. The externalId is the subject (`sub`) by which the agency's
    OpenID provider vouches for them; without it they cannot sign in."""

    name: Name | None = None
    """The parts of the person's name."""

    display_name: str | None = None
    """The name that other people here see."""

    preferred_language: str | None = None
    """The language in which the person first meets the marketplace; they choose it themselves afterwards."""

    active: Annotated[bool | None, Required.true] = None
    """Whether the person belongs to the agency. False ends sessions and claims at once. Left out: true."""

    emails: list[Email] | None = None
    """Addresses for notices."""

    groups: Annotated[list[InGroup] | None, Mutability.read_only] = None
    """The groups that the person is in."""


class GroupMember(ComplexAttribute):
    value: Annotated[str | None, Mutability.immutable, CaseExact.true] = None
    """The id of a user."""

    ref: Annotated[Reference[User] | None, Mutability.immutable] = Field(
        None, serialization_alias="$ref", validation_alias="$ref"
    )
    """The address of the user."""

    type: Annotated[str | None, Mutability.immutable] = Field(None, examples=["User"])
    """Always User: groups hold no groups here."""


class Group(Resource[Any]):
    """A group of the agency's directory. What its members may do by it, an administrator of the agency says here."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:Group")

    display_name: Annotated[str | None, Required.true] = None
    """The name of the group."""

    members: list[GroupMember] | None = None
    """The users in the group."""


Kept = TypeVar("Kept", User, Group)


def address(kind: str, resource_id: object = "") -> str:
    """Where a resource, or with no id all of its kind, is found."""
    return f"{settings().public_url}/scim/v2/{kind}" + (f"/{resource_id}" if resource_id else "")


def user_resource(user: people.User) -> User:
    """A user as a resource."""
    said = user.said
    name = Name(formatted=said.formatted, family_name=said.family_name, given_name=said.given_name)
    return _versioned(
        User(
            id=str(user.id),
            external_id=said.external_id,
            user_name=said.user_name,
            name=name if any((said.formatted, said.family_name, said.given_name)) else None,
            display_name=said.display_name,
            preferred_language=said.preferred_language,
            active=said.active,
            emails=[Email(value=each.value, type=each.type, primary=each.main) for each in said.emails]
            or None,
            groups=[
                InGroup(
                    value=str(group_id), ref=Reference[Group](address("Groups", group_id)), display=display
                )
                for group_id, display in user.groups
            ]
            or None,
            meta=Meta(
                resource_type="User", location=address("Users", user.id), last_modified=user.changed_at
            ),
        )
    )


def group_resource(group: groups.Group) -> Group:
    """A group as a resource."""
    return _versioned(
        Group(
            id=str(group.id),
            external_id=group.external_id,
            display_name=group.display_name,
            members=[
                GroupMember(value=str(user_id), ref=Reference[User](address("Users", user_id)), type="User")
                for user_id in group.members or ()
            ]
            or None,
            meta=Meta(
                resource_type="Group", location=address("Groups", group.id), last_modified=group.changed_at
            ),
        )
    )


def wanted_user(resource: User) -> people.Wanted:
    """What a resource wants of a user. Raises BadResource with the attribute that does not fit."""
    name = resource.name or Name()
    emails = resource.emails or []
    if len(emails) > MOST_EMAILS:
        raise BadResource(f"emails: at most {MOST_EMAILS} are kept.")
    if sum(bool(each.primary) for each in emails) > 1:
        raise BadResource("emails: only one can be primary.")
    return people.Wanted(
        user_name=_needed(resource.user_name, "userName"),
        external_id=_text(resource.external_id, "externalId", LONGEST["external_id"]),
        active=resource.active is not False,
        display_name=_text(resource.display_name, "displayName"),
        formatted=_text(name.formatted, "name.formatted"),
        family_name=_text(name.family_name, "name.familyName"),
        given_name=_text(name.given_name, "name.givenName"),
        preferred_language=_text(
            resource.preferred_language, "preferredLanguage", LONGEST["preferred_language"]
        ),
        emails=tuple(_email(each) for each in emails),
    )


def wanted_group(resource: Group) -> groups.Wanted:
    """What a resource wants of a group. Raises BadResource with the attribute that does not fit."""
    members = resource.members or []
    if len(members) > MOST_MEMBERS:
        raise BadResource(f"members: at most {MOST_MEMBERS:,} users are in one group.")
    return groups.Wanted(
        display_name=_needed(resource.display_name, "displayName"),
        external_id=_text(resource.external_id, "externalId", LONGEST["external_id"]),
        members=frozenset(_member(each) for each in members),
    )


def shown(
    resource: Kept, parameters: ResponseParameters[Any] | None = None, *, made: bool = False
) -> dict[str, Any]:
    """The JSON of a resource, with the attributes that were asked for."""
    context = Context.RESOURCE_CREATION_RESPONSE if made else Context.RESOURCE_QUERY_RESPONSE
    shown: dict[str, Any] = resource.model_dump(scim_ctx=context, response_parameters=parameters)
    return shown


def _versioned(resource: Kept) -> Kept:
    """With a version over all that is shown: also what changes by another door (groups, leaving) changes it."""
    body = orjson.dumps(
        resource.model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE), option=orjson.OPT_SORT_KEYS
    )
    assert resource.meta is not None
    resource.meta.version = f'W/"{hashlib.sha256(body).hexdigest()[:24]}"'
    return resource


def _email(each: Email) -> people.Address:
    value = _needed(each.value, "emails.value", LONGEST_ADDRESS)
    if "@" not in value.strip("@") or any(letter.isspace() for letter in value):
        raise BadResource("emails.value: this is no e-mail address.")
    return people.Address(value, _text(each.type, "emails.type", LONGEST_TYPE), each.primary)


def _member(each: GroupMember) -> str:
    if each.type not in (None, "User"):
        raise BadResource("members.type: groups hold users only.")
    return _needed(each.value, "members.value")


def _needed(text: str | None, at: str, longest: int = LONGEST_TEXT) -> str:
    found = _text(text, at, longest)
    if found is None or not found.strip():
        raise BadResource(f"{at}: this is needed.")
    return found


def _text(text: str | None, at: str, longest: int = LONGEST_TEXT) -> str | None:
    if text is None:
        return None
    cleaned = clean(text, at=at)
    if len(cleaned) > longest:
        raise BadResource(f"{at}: at most {longest} characters.")
    return cleaned or None
