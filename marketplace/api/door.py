"""The blueprint that every route of the API stands on: strict bodies, ids in paths, described refusals.

flask-smorest collects the description. It answers no errors: `marketplace.edge.problems` does, for both doors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, NoReturn, TypedDict, TypeVar
from uuid import UUID

from flask import Request, request
from flask_smorest import Blueprint
from marshmallow import Schema, ValidationError
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import UnsupportedMediaType
from werkzeug.routing import BaseConverter

from agencies.errors import AccessTokenRefused, NotPermitted, NotSignedIn
from marketplace.api.schemas import Problem
from marketplace.edge.acting import current_context, current_principal
from marketplace.edge.problems import MissingIdempotencyKey, row_for
from marketplace.foundation.errors import DomainError, InvalidInput, NotFound, Unavailable
from marketplace.foundation.idempotency import KeyUsedDifferently
from marketplace.foundation.ids import parse_id
from marketplace.foundation.input import BadJson, load_json
from security.principal import Context, Principal

View = TypeVar("View", bound=Callable[..., Any])

OF_EVERY_PERSON = (NotSignedIn, AccessTokenRefused, NotPermitted, Unavailable)


class StrictParser(FlaskParser):
    """Reads JSON by our own rules and raises what the edge answers, instead of answering itself."""

    DEFAULT_UNKNOWN_BY_LOCATION: dict[str, str | None] = {}  # noqa: RUF012 - typed so by webargs
    """Nothing is overruled: the schemas refuse what they do not know."""

    def load_json(self, req: Request, schema: Schema) -> Any:
        if req.mimetype != "application/json":
            raise UnsupportedMediaType()
        return load_json(req.get_data(), req.mimetype_params.get("charset", "utf-8"))

    def handle_error(
        self, error: ValidationError, req: Request, schema: Schema, **_: Any
    ) -> NoReturn:  # webargs names the location around the places; one problem has one body
        messages = error.messages
        places = next(iter(messages.values())) if isinstance(messages, dict) else messages
        raise ValidationError(places) from None


class Door(Blueprint):
    """flask-smorest's blueprint with our parser; an operation is called like its endpoint."""

    ARGUMENTS_PARSER = StrictParser()

    def add_url_rule(
        self, rule: str, endpoint: str | None = None, view_func: Any = None, *rest: Any, **options: Any
    ) -> None:
        named = described_as({"operationId": endpoint or view_func.__name__})(view_func)
        super().add_url_rule(rule, endpoint, named, *rest, **options)


class AnyId(BaseConverter):
    """An id in a path. Whatever is not an id in canonical form becomes None, which looks like an unknown id."""

    part_isolating = True

    def to_python(self, value: str) -> UUID | None:
        return parse_id(value)


class Asking(TypedDict):
    """What every use-case wants to know of whoever asks."""

    actor: Principal
    context: Context


def who() -> Asking:
    """Who asks, and in which circumstances. Raises NotSignedIn."""
    return {"actor": current_principal(), "context": current_context()}


def existing(value: UUID | None, error: type[NotFound]) -> UUID:
    """The id of a path. Raises `error` for what cannot be one."""
    if value is None:
        raise error()
    return value


def refuses(*kinds: type[DomainError]) -> Callable[[View], View]:
    """Describe what a route may refuse, beside what any route for signed-in people may refuse."""
    return _refusing((*OF_EVERY_PERSON, *kinds))


def takes_body(view: View) -> View:
    """Describe what may be wrong with any body."""
    described = _refusing((BadJson, InvalidInput))(view)
    return described_as({"responses": {415: _problem("Not JSON with the content type `application/json`.")}})(
        described
    )


def done_once(view: View) -> View:
    """Describe the Idempotency-Key, which every route that changes something asks for."""
    key = {
        "in": "header",
        "name": "Idempotency-Key",
        "required": True,
        "description": "A fresh random value per intended change (a UUID). A repeat with the same key is not done "
        "again; it is answered like the first call, with the header `Idempotency-Replayed: true`.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 80},
    }
    return described_as({"parameters": [key]})(_refusing((MissingIdempotencyKey, KeyUsedDifferently))(view))


def at_most(size: int) -> Callable[[View], View]:
    """Let the bodies of one route be larger than the application's limit: `size` bytes."""

    def decorate(view: View) -> View:
        @wraps(view)
        def taking(*args: Any, **kwargs: Any) -> Any:
            request.max_content_length = size
            return view(*args, **kwargs)

        return taking  # type: ignore[return-value]

    return decorate


def described_as(more: dict[Any, Any]) -> Callable[[View], View]:
    """Add to the description of a route; responses of one status are joined."""

    def decorate(view: View) -> View:
        known = getattr(view, "_apidoc", {}).get("manual_doc", {})
        joined = dict(more)
        if "responses" in more:
            joined["responses"] = {**known.get("responses", {}), **more["responses"]}
        described: View = Door.doc(**joined)(view)
        return described

    return decorate


def _refusing(kinds: Iterable[type[DomainError]]) -> Callable[[View], View]:
    def decorate(view: View) -> View:
        known = getattr(view, "_apidoc", {}).get("refused", ())
        every = tuple(dict.fromkeys((*known, *kinds)))
        described = described_as({"responses": _problems(every)})(view)
        described._apidoc["refused"] = every  # type: ignore[attr-defined]
        return described

    return decorate


def _problems(kinds: Iterable[type[DomainError]]) -> dict[int, dict[str, Any]]:
    """The responses by status, each naming its problems as the table of the edge does."""
    lines: dict[int, list[str]] = {}
    for kind in kinds:
        row = row_for(kind)
        assert row is not None
        lines.setdefault(row.status, []).append(f"`/problems/{row.slug}`: {kind().message}")
    return {status: _problem("\n\n".join(dict.fromkeys(said))) for status, said in sorted(lines.items())}


def _problem(description: str) -> dict[str, Any]:
    return {"description": description, "content": {"application/problem+json": {"schema": Problem}}}


api = Door("api", __name__, url_prefix="/api/v1", description="Everything a person's program may do.")
