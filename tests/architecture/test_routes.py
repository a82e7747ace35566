"""Every route names its permission; a forgotten one does not open, and a left-over row is removed."""

from __future__ import annotations

from typing import Any

import pytest

from marketplace.edge.permissions import CONFIRMED, EVERYBODY, PROVISIONER, ROUTES
from security.permissions import Permission

CHANGES = {"POST", "PUT", "PATCH", "DELETE"}

FOR_EVERYBODY = {
    "api.description",
    "federation.back_channel_logout",
    "federation.keys",
    "health.process",
    "health.ready",
    "proofs.checkpoint",
    "proofs.cosign",
    "proofs.key",
    "proofs.tile",
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

WITHOUT_CONFIRMING = {
    "web.add_example",
    "web.check_provider",
    "web.decline_move",
    "web.discard_rules",
    "web.drop_example",
    "web.drop_rule",
    "web.end_sessions_of",
    "web.end_unit",
    "web.keep_new_rule",
    "web.keep_rule",
    "web.make_unit",
    "web.merge_unit",
    "web.move_unit",
    "web.place_in_unit",
    "web.place_person",
    "web.rename_levels",
    "web.rename_unit",
    "web.renew_rules",
    "web.review_role",
    "web.sign_rules",
    "web.take_out_of_unit",
    "web.take_up_rules",
    "web.withdraw_agreement",
    "web.withdraw_invitation",
}
"""What administrators and officers do by pages without a sign-in of now; signing rules asks for it by itself."""


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


def test_an_administrators_act_takes_a_sign_in_of_now_or_is_known_not_to(app: Any) -> None:
    heavy = {Permission.ADMINISTER_AGENCY, Permission.GIVE_CLEARANCE}
    acts = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("web.") and "POST" in rule.methods and ROUTES[rule.endpoint] in heavy
    }
    assert acts - set(CONFIRMED) == WITHOUT_CONFIRMING


def test_only_a_form_of_somebody_signed_in_takes_a_sign_in_of_now(app: Any) -> None:
    methods = {rule.endpoint: (rule.methods or set()) & CHANGES for rule in app.url_map.iter_rules()}
    assert {endpoint: methods[endpoint] for endpoint in CONFIRMED} == {each: {"POST"} for each in CONFIRMED}
    assert all(endpoint.startswith("web.") for endpoint in CONFIRMED)
    assert all(isinstance(ROUTES[endpoint], Permission) for endpoint in CONFIRMED)


def _example(rule: Any) -> str:
    values = {name: _value(converter) for name, converter in rule._converters.items()}
    path: str = rule.build(values)[1]
    return path


def _value(converter: Any) -> Any:
    kind = type(converter).__name__
    if kind in ("UUIDConverter", "AnyId"):
        return "00000000-0000-4000-8000-000000000000"
    return 1 if kind == "IntegerConverter" else "x"
