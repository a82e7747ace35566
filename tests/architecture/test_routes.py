"""Every route names its permission; a forgotten one does not open, and a left-over row is removed."""

from __future__ import annotations

from typing import Any

import pytest

from marketplace.edge.permissions import EVERYBODY, PROVISIONER, ROUTES
from security.permissions import Permission

CHANGES = {"POST", "PUT", "PATCH", "DELETE"}

FOR_EVERYBODY = {
    "api.description",
    "federation.back_channel_logout",
    "federation.keys",
    "health.process",
    "health.ready",
    "web.accessibility",
    "web.appearance",
    "web.asset",
    "web.data_protection",
    "web.find_agency",
    "web.help",
    "web.invitation",
    "web.language",
    "web.sign_in",
    "web.sign_in_agency",
    "web.sign_in_callback",
    "web.signed_out",
    "web.start",
}
"""Adding a route that needs no sign-in is a decision: it is made here, in sight."""


def test_every_route_is_in_the_table_and_no_row_is_left_over(app: Any) -> None:
    assert {rule.endpoint for rule in app.url_map.iter_rules()} == set(ROUTES)


def test_the_open_routes_are_known() -> None:
    assert {endpoint for endpoint, wanted in ROUTES.items() if wanted is EVERYBODY} == FOR_EVERYBODY


def test_a_closed_route_sends_strangers_away(app: Any) -> None:
    client = app.test_client()
    for rule in app.url_map.iter_rules():
        if ROUTES[rule.endpoint] is EVERYBODY:
            continue
        path = _example(rule)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            answer = client.open(path, method=method)
            expected = (
                (401,) if path.startswith(("/api/", "/scim/")) else (303,) if method == "GET" else (400, 401)
            )
            assert answer.status_code in expected, f"{method} {rule.rule} answered {answer.status_code}"


@pytest.mark.parametrize("endpoint", sorted(ROUTES))
def test_a_row_is_a_permission_or_everybody(endpoint: str) -> None:
    assert ROUTES[endpoint] in (EVERYBODY, PROVISIONER) or isinstance(ROUTES[endpoint], Permission)


def test_a_program_with_a_credential_goes_nowhere_but_to_scim() -> None:
    assert {endpoint.partition(".")[0] for endpoint, wanted in ROUTES.items() if wanted is PROVISIONER} == {
        "scim"
    }
    assert {wanted for endpoint, wanted in ROUTES.items() if endpoint.startswith("scim.")} == {PROVISIONER}


def _example(rule: Any) -> str:
    values = {name: _value(converter) for name, converter in rule._converters.items()}
    path: str = rule.build(values)[1]
    return path


def _value(converter: Any) -> Any:
    kind = type(converter).__name__
    if kind in ("UUIDConverter", "AnyId"):
        return "00000000-0000-4000-8000-000000000000"
    return 1 if kind == "IntegerConverter" else "x"
