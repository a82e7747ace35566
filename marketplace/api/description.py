"""The API's description of itself: OpenAPI 3.1, made from the routes and their schemas."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, current_app
from flask_smorest import Api

from marketplace.api.door import AnyId, api, described_as
from marketplace.api.replies import reply_unless_known
from marketplace.api.schemas import Problem
from tasks.questions import KINDS
from tasks.questions.table import AnyQuestion

ABOUT = """
Everything the pages do, for programs, with the same use-cases, rules and record.

* **Sign in** with `Authorization: Bearer TOKEN`. A token acts for one person, who is on the record with every act.
* **Changes** carry an `Idempotency-Key`: repeat a call whose answer you missed with the same key.
* **Errors** are problem documents (RFC 9457). Act on `type`; `reasons` and `errors` say what would help.
* **Moments** are UTC with a `Z`, days are ISO dates. What is hidden from you looks like what does not exist.
"""


class DescribedApi(Api):
    """flask-smorest's description, without its error answers: the edge has one table for both doors."""

    ERROR_SCHEMA = Problem
    DEFAULT_ERROR_RESPONSE_NAME = None

    def _register_error_handlers(self) -> None:
        """None of its own."""

    def _register_pagination_header(self) -> None:
        """Pages are described by their schema; there is no header to describe."""


def describe(app: Flask) -> Api:
    """Register the API's routes with `app` and describe them."""
    app.url_map.converters["id"] = AnyId
    made = DescribedApi(
        app,
        spec_kwargs={
            "title": "Cross-agency microtasking marketplace",
            "version": "1",
            "openapi_version": "3.1.0",
            "info": {
                "summary": "Find, claim and do microtasks; post campaigns and read their results.",
                "description": ABOUT.strip(),
                "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            },
            "servers": [{"url": "/"}],
            "security": [{"token": []}],
        },
    )
    made.spec.components.security_scheme(
        "token", {"type": "http", "scheme": "bearer", "description": "A person's token, beginning with mkt_."}
    )
    made.ma_plugin.converter.add_attribute_function(_questions)
    made.register_converter(AnyId, lambda _: {"type": "string", "format": "uuid"})
    made.register_blueprint(api)
    app.extensions["market_api"] = made
    return made


def _questions(self: Any, field: Any, **_: Any) -> dict[str, Any]:
    """A question is of one of the kinds, each with settings of its own. Called by the converter, with itself."""
    if not isinstance(field, AnyQuestion):
        return {}
    return {"oneOf": [self.resolve_nested_schema(kind.spec) for kind in KINDS.values()]}


@api.get("/openapi.json", endpoint="description")
@api.response(200, description="This document.")
@described_as({"security": []})
def described() -> Response:
    """Describe this API.

    The OpenAPI 3.1 document, for everybody.
    """
    made: Any = current_app.extensions["market_api"]
    return reply_unless_known(made.spec.to_dict())
