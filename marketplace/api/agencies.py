"""Agencies: who takes part, an agency's own settings, and its sign-in service."""

from __future__ import annotations

from flask import Response
from marshmallow import Schema, fields

from agencies import directory
from marketplace.api.door import api, refuses
from marketplace.api.replies import reply
from marketplace.api.schemas import Agency, told
from marketplace.foundation.db import reading


class AgencyRow(Agency):
    """An agency that takes part."""

    domain = fields.String()


class Agencies(Schema):
    """Who takes part."""

    agencies = fields.List(fields.Nested(AgencyRow), metadata=told("By name."))


@api.get("/agencies")
@refuses()
@api.response(200, Agencies)
def list_agencies() -> Response:
    """List the agencies that take part."""
    with reading() as db:
        found = [dict(row._mapping) for row in directory.listing(db)]
    return reply({"agencies": [{name: row[name] for name in SHOWN} for row in found]})


SHOWN = ("slug", "name", "initials", "tint", "domain")
