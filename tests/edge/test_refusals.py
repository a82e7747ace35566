"""A refusal is on the record of whoever it concerns, with the word that the refused person was given."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import Engine

from marketplace.foundation.db import transaction
from security.labels import Level
from security.log import queries, sequencer
from security.log.filtering import Filters
from security.principal import Principal, Role
from tests.application import Program, an_application, token_of
from tests.builders import AT_WORK, a_campaign, a_claim, a_person, an_owner


@pytest.fixture
def app(database: Engine, tmp_path: Path) -> Iterator[Flask]:
    with an_application(database, tmp_path) as made:
        yield made


@pytest.fixture
def officer(database: Engine) -> Principal:
    """The security officer of the agency that owns the campaigns here."""
    return a_person("harbour", roles=(Role.SECURITY_OFFICER,))


def refusals(officer: Principal, **filters: Any) -> list[dict[str, Any]]:
    with transaction() as tx:
        while sequencer.sequence(tx):
            pass
    with transaction() as tx:
        found = queries.entries(tx, Filters(outcome="refused", **filters), actor=officer, context=AT_WORK)
    rows: list[dict[str, Any]] = found["rows"]
    return rows


def asks(app: Flask, person: Principal, path: str) -> Any:
    return Program(app.test_client(), token_of(person)).get(path)


def test_somebody_not_cleared_who_tries_a_hidden_campaign_is_on_its_agencys_record(
    app: Flask, officer: Principal
) -> None:
    campaign = a_campaign(an_owner("harbour"), level="sensitive")
    curious = a_person("lighthouse", clearance=Level.INTERNAL)
    assert asks(app, curious, f"/campaigns/{campaign}").status_code == 404
    (entry,) = refusals(officer)
    assert (entry["campaign_id"], entry["agency_id"]) == (campaign, curious.agency_id)


def test_somebody_who_tries_anothers_claim_is_on_its_agencys_record(app: Flask, officer: Principal) -> None:
    campaign = a_campaign(an_owner("harbour"))
    claim = a_claim(campaign, a_person("lighthouse"))
    assert asks(app, a_person("lighthouse"), f"/claims/{claim}").status_code == 404
    (entry,) = refusals(officer)
    assert (entry["object_kind"], entry["campaign_id"]) == ("microtask", campaign)


def test_an_id_that_never_existed_concerns_no_other_agency(app: Flask, officer: Principal) -> None:
    assert asks(app, a_person("lighthouse"), f"/campaigns/{uuid4()}").status_code == 404
    assert refusals(officer) == []


def test_the_reference_that_a_person_quotes_finds_the_refusal(app: Flask, officer: Principal) -> None:
    campaign = a_campaign(an_owner("harbour"), level="sensitive")
    curious = a_person("lighthouse", clearance=Level.INTERNAL)
    told = [asks(app, curious, f"/campaigns/{campaign}").json["reference"] for _ in range(2)]
    (entry,) = refusals(officer, reference=told[0])
    assert entry["reference"] == told[0]


def test_the_beginning_of_an_id_finds_the_object(app: Flask, officer: Principal) -> None:
    campaigns = [a_campaign(an_owner("harbour"), level="sensitive") for _ in range(2)]
    curious = a_person("lighthouse", clearance=Level.INTERNAL)
    for campaign in campaigns:
        asks(app, curious, f"/campaigns/{campaign}")
    (entry,) = refusals(officer, object_id=str(campaigns[0])[:8])
    assert entry["object_id"] == str(campaigns[0])


def test_readings_of_the_record_can_be_left_out(app: Flask, officer: Principal) -> None:
    refusals(officer)
    with transaction() as tx:
        sequencer.sequence(tx)
    with transaction() as tx:
        shown = queries.entries(tx, Filters(without_readings=True), actor=officer, context=AT_WORK)["rows"]
    assert "log.read" not in {row["act"] for row in shown}
