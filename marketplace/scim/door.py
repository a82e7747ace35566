"""The blueprint of SCIM: a credential before anything else, bodies read strictly, answers with their version."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeVar

import orjson
from flask import Blueprint, Response, g, request
from pydantic import ValidationError
from scim2_models import BaseModel as Message
from scim2_models import Context, Error, SCIMException
from werkzeug.exceptions import UnsupportedMediaType

from agencies.scim import credentials
from agencies.scim.credentials import Provisioner
from agencies.scim.errors import BadResource, CredentialRefused, VersionChanged
from marketplace.foundation.db import transaction
from marketplace.foundation.input import load_json
from marketplace.scim.answers import MEDIA_TYPE
from marketplace.scim.resources import POLICY, Group, User
from security.principal import Context as Circumstances

LARGEST_BODY = 256 * 1024
LARGEST_GROUP = 1024 * 1024
"""Bytes. A group of ten thousand members is named in less."""

MOST_PATHS, LONGEST_PATH = 500, 400
"""What one PATCH may name: it is applied while the agency is held, and a path is read in the square of its length."""

Model = TypeVar("Model", bound=Message)

scim = Blueprint("scim", __name__, url_prefix="/scim/v2")


@scim.before_request
def authenticate() -> None:
    """Let in whoever brings a credential that holds. Raises CredentialRefused, TooManyCalls."""
    g.door_context = Circumstances("scim", address=request.remote_addr)
    request.max_content_length = LARGEST_GROUP if "/Groups" in request.path else LARGEST_BODY
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise CredentialRefused()
    with transaction() as tx:
        g.provisioner = credentials.enter(tx, token.strip(), request.remote_addr)
    g.door_context = g.provisioner.context


def provisioner() -> Provisioner:
    """The program that speaks, and the one agency whose people it may touch."""
    found: Provisioner = g.provisioner
    return found


def body() -> dict[str, Any]:
    """The JSON object that was sent. Raises BadJson, BadResource, UnsupportedMediaType."""
    if request.mimetype not in (MEDIA_TYPE, "application/json"):
        raise UnsupportedMediaType()
    sent = load_json(request.get_data(), request.mimetype_params.get("charset", "utf-8"))
    if not isinstance(sent, dict):
        raise BadResource("Send one JSON object.", scim_type="invalidSyntax")
    return sent


def patch_body() -> dict[str, Any]:
    """The JSON object of a PATCH, once it is known that applying it is little work. Raises what `body` raises."""
    sent = body()
    paths = list(_paths(sent))
    if len(paths) > MOST_PATHS:
        raise BadResource(
            f"Operations: one PATCH names at most {MOST_PATHS} attributes.", scim_type="tooMany"
        )
    if any(len(path) > LONGEST_PATH for path in paths):
        raise BadResource(f"A path has at most {LONGEST_PATH} characters.", scim_type="invalidPath")
    return sent


def _paths(sent: Mapping[str, Any]) -> Iterator[str]:
    """Every path of a PATCH, one per operation at least; names in a value without a path are paths, too."""
    lists = [
        value for name, value in sent.items() if name.lower() == "operations" and isinstance(value, list)
    ]
    for operation in (each for some in lists for each in some if isinstance(each, dict)):
        yield next((str(value) for name, value in operation.items() if name.lower() == "path"), "")
        for name, value in operation.items():
            if name.lower() == "value" and isinstance(value, dict):
                yield from value


@cache
def about(message: Any, resource: Any) -> Any:
    """A kind of message about a kind of resource. pydantic makes one anew, for 4 ms, once nobody holds it."""
    return message[resource]


def parsed(model: type[Model], sent: Mapping[str, Any], context: Context) -> Model:
    """A SCIM message or resource out of JSON. Raises BadResource with SCIM's keyword and the place."""
    with in_our_words():
        return model.model_validate(dict(sent), scim_ctx=context, scim_policy=POLICY)


@contextmanager
def in_our_words() -> Iterator[None]:
    """What scim2-models refuses is refused by the one table, too."""
    try:
        yield
    except ValidationError as error:
        first = Error.from_validation_error(error.errors()[0])
        raise BadResource(first.detail, scim_type=first.scim_type) from None
    except SCIMException as error:
        raise BadResource(str(error), scim_type=error.scim_type) from None


def default_to(sent: Mapping[str, Any], name: str, value: Any) -> dict[str, Any]:
    """The same object with an attribute where it was left out; names of attributes ignore case."""
    named = any(key.lower() == name.lower() for key in sent)
    return dict(sent) if named else {**sent, name: value}


def check_version(resource: User | Group) -> None:
    """Raise VersionChanged where the sender changes something it has not seen (If-Match)."""
    wanted = request.if_match
    if not wanted:
        return
    assert resource.meta is not None
    if not wanted.contains_weak(_tag(resource)):
        raise VersionChanged()


def reply(shown: Mapping[str, Any], status: int = 200, *, version: str | None = None) -> Response:
    """JSON as SCIM wants it, 304 for a version that the sender has."""
    if version and request.method == "GET" and request.if_none_match.contains_weak(_bare(version)):
        return Response(status=304, headers={"ETag": version})
    response = Response(orjson.dumps(shown), status=status, content_type=MEDIA_TYPE)
    if version:
        response.headers["ETag"] = version
    if status == 201:
        response.headers["Location"] = shown["meta"]["location"]
    return response


def version_of(resource: User | Group) -> str:
    """The entity tag of a resource."""
    assert resource.meta is not None
    assert resource.meta.version is not None
    return resource.meta.version


def _tag(resource: User | Group) -> str:
    return _bare(version_of(resource))


def _bare(version: str) -> str:
    return version.removeprefix("W/").strip('"')
