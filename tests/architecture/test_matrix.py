"""Every route × role × agency × zone: the program lets in exactly those whom the matrix lets in.

Whoever lacks the role is refused before the network is looked at: they ask from one network, each pair of route and
person from another one.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from marketplace.edge.permissions import ROUTES, Open
from marketplace.foundation.db import reading
from security.log.models import AuditPending
from security.principal import Role
from tests.architecture import scene as scenes
from tests.architecture.matrix import HIDDEN, IN, ROLE, ROWS, RULE, Row
from tests.architecture.scene import AGENCIES, ZONES, Person, Scene

UNRECORDED = {
    "only what belongs to the reader": """
        api.list_claims api.list_device_keys api.list_my_skills api.list_roles api.me web.device_keys web.my_roles
        web.my_skills web.my_work web.notices web.sessions""",
    "what skills there are, and nobody who has them": "api.find_skills",
    "where nothing happened, nothing was read": "api.list_key_requests_of_agency api.watch_device_keys",
    "what campaigns are called and ask for, never an item": """
        api.get_campaign api.get_claim api.list_approvals api.list_campaigns web.approval web.approvals web.board
        web.campaign web.campaigns web.room""",
    "how an agency or the marketplace is set up, and nobody in it": """
        api.export_rules api.get_agency api.get_handling api.get_proposal api.get_rules api.list_agencies
        api.list_agency_keys api.list_directory_groups web.agency_keys web.handling web.keys_by_year
        api.list_proposals api.list_scim_credentials api.list_terms api.list_units api.list_witnesses web.agency
        web.agency_directory web.agreement web.agreements web.check_provider web.joining web.labels web.networks
        web.new_agency web.new_rule web.numbers web.operation web.preview_rules web.provider web.rule web.rules
        web.rules_file web.rules_version web.sharing web.units""",
    "what somebody typed for themself, which nobody else can open": "web.draft web.save_draft",
    "that there is something; opening it is an entry": "web.incidents web.reviews",
    "an empty form": "web.new_incident web.seal_campaign",
    "here there is nothing to change": """
        api.change_agency api.end_let_in api.take_out_of_unit web.ask_for_answer web.end_let_in
        web.destroy_draft web.end_other_sessions web.take_out_of_unit""",
}
"""Requests that succeed and leave no entry, and why: everything else that somebody does or reads is on the record."""


SILENT = frozenset(" ".join(UNRECORDED.values()).split())


@cache
def _scene() -> Scene:
    return scenes.set_up(Path(mkdtemp(prefix="market-matrix-")))


@pytest.fixture
def scene() -> Iterator[Scene]:
    made = _scene()
    with made.entered():
        made.sign_in_again()
        yield made


def test_every_route_has_a_row() -> None:
    closed = {endpoint for endpoint, wanted in ROUTES.items() if not isinstance(wanted, Open)}
    assert set(ROWS) == closed


@pytest.mark.parametrize("endpoint", sorted(ROWS))
def test_lets_in_whom_the_matrix_lets_in(scene: Scene, endpoint: str) -> None:
    row, client = ROWS[endpoint], scene.app.test_client()
    wrong = []
    for number, ((agency, role), person) in enumerate(scene.people.items()):
        for zone in networks_of(row, role, agency, sorted(ROWS).index(endpoint) + number):
            before = acts()
            answer = asked(client, scene, row, person, zone)
            seen = outcome(answer)
            if acts() == before and is_to_be_recorded(endpoint, seen, answer):
                wrong.append(f"{agency} {role} {zone}: {seen} ({answer.status_code}), and not on the record")
            if row.method != "GET" and seen == IN:
                scene.put_back()
            expected = row.expected(role, agency, zone)
            if seen != expected:
                wrong.append(f"{agency} {role} {zone}: {seen} ({answer.status_code}), not {expected}")
    assert not wrong, "\n".join(wrong)


def networks_of(row: Row, role: Role, agency: str, turn: int) -> list[str]:
    """The networks that this person asks from."""
    networks = list(ZONES)
    refused = all(row.expected(role, agency, zone) == ROLE for zone in networks)
    return [networks[turn % len(networks)]] if refused else networks


def acts() -> int:
    """How many acts were put on the record so far."""
    with reading() as db:
        return int(db.scalar(select(func.count()).select_from(AuditPending)))


def is_to_be_recorded(endpoint: str, seen: str, answer: TestResponse) -> bool:
    """Every refusal is on the record, and every act but those that touch nobody's content and change nothing."""
    return seen in (ROLE, RULE, HIDDEN) or (answer.status_code < 400 and endpoint not in SILENT)


def asked(client: FlaskClient, scene: Scene, row: Row, person: Person, zone: str) -> TestResponse:
    """The row's request as this person makes it from this network, with everything a right one has."""
    names = scene.names | {"claim": person.claim or scene.names["somebodys_claim"]}
    path = row.path.format(**names)
    body = {name: _filled(value, names) for name, value in row.body.items()}
    key = uuid.uuid4().hex
    given: dict[str, Any] = {"headers": {"Accept": "application/problem+json"}}
    if path.startswith("/api/"):
        given["headers"] |= {"Authorization": f"Bearer {person.token}", "Idempotency-Key": key}
        if row.method != "GET":
            given["json"] = body
    else:
        client.set_cookie("market_session", person.session)
        if row.method != "GET":
            given["data"] = body | {"idempotency_key": key}
    return client.open(path, method=row.method, environ_base={"REMOTE_ADDR": ZONES[zone]}, **given)


def outcome(answer: TestResponse) -> str:
    """How far a request came. A mistake in what was sent is found behind every door, so it counts as let in."""
    if answer.status_code == 404:
        return HIDDEN
    if answer.status_code == 403:
        problem = (answer.get_json(silent=True) or {}).get("type")
        return ROLE if problem == "/problems/not-permitted" else RULE
    if answer.status_code >= 500 or answer.status_code == 401:
        return f"broken {answer.status_code}"
    return IN


def _filled(value: Any, names: dict[str, Any]) -> Any:
    return value.format(**names) if isinstance(value, str) and "{" in value else value


def test_the_matrix_covers_every_role_agency_and_zone(scene: Scene) -> None:
    assert set(scene.people) == {(agency, role) for agency in AGENCIES for role in Role}
