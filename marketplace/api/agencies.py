"""Agencies: who takes part, and what an agency decides for itself."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import Schema, fields, validate

from agencies import directory, enrolment, labels, networks, settings
from agencies.agreement_specs import Host
from agencies.errors import BadAgencySettings, LookAlike, NoSuchProvider
from marketplace.api.door import api, done_once, refuses, takes_body, who
from marketplace.api.replies import reply, reply_once
from marketplace.api.schemas import Agency, told
from marketplace.edge.acting import current_principal
from marketplace.foundation.catalogues import LANGUAGES
from marketplace.foundation.db import Tx, reading
from marketplace.foundation.input import Flag, Input, Text, entries
from security.principal import Principal

SHOWN = ("slug", "name", "initials", "tint", "domain")


class AgencyRow(Agency):
    """An agency that takes part."""

    domain = fields.String()


class Agencies(Schema):
    """Who takes part."""

    agencies = fields.List(fields.Nested(AgencyRow), metadata=told("By name."))


class Provider(Schema):
    """An agency's sign-in service as it is registered; no secret."""

    slug = fields.String()
    issuer = fields.URL()
    client_id = fields.String()
    authentication = fields.String()
    algorithms = fields.List(fields.String())
    required_acr = fields.String(allow_none=True)
    step_up_acr = fields.String(allow_none=True)
    claim_names = fields.Dict(keys=fields.String(), values=fields.String())
    organisation_claim = fields.String(allow_none=True)
    organisation_values = fields.List(fields.String())
    device_claim = fields.String(allow_none=True)
    clearance_ceiling = fields.String()
    status = fields.String(validate=validate.OneOf(["active", "suspended"]))
    keys = fields.List(fields.Dict(), metadata=told("Our public keys there (JWK), for private_key_jwt."))


class Networks(Schema):
    """Networks (CIDR) by zone."""

    office = fields.List(fields.String())
    vpn = fields.List(fields.String())
    home = fields.List(fields.String())


class OwnAgency(AgencyRow):
    """Your agency, with what its administrators decide."""

    mail_domains = fields.List(fields.String(), metadata=told("People find your agency by these."))
    self_join = fields.Boolean(metadata=told("Whether people whose organisation fits join by signing in."))
    rules_version = fields.Integer()
    networks = fields.Nested(Networks)
    labels = fields.Dict(metadata=told("Your own words for levels, by level and language."))
    provider = fields.Nested(Provider, allow_none=True)


class SettingsInput(Input):
    """What changes; what is left out stays."""

    mail_domains = fields.List(Host(200), validate=entries(0, 50))
    self_join = Flag()


class NetworksInput(Input):
    """The networks of the zones to set; what is left out stays."""

    office = fields.List(Text(60), validate=entries(0, networks.MOST))
    vpn = fields.List(Text(60), validate=entries(0, networks.MOST))
    home = fields.List(Text(60), validate=entries(0, networks.MOST))


class LabelsInput(Input):
    """Words for levels, by level and language; levels that are left out have the marketplace's words."""

    names = fields.Dict(
        keys=fields.String(validate=validate.OneOf(labels.KEYS)),
        values=fields.Dict(
            keys=fields.String(validate=validate.OneOf(list(LANGUAGES))),
            values=Text(labels.LONGEST, may_be_empty=True),
        ),
        required=True,
    )


@api.get("/agencies")
@refuses()
@api.response(200, Agencies)
def list_agencies() -> Response:
    """List the agencies that take part."""
    with reading() as db:
        rows = directory.listing(db)
    return reply({"agencies": [{name: getattr(row, name) for name in SHOWN} for row in rows]})


@api.get("/agency")
@refuses()
@api.response(200, OwnAgency)
def get_agency() -> Response:
    """Read your agency's settings."""
    with reading() as db:
        return reply(_own(db, current_principal()))


@api.post("/agency/settings")
@refuses(BadAgencySettings, LookAlike)
@takes_body
@done_once
@api.arguments(SettingsInput)
@api.response(200, OwnAgency)
def change_agency(body: dict[str, Any]) -> Response:
    """Change mail domains, or whether people join by signing in."""
    return _changed(lambda tx: settings.change(tx, body, **who()))


@api.post("/agency/networks")
@refuses(BadAgencySettings)
@takes_body
@done_once
@api.arguments(NetworksInput)
@api.response(200, OwnAgency)
def set_networks(body: dict[str, Any]) -> Response:
    """Replace the networks of one zone or several."""
    return _changed(lambda tx: networks.set_lists(tx, body, **who()))


@api.post("/agency/labels")
@refuses(BadAgencySettings)
@takes_body
@done_once
@api.arguments(LabelsInput)
@api.response(200, OwnAgency)
def rename_levels(body: dict[str, Any]) -> Response:
    """Give the four levels your agency's own words."""
    return _changed(lambda tx: labels.rename(tx, body["names"], **who()))


@api.post("/agency/provider/suspension")
@refuses(NoSuchProvider)
@done_once
@api.response(200, OwnAgency)
def suspend_provider() -> Response:
    """Stop sign-in by your agency's provider at once, and end every session it vouched for.

    The way back takes two signatures: propose the provider's settings again.
    """
    return _changed(lambda tx: enrolment.suspend(tx, **who()))


def _changed(act: Any) -> Response:
    principal = current_principal()

    def done(tx: Tx) -> None:
        act(tx)

    return reply_once(done, lambda tx, _: _own(tx, principal))


def _own(db: Tx, principal: Principal) -> dict[str, Any]:
    agency_id = principal.agency_id
    return settings.of(db, agency_id) | {
        "networks": networks.listed(db, agency_id),
        "labels": labels.all_names(db, agency_id),
        "provider": enrolment.described(db, agency_id),
    }
