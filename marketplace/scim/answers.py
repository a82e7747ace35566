"""What went wrong, as SCIM says it (RFC 7644 §3.12). Status, sentence and record are those of the one table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response
from scim2_models import Context, Error

from agencies.people_errors import AlreadyAMember, IdentityTaken
from agencies.scim import errors
from marketplace.foundation.errors import InvalidInput
from marketplace.foundation.input import BadJson

MEDIA_TYPE = "application/scim+json"

SCIM_TYPES: Mapping[type[Exception], str] = {
    errors.NameTaken: "uniqueness",
    AlreadyAMember: "uniqueness",
    IdentityTaken: "uniqueness",
    errors.BadFilter: "invalidFilter",
    errors.BadPath: "invalidPath",
    BadJson: "invalidSyntax",
    InvalidInput: "invalidValue",
}
"""The keyword of an error class and of those below it that have no row of their own."""


def document(error: Exception, problem: Mapping[str, Any]) -> Response:
    """The SCIM error for a problem of the marketplace, with the reference to quote."""
    # SCIM says 400 with a keyword where this marketplace says 422.
    status = 400 if problem["status"] == 422 else int(problem["status"])
    said = Error(
        status=status,
        scim_type=_scim_type(error) if status in (400, 409) else None,
        detail=f"{problem['detail']} (reference {problem['reference']})",
    )
    response = Response(
        said.model_dump_json(scim_ctx=Context.DEFAULT), status=status, content_type=MEDIA_TYPE
    )
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="scim"'
    if status == 429:
        response.headers["Retry-After"] = "60"
    return response


def _scim_type(error: Exception) -> str | None:
    told = getattr(error, "facts", {}).get("scim_type")
    known = (SCIM_TYPES[kind] for kind in type(error).__mro__ if kind in SCIM_TYPES)
    return told or next(known, None)
