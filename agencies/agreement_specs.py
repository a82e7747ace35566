"""What comes in about agencies, their sign-in services and their agreements, checked field by field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from agencies.errors import BadAgencySettings
from agencies.lookalikes import host_of
from marketplace.foundation.input import Flag, Input, Text, entries
from security.labels import Level
from security.oidc.discovery import ASYMMETRIC_ALGORITHMS

TINTS = ("blue", "amber", "violet", "green", "rose", "teal")
LEVELS = tuple(level.label_key for level in Level)
AUTHENTICATIONS = ("private_key_jwt", "client_secret_basic", "client_secret_post")
SIDES = ("owner", "guest")
CLAIMS = ("name", "email", "locale")
_SLUG = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_HOST = re.compile(r"(?=.{4,200}$)[^\s./:@\\?#\[\]]{1,63}(?:\.[^\s./:@\\?#\[\]]{1,63})+")


class Slug(Text):
    """The short name of an agency, as it stands in addresses."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        if not _SLUG.fullmatch(text):
            raise ValidationError("Use small letters, digits and single hyphens, beginning with a letter.")
        return text


class Host(Text):
    """A host name such as `agency.example`."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs).lower().rstrip(".")
        if not _HOST.fullmatch(text):
            raise ValidationError("Must be a domain such as agency.example.")
        return text


class Issuer(Text):
    """The issuer's address, exactly as the provider writes it."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        plain = text.isascii() and text.isprintable() and not set(text) & set(" ?#@\\")
        if not plain or not text.startswith(("https://", "http://")) or not host_of(text):
            raise ValidationError("Must be an address that begins with https://, without ? and #.")
        return text


class AgencySpec(Input):
    """An agency that wants to take part."""

    slug = Slug(60, required=True)
    name = Text(200, required=True)
    initials = Text(3, required=True)
    tint = fields.String(load_default="blue", validate=validate.OneOf(TINTS))
    domain = Host(200, required=True)
    mail_domains = fields.List(Host(200), load_default=list, validate=entries(0, 50))
    self_join = Flag(load_default=False)


class ProviderSettings(Input):
    """How an agency's provider is used; everything but the issuer, which identity hangs on and nothing changes."""

    client_id = Text(200, required=True)
    authentication = fields.String(load_default="private_key_jwt", validate=validate.OneOf(AUTHENTICATIONS))
    client_secret = Text(500, load_default=None, allow_none=True)
    algorithms = fields.List(
        fields.String(validate=validate.OneOf(ASYMMETRIC_ALGORITHMS)),
        load_default=lambda: ["RS256"],
        validate=entries(1, 10),
    )
    required_acr = Text(120, load_default=None, allow_none=True)
    step_up_acr = Text(120, load_default=None, allow_none=True)
    claim_names = fields.Dict(
        keys=fields.String(validate=validate.OneOf(CLAIMS)), values=Text(60), load_default=dict
    )
    organisation_claim = Text(60, load_default=None, allow_none=True)
    organisation_values = fields.List(Text(120), load_default=list, validate=entries(0, 100))
    device_claim = Text(60, load_default=None, allow_none=True)
    clearance_ceiling = fields.String(load_default="restricted", validate=validate.OneOf(LEVELS))

    @validates_schema
    def _settings_agree(self, data: dict[str, Any], **_: Any) -> None:
        if data["authentication"] == "private_key_jwt" and data["client_secret"]:
            raise ValidationError("With private_key_jwt there is no secret: leave it out.", "client_secret")
        if bool(data["organisation_claim"]) != bool(data["organisation_values"]):
            raise ValidationError(
                "Name the claim and the values it must have, or neither.", "organisation_claim"
            )


class ProviderSpec(ProviderSettings):
    """A provider to register."""

    issuer = Issuer(400, required=True)

    @validates_schema
    def _has_a_secret(self, data: dict[str, Any], **_: Any) -> None:
        if data["authentication"] != "private_key_jwt" and not data["client_secret"]:
            raise ValidationError("This way to authenticate needs a secret.", "client_secret")


class ProviderChange(ProviderSettings):
    """A change to a registered provider. `new_key` makes a new key of ours, or takes a new secret."""

    new_key = Flag(load_default=False)


class EnrolmentSpec(Input):
    """A new agency with its provider."""

    agency = fields.Nested(AgencySpec, required=True)
    provider = fields.Nested(ProviderSpec, required=True)


class TermsSpec(Input):
    """Terms between two agencies: `owner` posts the work, `guest` lends the people."""

    owner = Slug(60, required=True)
    guest = Slug(60, required=True)
    level = fields.String(required=True, validate=validate.OneOf(LEVELS))
    rules_of = fields.String(required=True, validate=validate.OneOf(SIDES))
    hours_of = fields.String(required=True, validate=validate.OneOf(SIDES))
    requests_to = fields.String(required=True, validate=validate.OneOf(SIDES))
    until = fields.Date(load_default=None, allow_none=True)
    note = Text(2_000, load_default="", may_be_empty=True)

    @validates_schema
    def _two_agencies(self, data: dict[str, Any], **_: Any) -> None:
        if data.get("owner") == data.get("guest"):
            raise ValidationError("Terms are between two agencies.", "guest")


def read(schema: type[Schema], given: Any) -> dict[str, Any]:
    """What came in, checked. Raises BadAgencySettings with `errors` by place."""
    if not isinstance(given, Mapping):
        raise BadAgencySettings(errors={"settings": ["Must be an object."]})
    try:
        loaded: dict[str, Any] = schema().load(dict(given))
    except ValidationError as error:
        raise BadAgencySettings(errors=error.messages) from None
    return loaded
