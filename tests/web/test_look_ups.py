"""Opening a name by forms alone: an officer asks, data protection agrees, the officer reads, the person is told."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from uuid import UUID

from flask.testing import FlaskClient
from sqlalchemy import select, update

from agencies.models import WebSession
from agencies.oversight.models import LookUp
from marketplace.foundation.db import reading, transaction
from security.log import subjects
from tests.web.stage import Stage
from tests.web.test_claims import english, form_of

LIST = "/record/look-ups"


def pseudonym_of(stage: Stage, login: str) -> str:
    subject = stage.person(login).subject_id
    with reading() as db:
        return subjects.pseudonyms(db, [subject])[subject]


def page_of(client: FlaskClient, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status
    return unescape(answer.get_data(as_text=True))


def asked(client: FlaskClient, wanted: str, **given: str) -> str:
    """The address of a look-up that was asked for."""
    usual = {"kind": "pseudonym", "wanted": wanted, "purpose": "investigation", "ticket": "SEC-17"}
    answer = client.post(LIST, data=form_of(page_of(client, LIST), LIST) | usual | given)
    assert answer.status_code == 303
    return answer.location


def granted(client: FlaskClient, at: str) -> None:
    assert client.post(f"{at}/grant", data=form_of(page_of(client, at), "/grant")).status_code == 303


def test_a_name_is_opened_by_two_and_the_person_reads_of_it(stage: Stage) -> None:
    officer, second, karim = (english(stage, login) for login in ("haas", "dora", "karim"))
    at = asked(officer, pseudonym_of(stage, "karim"))
    assert "waits for your answer" in page_of(second, LIST)
    assert "Karim Diallo" not in page_of(second, at)
    granted(second, at)
    page = page_of(officer, at)
    assert "Karim Diallo" not in page
    opened = officer.post(at, data=form_of(page, at))
    assert opened.status_code == 200
    assert opened.headers["Cache-Control"] == "no-store"
    assert "Karim Diallo" in opened.get_data(as_text=True)
    assert "Karim Diallo" not in page_of(officer, at)
    assert "Purpose: an investigation." in page_of(karim, "/notices")
    stage.number_entries()
    entry = re.search(r"<tr>(?:(?!</tr>).)*opened a name.*?</tr>", page_of(karim, "/my-record"), re.DOTALL)
    assert entry is not None
    assert "Civil Aviation Office" in entry[0]
    assert "investigation" in entry[0]
    assert pseudonym_of(stage, "haas") not in page_of(karim, "/my-record")


def test_the_same_form_sent_twice_opens_nothing_the_second_time(stage: Stage) -> None:
    officer, second = english(stage, "haas"), english(stage, "dora")
    at = asked(officer, pseudonym_of(stage, "karim"))
    granted(second, at)
    form = form_of(page_of(officer, at), at)
    assert officer.post(at, data=form).status_code == 200
    again = officer.post(at, data=form)
    assert (again.status_code, again.location) == (303, at)
    assert "Open it again" in page_of(officer, at)


def test_faults_stand_beside_their_field_and_what_was_typed_stays(stage: Stage) -> None:
    officer = english(stage, "haas")
    form = form_of(page_of(officer, LIST), LIST)
    typed = {"kind": "name", "wanted": "Karim", "purpose": "court", "ticket": "x", "told_after": "2020-01-01"}
    answer = officer.post(LIST, data=form | typed | {"put_off_because": "The case is secret."})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert re.search(r'id="ticket-error"[^>]*>Write the number', page)
    assert re.search(r'id="told_after-error"[^>]*>Choose a day', page)
    assert 'value="Karim"' in page
    assert 'value="The case is secret."' in page


def test_a_pseudonym_of_another_agency_is_for_its_own_officer(stage: Stage) -> None:
    officer = english(stage, "haas")
    form = form_of(page_of(officer, LIST), LIST)
    typed = {"kind": "pseudonym", "wanted": pseudonym_of(stage, "maja"), "purpose": "court", "ticket": "A 12"}
    answer = officer.post(LIST, data=form | typed)
    assert answer.status_code == 422
    assert "ask its security officer" in answer.get_data(as_text=True)
    assert "Maja" not in answer.get_data(as_text=True)


def test_opening_takes_a_sign_in_of_now(stage: Stage) -> None:
    officer, second = english(stage, "haas"), english(stage, "dora")
    at = asked(officer, pseudonym_of(stage, "karim"))
    form = form_of(page_of(second, at), "/grant")
    with transaction() as tx:
        membership = stage.person("dora").membership_id
        early = datetime.now(UTC) - timedelta(hours=1)
        tx.execute(update(WebSession).where(WebSession.membership_id == membership).values(auth_time=early))
    assert second.post(f"{at}/grant", data=form).status_code == 403
    with reading() as db:
        asked_for = UUID(at.rsplit("/", 1)[-1])
        assert db.scalar(select(LookUp.state).where(LookUp.id == asked_for)) == "asked"


def test_a_colleague_cannot_agree_to_their_own(stage: Stage) -> None:
    officer = english(stage, "haas")
    at = asked(officer, pseudonym_of(stage, "karim"))
    page = page_of(officer, at)
    assert "/grant" not in page
    assert "waits for a second person" in page
    assert officer.post(f"{at}/grant", data=form_of(page_of(officer, LIST), LIST)).status_code == 403


def test_another_agency_finds_nothing(stage: Stage) -> None:
    at = asked(english(stage, "haas"), pseudonym_of(stage, "karim"))
    stranger = english(stage, "sofie")
    page_of(stranger, at, 404)
    assert at not in page_of(stranger, LIST)


def test_a_letter_leads_to_the_answer(stage: Stage) -> None:
    second, officer = english(stage, "dora"), english(stage, "haas")
    at = asked(second, "Diallo", kind="name", purpose="data_request")
    granted(officer, at)
    opened = second.post(at, data=form_of(page_of(second, at), at))
    prepared = second.post("/data-requests", data=form_of(opened.get_data(as_text=True), "/data-requests"))
    assert prepared.status_code == 303
    assert "Answer to Karim Diallo" in page_of(second, prepared.location)
