"""An agency's directory: credentials for SCIM, and what groups give their members."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response
from marshmallow import Schema, fields, validate

from agencies.errors import NoSuchProvider
from agencies.people_errors import RoleClash
from agencies.scim import credentials, groups
from agencies.scim.errors import BadCredential, NoSuchCredential, NoSuchResource, NotGivenByGroups, TwoUnits
from agencies.scim.models import GIVEN_ROLES
from marketplace.api.door import api, done_once, existing, refuses, takes_body, who
from marketplace.api.replies import reply, reply_once
from marketplace.api.schemas import told
from marketplace.edge.acting import current_principal, settings
from marketplace.foundation.db import Tx, reading
from marketplace.foundation.input import Input, Text, Whole


class Credential(Schema):
    """A credential that has not ended."""

    id = fields.UUID()
    name = fields.String()
    made_by = fields.String()
    made_at = fields.DateTime()
    over_at = fields.DateTime()
    over = fields.Boolean()
    used_on = fields.Date(allow_none=True, metadata=told("The last day on which it was used."))


class Credentials(Schema):
    """The credentials of your agency, newest first."""

    address = fields.URL(metadata=told("Where your directory finds SCIM."))
    credentials = fields.List(fields.Nested(Credential))


class NewCredential(Input):
    """What a credential is called, and how long it is good."""

    name = Text(credentials.LONGEST_NAME, required=True)
    days = Whole(1, credentials.LONGEST_DAYS, load_default=180)


class MadeCredential(Schema):
    """A new credential."""

    id = fields.UUID()
    address = fields.URL()
    token = fields.String(
        allow_none=True,
        metadata=told("Told this once; null in a repeated answer: then end it and make another."),
    )


class DirectoryGroup(Schema):
    """A group that your directory sent, with what its members get."""

    id = fields.UUID()
    name = fields.String()
    role = fields.String(allow_none=True)
    unit_id = fields.UUID(allow_none=True)
    unit = fields.String(allow_none=True)


class DirectoryGroups(Schema):
    """The groups of your directory, by name."""

    groups = fields.List(fields.Nested(DirectoryGroup))


class Ended(Schema):
    """It has ended."""

    ended = fields.Boolean()


class Saved(Schema):
    """It holds from now on."""

    saved = fields.Boolean()


class Given(Input):
    """What members of a group get: a role, a unit, or with neither nothing."""

    role = fields.String(validate=validate.OneOf(GIVEN_ROLES), load_default=None, allow_none=True)
    unit_id = fields.UUID(load_default=None, allow_none=True)


@api.get("/agency/scim-credentials")
@refuses()
@api.response(200, Credentials)
def list_scim_credentials() -> Response:
    """List the credentials by which programs keep your agency's people."""
    with reading() as db:
        found = credentials.listing(db, current_principal().agency_id)
    return reply({"address": _address(), "credentials": [dict(row._mapping) for row in found]})


@api.post("/agency/scim-credentials")
@refuses(BadCredential, NoSuchProvider)
@takes_body
@done_once
@api.arguments(NewCredential)
@api.response(201, MadeCredential)
def make_scim_credential(wanted: dict[str, Any]) -> Response:
    """Make a credential for your agency's directory."""
    told_once: dict[str, str] = {}

    def make(tx: Tx) -> UUID:
        made, told_once["token"] = credentials.make(tx, **wanted, **who())
        return made

    def shown(_: Tx, credential_id: UUID | None) -> dict[str, Any]:
        return {"id": credential_id, "address": _address(), "token": told_once.get("token")}

    return reply_once(make, shown, 201)


@api.post("/agency/scim-credentials/<id:credential_id>/end")
@refuses(NoSuchCredential)
@done_once
@api.response(200, Ended)
def end_scim_credential(credential_id: UUID | None) -> Response:
    """End a credential at once. No body is needed."""
    wanted = existing(credential_id, NoSuchCredential)
    return reply_once(lambda tx: credentials.end(tx, wanted, **who()), lambda *_: {"ended": True})


@api.get("/agency/directory-groups")
@refuses()
@api.response(200, DirectoryGroups)
def list_directory_groups() -> Response:
    """List the groups that your directory sent."""
    with reading() as db:
        found = groups.listing(db, current_principal().agency_id)
    return reply({"groups": [_group(row) for row in found]})


@api.post("/agency/directory-groups/<id:group_id>/gives")
@refuses(NoSuchResource, NotGivenByGroups, RoleClash, TwoUnits)
@takes_body
@done_once
@api.arguments(Given)
@api.response(200, Saved)
def give_by_group(wanted: dict[str, Any], group_id: UUID | None) -> Response:
    """Say what members of a group get from now on. It holds at once for everybody who is in it."""
    known = existing(group_id, NoSuchResource)
    return reply_once(lambda tx: groups.give(tx, known, **wanted, **who()), lambda *_: {"saved": True})


def _address() -> str:
    return f"{settings().public_url}/scim/v2"


def _group(row: Any) -> dict[str, Any]:
    found = dict(row._mapping)
    return {"name": found.pop("display_name")} | found
