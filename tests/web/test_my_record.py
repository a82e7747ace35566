"""A person's own page, its proof, and data protection's answer, as forms and files."""

from __future__ import annotations

import csv
import io
import json
import re
from html import unescape
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from marketplace.cli import group
from marketplace.foundation.db import transaction
from security.log import checkpoints
from tests.web.stage import LOG, Stage
from tests.web.test_claims import english, form_of


def page_of(client: FlaskClient, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status
    return unescape(answer.get_data(as_text=True))


def acts(page: str, column: int = 2) -> list[str]:
    """The acts that the page lists: after the time and the agency; one's own have no agency before them."""
    rows = re.findall(r'<th scope="row" class="mono figure">.*?</tr>', page, re.DOTALL)
    return [re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)[column] for row in rows]


def looked_at(stage: Stage, login: str) -> None:
    assert (
        english(stage, "felix").get(f"/agency/people/{stage.person(login).membership_id}").status_code == 200
    )
    stage.number_entries()


def asked(client: FlaskClient) -> None:
    page = page_of(client, "/my-record")
    if 'action="/my-record/ask"' in page:
        assert client.post("/my-record/ask", data=form_of(page, "/my-record/ask")).status_code == 303


def answer_at(client: FlaskClient, name: str) -> str:
    found = re.search(rf'href="(/data-requests/[^"]+)"[^>]*>{name}', page_of(client, "/data-requests"))
    assert found is not None
    return found[1]


def test_everybody_finds_it_in_their_menu_and_at_the_foot(stage: Stage) -> None:
    page = page_of(english(stage, "paul"), "/work")
    assert page.count('href="/my-record"') == 2
    assert 'href="/my-record"' not in page_of(stage.client(), "/")


def test_it_says_which_agency_looked_and_no_name(stage: Stage) -> None:
    looked_at(stage, "karim")
    page = page_of(english(stage, "karim"), "/my-record")
    assert acts(page)[0] == "read a person’s page"
    assert "Civil Aviation Office" in page
    assert "Félix" not in page


def test_what_i_did_leaves_my_readings_out_until_they_are_asked_for(stage: Stage) -> None:
    client = english(stage, "karim")
    page_of(client, "/my-record")
    stage.number_entries()
    mine = acts(page_of(client, "/my-record?show=by"), 1)
    assert mine
    assert "read their own entries" not in mine
    readings = acts(page_of(client, "/my-record?show=by&act=log.read_own"), 1)
    assert set(readings) == {"read their own entries"}


@pytest.mark.parametrize(
    "query", ["act=x", "period=never", "before=-1", "before=9" * 30, "show=%00", "act=%00"]
)
def test_an_address_that_makes_no_sense_breaks_nothing(stage: Stage, query: str) -> None:
    page_of(english(stage, "karim"), f"/my-record?{query}")


def test_the_proof_is_what_the_auditors_command_takes(stage: Stage, tmp_path: Path) -> None:
    looked_at(stage, "karim")
    with transaction() as tx:
        checkpoints.sign(tx, LOG)
    client = english(stage, "karim")
    page = page_of(client, "/my-record")
    link = re.search(r'href="(/my-record/proof\.json[^"]*)"', page)
    assert link is not None
    answer = client.get(link[1])
    proof = tmp_path / "proof.json"
    proof.write_bytes(answer.data)
    assert len(json.loads(answer.data)["parts"]) == len(acts(page))
    said = CliRunner().invoke(
        group, ["audit", "verify", str(proof), "--log", str(LOG.verifier), "--quorum", "0"]
    )
    assert said.exit_code == 0, said.output


def test_data_protection_answers_who_asked(stage: Stage) -> None:
    karim, dora = english(stage, "karim"), english(stage, "dora")
    looked_at(stage, "karim")
    asked(karim)
    assert "You asked on" in page_of(karim, "/my-record")
    at = answer_at(dora, "Karim Diallo")
    page = page_of(dora, at)
    assert "To Karim Diallo" in page
    assert "Civil Aviation Office: read a person’s page" in page
    rows = list(csv.DictReader(io.StringIO(dora.get(f"{at}/answer.csv").get_data(as_text=True))))
    assert {
        "agency": "Civil Aviation Office",
        "act": "read a person’s page",
        "outcome": "Done",
    }.items() <= rows[[row["act"] for row in rows].index("read a person’s page")].items()
    sent = dora.post(f"{at}/sent", data=form_of(page, "/sent"))
    assert sent.status_code == 303
    assert "sent on" in page_of(dora, "/data-requests")
    assert "Data protection has answered" in page_of(karim, "/notices")
    stage.number_entries()
    assert "answered who has seen data about somebody" in acts(page_of(karim, "/my-record"))


def test_the_answers_proof_verifies(stage: Stage, tmp_path: Path) -> None:
    asked(english(stage, "ines"))
    stage.number_entries()
    with transaction() as tx:
        checkpoints.sign(tx, LOG)
    dora = english(stage, "dora")
    proof = tmp_path / "proof.json"
    proof.write_bytes(dora.get(f"{answer_at(dora, 'Ines Albers')}/proof.json").data)
    said = CliRunner().invoke(
        group, ["audit", "verify", str(proof), "--log", str(LOG.verifier), "--quorum", "0"]
    )
    assert said.exit_code == 0, said.output


def test_the_desk_is_data_protections_alone(stage: Stage) -> None:
    asked(english(stage, "karim"))
    at = answer_at(english(stage, "dora"), "Karim Diallo")
    for login in ("haas", "felix", "karim"):
        page_of(english(stage, login), "/data-requests", 403)
        page_of(english(stage, login), at, 403)
    assert "/data-requests" not in page_of(english(stage, "haas"), "/record/look-ups")
