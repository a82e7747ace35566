"""The work page by forms alone, as a browser without scripts sends them."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from flask_babel import force_locale
from sqlalchemy import select, update

from marketplace.foundation.db import reading, transaction
from marketplace.web.problem_words import WORDS
from security.log.models import AuditPending
from tasks.models import Claim, Contribution, Microtask
from tests import on_device
from tests.web.stage import Stage

PASSAGES = "Which policy field does this passage concern?"


def form_of(page: str, ending: str) -> dict[str, str]:
    """The hidden fields of the form whose action ends so."""
    form = re.search(rf'<form[^>]*action="[^"]*{ending}".*?</form>', page, re.DOTALL)
    assert form is not None, ending
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form[0]))


def opened(client: FlaskClient, claim_id: UUID) -> str:
    answer = client.get(f"/claims/{claim_id}")
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def submitted(client: FlaskClient, claim_id: UUID, **answer: str) -> Any:
    hidden = form_of(opened(client, claim_id), "/contribution")
    given = {f"answer.{name}": value for name, value in answer.items() if name != "then"}
    return client.post(
        f"/claims/{claim_id}/contribution", data=hidden | given | {"then": answer.get("then", "next")}
    )


def english(stage: Stage, login: str) -> FlaskClient:
    client = stage.client(login)
    client.set_cookie("language", "en")
    return client


def test_starting_leads_to_an_item_and_starting_again_to_the_same(stage: Stage) -> None:
    client = english(stage, "paul")
    page = client.get(f"/campaigns/{stage.campaign(PASSAGES)}").get_data(as_text=True)
    first = client.post(f"/campaigns/{stage.campaign(PASSAGES)}/claims", data=form_of(page, "/claims"))
    page = client.get(f"/campaigns/{stage.campaign(PASSAGES)}").get_data(as_text=True)
    again = client.post(f"/campaigns/{stage.campaign(PASSAGES)}/claims", data=form_of(page, "/claims"))
    assert first.status_code == again.status_code == 303
    assert first.location == again.location


def test_an_answer_leads_to_the_next_item(stage: Stage) -> None:
    client, claim_id = english(stage, "lena"), stage.claim("lena", PASSAGES)
    answer = submitted(client, claim_id, field="economy")
    assert answer.status_code == 303
    assert answer.location.startswith("/claims/")
    assert answer.location != f"/claims/{claim_id}"
    assert "Your answer is in." in client.get(answer.location).get_data(as_text=True)


def test_stopping_leads_to_my_work(stage: Stage) -> None:
    client = english(stage, "lena")
    answer = submitted(client, stage.claim("lena", PASSAGES), field="economy", then="stop")
    assert answer.location == "/my-work"


def test_sending_the_same_form_twice_answers_once(stage: Stage) -> None:
    client, claim_id = english(stage, "lena"), stage.claim("lena", PASSAGES)
    form = form_of(opened(client, claim_id), "/contribution") | {"answer.field": "economy", "then": "next"}
    first = client.post(f"/claims/{claim_id}/contribution", data=form)
    second = client.post(f"/claims/{claim_id}/contribution", data=form)
    assert first.location == second.location
    assert _answers(claim_id) == 1


def test_pressing_submit_twice_takes_one_next_item(stage: Stage) -> None:
    client, claim_id = english(stage, "paul"), stage.claim("paul", PASSAGES)
    hidden = form_of(opened(client, claim_id), "/contribution")
    given = hidden | {"answer.field": "economy", "then": "next"}
    first, second = (client.post(f"/claims/{claim_id}/contribution", data=given) for _ in range(2))
    assert first.location == second.location


def test_an_answer_without_a_choice_keeps_the_note_and_says_what_to_do(stage: Stage) -> None:
    client, claim_id = english(stage, "lena"), stage.claim("lena", PASSAGES)
    answer = submitted(client, claim_id, note="A juvenile, <perhaps>")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "<title>Error: " in page
    assert '<a href="#q-field">' in page
    assert 'id="q-field"' in page
    assert "A juvenile, &lt;perhaps&gt;</textarea>" in page
    assert 'aria-invalid="true"' in page


def test_an_answer_that_came_too_late_is_handed_back(stage: Stage) -> None:
    client, claim_id = english(stage, "lena"), stage.claim("lena", PASSAGES)
    hidden = form_of(opened(client, claim_id), "/contribution")
    _take_the_place(claim_id)
    given = {"answer.field": "economy", "answer.note": "Remarks say so"}
    answer = client.post(f"/claims/{claim_id}/contribution", data=hidden | given)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert "What you wrote is kept here" in page
    assert "Economy, money and taxes" in page
    assert "Remarks say so" in page


def test_giving_back_is_free(stage: Stage) -> None:
    client, claim_id = english(stage, "karim"), stage.claim("karim")
    answer = client.post(f"/claims/{claim_id}/release", data=form_of(opened(client, claim_id), "/release"))
    assert answer.location == "/work"
    assert "nobody is told" in client.get("/work").get_data(as_text=True)
    assert "You gave this item back" in client.get(f"/claims/{claim_id}").get_data(as_text=True)


def test_keeping_longer_stays_on_the_item(stage: Stage) -> None:
    client, claim_id = english(stage, "paul"), stage.claim("paul", PASSAGES)
    hidden = form_of(opened(client, claim_id), "/contribution")
    answer = client.post(f"/claims/{claim_id}/extend", data=hidden)
    assert answer.location == f"/claims/{claim_id}"
    assert "more time" in client.get(answer.location).get_data(as_text=True)


def test_keeping_longer_keeps_what_was_typed(stage: Stage) -> None:
    client, claim_id = english(stage, "lena"), stage.claim("lena", PASSAGES)
    page = opened(client, claim_id)
    assert f'form="answer" formaction="/claims/{claim_id}/extend"' in page
    typed = {"answer.field": "economy", "answer.note": "Perhaps <both>"}
    for _ in range(5):  # until the campaign allows no more
        answer = client.post(f"/claims/{claim_id}/extend", data=form_of(page, "/contribution") | typed)
        page = answer.get_data(as_text=True)
        assert answer.status_code in (200, 409)
        assert "Perhaps &lt;both&gt;</textarea>" in page
        assert re.search(r'value="economy"[^>]* checked', page)
    assert answer.status_code == 409
    assert "kept longer" in page


def test_enter_in_the_form_sends_the_answer(stage: Stage) -> None:
    """Browsers press the first button that belongs to a form, wherever it stands."""
    page = opened(english(stage, "lena"), stage.claim("lena", PASSAGES))
    buttons = re.findall(r'<button[^>]*form="answer"[^>]*>', page)
    assert 'value="next"' in buttons[0]


def test_a_choice_of_language_leads_back_to_the_item_after_an_error(stage: Stage) -> None:
    client, claim_id = english(stage, "lena"), stage.claim("lena", PASSAGES)
    page = submitted(client, claim_id, note="A juvenile").get_data(as_text=True)
    assert set(re.findall(r'name="next" value="([^"]*)"', page)) == {f"/claims/{claim_id}"}


def test_an_answer_after_the_session_ended_is_handed_back(stage: Stage) -> None:
    client, claim_id = english(stage, "lena"), stage.claim("lena", PASSAGES)
    hidden = form_of(opened(client, claim_id), "/contribution")
    client.delete_cookie("market_session", domain="localhost")
    given = {"answer.field": "economy", "answer.note": "Remarks say so"}
    answer = client.post(f"/claims/{claim_id}/contribution", data=hidden | given)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 401
    assert "<h1>Your session ended</h1>" in page
    assert "Remarks say so" in page
    assert "economy" in page
    assert f"/sign-in?then=/claims/{claim_id}" in page


@pytest.mark.parametrize("path", ["contribution", "extend"])
def test_an_answer_in_a_form_out_of_date_is_handed_back(stage: Stage, path: str) -> None:
    claim_id = stage.claim("lena", PASSAGES)
    given = {"answer.field": "economy", "answer.note": "Remarks say so", "idempotency_key": "k"}
    answer = english(stage, "lena").post(f"/claims/{claim_id}/{path}", data=given)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 400
    assert "<h1>Open the item again</h1>" in page
    assert "Remarks say so" in page
    assert "Economy, money and taxes" in page
    assert f'href="/claims/{claim_id}"' in page


def test_only_answers_that_are_not_sealed_may_be_kept_on_the_device(stage: Stage) -> None:
    sealed = opened(english(stage, "maja"), stage.claim("maja"))
    assert "data-sealed-work" in sealed
    assert "data-draft=" not in sealed
    claim_id = stage.claim("lena", PASSAGES)
    assert f'data-draft="{claim_id}"' in opened(english(stage, "lena"), claim_id)


def test_somebody_elses_claim_looks_like_none(stage: Stage) -> None:
    foreign = english(stage, "paul").get(f"/claims/{stage.claim('maja')}")
    absent = english(stage, "paul").get("/claims/00000000-0000-4000-8000-000000000000")
    assert foreign.status_code == absent.status_code == 404
    assert _without_reference(foreign) == _without_reference(absent)


def test_a_form_without_its_token_changes_nothing(stage: Stage) -> None:
    claim_id = stage.claim("maja")
    answer = english(stage, "maja").post(f"/claims/{claim_id}/release", data={"idempotency_key": "k"})
    assert answer.status_code == 400
    assert "Open the page again" in answer.get_data(as_text=True)
    assert stage.claim("maja") == claim_id


def _answers(claim_id: UUID) -> int:
    with reading() as db:
        item = select(Claim.microtask_id).where(Claim.id == claim_id).scalar_subquery()
        return len(db.all(select(Contribution.id).where(Contribution.microtask_id == item)))


def _take_the_place(claim_id: UUID) -> None:
    """As if the claim had lapsed and others had given every answer that was wanted."""
    with transaction() as tx:
        item = tx.scalar(select(Claim.microtask_id).where(Claim.id == claim_id))
        tx.execute(
            update(Claim).where(Claim.id == claim_id).values(live=False, ended="lapsed", expires_at=None)
        )
        tx.execute(update(Microtask).where(Microtask.id == item).values(need=0, open=False))


def _without_reference(answer: Any) -> str:
    page = re.sub(r"R-[0-9A-Z]{4}-[0-9A-Z]{2}", "", answer.get_data(as_text=True))
    page = re.sub(r'value="[^"]*"', "", page)
    return re.sub(r'name="next"[^>]*', "", page)


class TestSealed:
    """The page of a sealed item holds what is known without opening it; a device asks for the rest."""

    def test_the_item_is_not_in_the_page_and_opening_the_page_opens_nothing(self, stage: Stage) -> None:
        claim_id = stage.claim("maja")
        before = views()
        page = opened(english(stage, "maja"), claim_id)
        item = on_device.read(device(stage), asked(stage, claim_id).json["item"])
        assert set(re.findall(r'data-field="[^"]*" data-sealed-item>([^<]*)<', page)) == {""}
        ours = re.sub(r"<(details|fieldset).*?</\1>", "", page, flags=re.DOTALL)
        assert max(item.values(), key=len) not in ours
        assert views() == before + 1

    def test_without_scripts_the_page_says_so_and_sends_nothing(self, stage: Stage) -> None:
        page = opened(english(stage, "maja"), stage.claim("maja"))
        assert "Turn JavaScript on" in page
        assert re.search(r'<form class="panel" id="answer" method="dialog"[^>]* hidden', page)

    def test_a_device_of_nobody_is_refused_with_what_would_help(self, stage: Stage) -> None:
        answer = asked(stage, stage.claim("maja"), "A" * 43)
        assert (answer.status_code, answer.json["type"]) == (403, "/problems/needs-device")

    def test_what_a_device_is_given_is_kept_nowhere(self, stage: Stage) -> None:
        assert asked(stage, stage.claim("maja")).headers["Cache-Control"] == "no-store"

    def test_of_open_work_there_is_nothing_to_unseal(self, stage: Stage) -> None:
        answer = asked(stage, stage.claim("lena", PASSAGES), login="lena")
        assert (answer.status_code, answer.json["type"]) == (409, "/problems/not-under-seal")

    @pytest.mark.parametrize("language", ["en", "de", "nl", "fr"])
    def test_what_goes_wrong_is_told_to_the_script_in_the_language_of_its_page(
        self, stage: Stage, language: str
    ) -> None:
        client = stage.client("lena")
        client.set_cookie("language", language)
        claim_id = stage.claim("lena", PASSAGES)
        path = f"/claims/{claim_id}/item?device={device(stage, 'lena').thumbprint}"
        told = client.get(path, headers={"Accept": "application/json"}).json
        with stage.app.test_request_context(), force_locale(language):
            words = WORDS["not-under-seal"]
            assert (told["title"], told["detail"]) == (str(words.title), str(words.lead))

    def test_a_sealed_answer_leads_to_the_next_item(self, stage: Stage) -> None:
        claim_id = stage.claim("maja")
        answer = sent(stage, claim_id, {"names": "species"})
        assert answer.status_code == 303
        assert answer.location.startswith("/claims/")
        assert _answers(claim_id) >= 1

    def test_a_sealed_answer_that_does_not_fit_comes_back_with_what_to_mend(self, stage: Stage) -> None:
        answer = sent(stage, stage.claim("maja"), {"names": "nothing of this"})
        assert answer.status_code == 422
        assert '<a href="#q-names">' in answer.get_data(as_text=True)

    def test_an_answer_in_the_clear_is_not_taken(self, stage: Stage) -> None:
        client, claim_id = english(stage, "maja"), stage.claim("maja")
        hidden = form_of(opened(client, claim_id), "/contribution")
        given = hidden | {"answer.names": "species"}
        answer = client.post(f"/claims/{claim_id}/contribution", data=given)
        assert answer.status_code == 422
        assert "Your answer was not taken" in answer.get_data(as_text=True)

    @pytest.mark.parametrize("field", ["envelope", "slot", "signature", "signer", "contribution", "key_id"])
    def test_a_sealed_answer_with_a_part_missing_is_refused(self, stage: Stage, field: str) -> None:
        answer = sent(stage, stage.claim("maja"), {"names": "species"}, **{field: ""})
        assert answer.status_code in (403, 422)


def device(stage: Stage, login: str = "maja") -> on_device.Device:
    return on_device.device_of(stage.person(login))


def asked(stage: Stage, claim_id: UUID, thumbprint: str | None = None, login: str = "maja") -> Any:
    """The item as a page's script asks for it."""
    named = thumbprint or device(stage, login).thumbprint
    headers = {"Accept": "application/json"}
    return stage.client(login).get(f"/claims/{claim_id}/item?device={named}", headers=headers)


def sent(stage: Stage, claim_id: UUID, answer: dict[str, str], **instead: str) -> Any:
    """An answer as the page's script seals and sends it; `instead` are parts of it that came out otherwise."""
    client = english(stage, "maja")
    hidden = form_of(opened(client, claim_id), "/contribution")
    terms = asked(stage, claim_id).json["answer"]
    given = hidden | on_device.submission(device(stage), terms, answer) | {"then": "next"} | instead
    return client.post(f"/claims/{claim_id}/contribution", data=given)


def views() -> int:
    with reading() as db:
        return len(db.all(select(AuditPending.id).where(AuditPending.act == "payload.view")))
