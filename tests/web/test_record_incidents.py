"""Incidents by forms alone, as a browser without scripts sends them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete

from agencies.oversight.models import Incident, IncidentNote
from marketplace.foundation.db import transaction
from security import verifier
from security.log import sequencer
from tests.web.stage import LOG, Stage
from tests.web.test_claims import english, form_of

NEW = "/record/incidents/new"


@pytest.fixture
def officer(stage: Stage) -> FlaskClient:
    with transaction() as tx:
        tx.execute(delete(IncidentNote))
        tx.execute(delete(Incident))
    return english(stage, "haas")


def page_of(client: FlaskClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, answer.status_code
    return answer.get_data(as_text=True)


def moment(hours_ago: float) -> str:
    return (datetime.now(UTC) - timedelta(hours=hours_ago)).strftime("%Y-%m-%dT%H:%M")


def opening(client: FlaskClient, query: str = "", **typed: str) -> Any:
    hidden = form_of(page_of(client, NEW + query), "/record/incidents")
    given = {"title": "A laptop was left on a train", "known_at": moment(2)} | typed
    if not query:
        given |= {"since": "2020-01-01"}
    return client.post("/record/incidents", data=hidden | given)


def opened(client: FlaskClient, query: str = "", **typed: str) -> str:
    """The address of an incident that was opened."""
    answer = opening(client, query, **typed)
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return str(answer.location)


def sent(client: FlaskClient, incident: str, what: str, **typed: str) -> Any:
    return client.post(f"{incident}/{what}", data=form_of(page_of(client, incident), f"/{what}") | typed)


def test_an_incident_is_opened_from_a_search_and_shows_its_scope(stage: Stage, officer: FlaskClient) -> None:
    incident = opened(officer, "?act=payload.view&outcome=done")
    page = page_of(officer, incident)
    assert "A laptop was left on a train" in page
    assert "viewed an item" in page
    assert 'href="/record?act=payload.view&amp;outcome=done&amp;readings=hidden"' in page
    assert "hours left to report" in page
    assert incident in page_of(officer, "/record/incidents")


def test_the_list_is_reached_from_the_record(officer: FlaskClient) -> None:
    assert 'href="/record/incidents"' in page_of(officer, "/record")
    assert "No incident was opened so far." in page_of(officer, "/record/incidents")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"title": "x"}, "Give it a title of 3 to 120 characters."),
        ({"known_at": "soon"}, "Write the moment when it became known, in UTC. It cannot lie ahead."),
        (
            {"known_at": "2999-01-01T00:00"},
            "Write the moment when it became known, in UTC. It cannot lie ahead.",
        ),
    ],
)
def test_what_was_typed_stays_beside_what_is_wrong(
    officer: FlaskClient, wrong: dict[str, str], said: str
) -> None:
    answer = opening(officer, "?zone=home", **wrong)
    page = answer.get_data(as_text=True)
    (field,) = wrong
    assert answer.status_code == 422
    assert f'<a href="#{field}">{said}</a>' in page
    assert f'id="{field}-error"' in page
    assert f'value="{wrong[field]}"' in page
    assert form_of(page, "/record/incidents")["zone"] == "home"


def test_the_diary_the_report_and_the_finding(officer: FlaskClient) -> None:
    incident = opened(officer)
    assert sent(officer, incident, "notes", text="The train company was called.").status_code == 303
    assert sent(officer, incident, "report", reported_at=moment(1), how="By the form").status_code == 303
    page = page_of(officer, incident)
    assert "The train company was called." in page
    assert "Reported in time" in page
    assert "Note the report" not in page
    assert sent(officer, incident, "close", finding="Found again, untouched.").status_code == 303
    page = page_of(officer, incident)
    assert "Found again, untouched." in page
    assert f'action="{incident}' not in page


def test_a_late_report_asks_for_the_reason(officer: FlaskClient) -> None:
    incident = opened(officer, known_at=moment(90))
    assert "Time to report is over" in page_of(officer, incident)
    answer = sent(officer, incident, "report", reported_at=moment(1), how="By letter")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'id="late_because-error"' in page
    assert 'value="By letter"' in page
    late = {"reported_at": moment(1), "how": "By letter", "late_because": "The extent was unclear."}
    assert sent(officer, incident, "report", **late).status_code == 303
    page = page_of(officer, incident)
    assert "Reported late" in page
    assert "The extent was unclear." in page


def test_a_note_that_is_sent_twice_is_written_once(officer: FlaskClient) -> None:
    incident = opened(officer)
    form = form_of(page_of(officer, incident), "/notes") | {"text": "Written once."}
    for _ in range(2):
        assert officer.post(f"{incident}/notes", data=form).status_code == 303
    assert page_of(officer, incident).count("Written once.") == 1


def test_no_name_stands_beside_a_pseudonym(stage: Stage, officer: FlaskClient) -> None:
    incident = opened(officer, "?act=payload.view")
    sent(officer, incident, "notes", text="Looked at.")
    main = page_of(officer, incident).partition("<main")[2].partition("</main")[0]
    for login in ("haas", "maja", "karim", "lena"):
        assert stage.person(login).name not in main


def test_the_entries_are_handed_over_with_a_proof(stage: Stage, officer: FlaskClient) -> None:
    stage.view("maja")
    with transaction() as tx:
        sequencer.sequence(tx, 100_000)
    stage.seal()
    incident = opened(officer, "?act=payload.view")
    csv = officer.get(f"{incident}/entries.csv")
    assert csv.status_code == 200
    assert "payload.view" in csv.get_data(as_text=True)
    proof = json.loads(officer.get(f"{incident}/proof.json").get_data())
    assert verifier.verify(proof, verifier.Key(str(LOG.verifier)), [], 0)
    shown = [each for part in proof["parts"] for each in part["entries"] if isinstance(each, str)]
    assert len(shown) == len(csv.get_data(as_text=True).strip().splitlines()) - 1


def test_another_agencys_officer_finds_nothing(stage: Stage, officer: FlaskClient) -> None:
    incident = opened(officer)
    stranger = english(stage, "sofie")
    assert incident not in page_of(stranger, "/record/incidents")
    for path in (incident, f"{incident}/entries.csv", f"{incident}/proof.json"):
        assert stranger.get(path).status_code == 404


def test_who_is_no_officer_has_no_such_page(stage: Stage) -> None:
    for login in ("maja", "felix", "jan"):
        client = english(stage, login)
        assert (client.get("/record/incidents").status_code, client.get(NEW).status_code) == (403, 403)
