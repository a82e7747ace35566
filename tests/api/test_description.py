"""The API describes itself, completely and without a running marketplace."""

from __future__ import annotations

from typing import Any

import pytest

from marketplace import api
from marketplace.edge.permissions import EVERYBODY, ROUTES

DOCUMENT = api.document()
OPERATIONS = [
    (path, method, operation)
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
    if method in ("get", "post")
]


def test_the_description_is_public(program: Any) -> None:
    found = program().get("/openapi.json")
    assert found.status_code == 200
    assert found.json == DOCUMENT
    assert found.json["openapi"] == "3.1.0"


def test_every_operation_is_described_and_called_like_its_endpoint() -> None:
    names = {f"api.{operation['operationId']}" for _, _, operation in OPERATIONS}
    assert names == {endpoint for endpoint in ROUTES if endpoint.startswith("api.")}
    assert all(operation["summary"].endswith(".") for _, _, operation in OPERATIONS)


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_an_operation_says_what_it_asks_and_refuses(
    path: str, method: str, operation: dict[str, Any]
) -> None:
    open_to_all = ROUTES[f"api.{operation['operationId']}"] is EVERYBODY
    assert (operation.get("security") == []) == open_to_all
    if open_to_all:
        return
    responses = operation["responses"]
    wanted = {"401", "403", "503"} | ({"404"} if "{" in path else set())
    assert wanted <= set(responses)
    for status, response in responses.items():
        kinds = set(response.get("content", {}))
        assert kinds == (
            {"application/problem+json"} if int(status) >= 400 else kinds - {"application/problem+json"}
        )
    keys = [part["name"] for part in operation.get("parameters", ()) if part["in"] == "header"]
    assert keys == (["Idempotency-Key"] if method == "post" else [])
    assert ("requestBody" in operation) == ("415" in responses)


def test_every_reference_leads_somewhere() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    references = set(_references(DOCUMENT))
    assert references
    assert all(reference.removeprefix("#/components/schemas/") in schemas for reference in references)


def _references(part: Any) -> Any:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for value in part.values():
            yield from _references(value)
    elif isinstance(part, list):
        for value in part:
            yield from _references(value)
