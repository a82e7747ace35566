"""A refusal is on the record of whoever it concerns, with the word that the refused person was given."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import Engine, select, update

from marketplace.edge import sealed_posting_json
from marketplace.foundation.db import transaction
from security.labels import Level
from security.log import queries, sequencer
from security.log.filtering import Filters
from security.principal import Principal, Role
from tasks.errors import BadSealing
from tasks.models import Payload, PayloadSlot
from tests import on_device
from tests.application import Program, an_application, token_of
from tests.builders import (
    AT_WORK,
    a_campaign,
    a_claim,
    a_contribution,
    a_person,
    an_agency,
    an_owner,
    changed,
    one,
)
from tests.end_to_end import a_posting, an_end_to_end_owner


@pytest.fixture
def app(database: Engine, tmp_path: Path) -> Iterator[Flask]:
    with an_application(database, tmp_path) as made:
        yield made


@pytest.fixture
def officer(database: Engine) -> Principal:
    """The security officer of the agency that owns the campaigns here, whose office everybody sits in."""
    an_agency("harbour", office_networks=["127.0.0.0/8"])
    return a_person("harbour", roles=(Role.SECURITY_OFFICER,))


def refusals(officer: Principal, **filters: Any) -> list[dict[str, Any]]:
    with transaction() as tx:
        while sequencer.sequence(tx):
            pass
    with transaction() as tx:
        wanted = Filters(**{"outcome": "refused"} | filters)
        found = queries.entries(tx, wanted, actor=officer, context=AT_WORK)
    rows: list[dict[str, Any]] = found["rows"]
    return rows


def failures(officer: Principal) -> list[dict[str, Any]]:
    return refusals(officer, outcome="failed")


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


class TestWhatIsNotSealedAsItShouldBe:
    """Bad input to sealed work: refused with a code, and the same code on the record."""

    @pytest.fixture
    def posted(self, officer: Principal) -> Any:
        posting = a_posting(an_end_to_end_owner("harbour"))
        posting.post()
        return posting

    def hands_in(self, app: Flask, posted: Any, **given: Any) -> Any:
        path = f"/campaigns/{posted.campaign_id}/results"
        return Program(app.test_client(), token_of(posted.owner)).post(path, json={"results": [given]})

    def test_bad_sealing(self, app: Flask, officer: Principal, posted: Any) -> None:
        refused = self.hands_in(app, posted, key_id="x")
        assert (refused.json["type"], refused.json["problem"]) == ("/problems/bad-sealing", "slot")
        (entry,) = refusals(officer)
        assert (entry["act"], entry["object_id"]) == ("access.refuse", str(posted.campaign_id))
        assert entry["detail"] == {
            "error": "BadSealing", "problem": "slot", "reasons": [], "route": "api.keep_results"
        }  # fmt: skip

    def test_a_trace_that_is_none(self, app: Flask, officer: Principal, posted: Any) -> None:
        self.hands_in(app, posted, key_id="x", slot="y", trace=["z"])
        assert [entry["detail"]["error"] for entry in refusals(officer)] == ["BadTrace"]

    def test_an_answer_that_is_not_sealed(self, app: Flask, officer: Principal, posted: Any) -> None:
        person = a_person("lighthouse")
        claim = a_claim(posted.campaign_id, person)
        writes = Program(app.test_client(), token_of(person))
        assert (
            writes.post(f"/claims/{claim}/contribution", json={"answer": {"kind": "bat"}}).status_code == 422
        )
        assert [entry["detail"]["error"] for entry in refusals(officer)] == ["NotSealed"]

    def test_content_that_was_changed_in_the_database(self, app: Flask, officer: Principal) -> None:
        owner, person = an_owner("harbour"), a_person("lighthouse")
        claims = [a_claim(a_campaign(owner, items=1, level="sensitive"), person) for _ in range(2)]
        device = on_device.device_of(person).thumbprint
        slots = select(PayloadSlot.wrapped).join(Payload, Payload.id == PayloadSlot.payload_id)
        changed(update(PayloadSlot).values(wrapped=one(slots.limit(1))))
        broken = [asks(app, person, f"/claims/{claim}/payload?device={device}") for claim in claims]
        assert 503 in [answer.status_code for answer in broken]
        assert "SlotRefused" in {entry["detail"]["error"] for entry in failures(officer)}

    def test_content_whose_slot_is_gone(self, app: Flask, officer: Principal, posted: Any) -> None:
        for _ in range(2):
            a_contribution(posted.campaign_id, a_person("lighthouse"), "bat")
        changed(PayloadSlot.__table__.delete().where(PayloadSlot.kind == "campaign"))
        path = f"/campaigns/{posted.campaign_id}/undecided?device={posted.device.thumbprint}"
        assert asks(app, posted.owner, path).json["type"] == "/problems/key-unavailable"
        (entry,) = failures(officer)
        assert (entry["act"], entry["detail"]["error"]) == ("access.refuse", "KeyUnavailable")

    def test_what_somebody_typed_is_never_the_code(self) -> None:
        with pytest.raises(BadSealing) as refused:
            sealed_posting_json.key_slots_in({"slots": {"Maja was here": ""}})
        assert refused.value.facts == {"problem": "slots"}
