"""Questions of every kind by forms alone, as a browser without scripts sends them: from the work page to the file."""

from __future__ import annotations

import csv
import html
import io
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from marketplace.foundation.db import reading, transaction
from tasks import settling
from tasks.models import Contribution, Microtask
from tasks.questions import KINDS
from tests.questions import ANSWERS, UNFIT, a_question
from tests.web import stage as stages
from tests.web.asking import CONTRIBUTOR, OWNER, claimed, fields, posted
from tests.web.stage import Stage
from tests.web.test_claims import english, form_of, opened

SAID = {
    "choice": "In the south",
    "yes_no": "No",
    "several": "In the north; In the west",
    "number": "12.5 kg",
    "text": "A gull",
    "long_text": "A gull.\nSeen twice.",
    "date": "29 Feb 2024",
    "ranking": "1. In the west; 2. In the north; 3. In the south",
    "pairwise": "Other entry",
}
"""What ANSWERS are called."""
MISSING = {
    "choice": "Choose one of the options.",
    "yes_no": "Choose one of the options.",
    "several": "Choose at least 1 option.",
    "number": "Write a number.",
    "text": "Write an answer.",
    "long_text": "Write an answer.",
    "date": "Write a date.",
    "ranking": "Give every option a place.",
    "pairwise": "Choose one of the options.",
}


@pytest.fixture(scope="module")
def own_stage() -> Iterator[Stage]:
    home = Path(tempfile.mkdtemp(prefix="market-questions-"))
    yield stages.set_up(home)
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def asking(own_stage: Stage) -> Iterator[Stage]:
    own_stage.enter()
    yield own_stage
    own_stage.leave()


def sent(client: FlaskClient, claim_id: UUID, given: dict[str, Any]) -> Any:
    hidden = form_of(opened(client, claim_id), "/contribution")
    return client.post(f"/claims/{claim_id}/contribution", data=hidden | given | {"then": "stop"})


def text(answer: Any) -> str:
    return html.unescape(answer.get_data(as_text=True))


def kept(campaign_id: UUID) -> Any:
    mine = select(Contribution.answer).join(Microtask, Microtask.id == Contribution.microtask_id)
    with reading() as db:
        return db.scalar(mine.where(Microtask.campaign_id == campaign_id))


@pytest.mark.parametrize("kind", KINDS)
def test_from_the_work_page_to_the_file(asking: Stage, kind: str) -> None:
    campaign_id = posted(asking, kind)
    client, claim_id = english(asking, CONTRIBUTOR), claimed(asking, campaign_id)
    page = text(client.get(f"/claims/{claim_id}"))
    assert f"What about {kind}?" in page
    assert f'id="q-{kind}"' in page

    nothing = sent(client, claim_id, {})
    assert nothing.status_code == 422
    assert f'<a href="#q-{kind}">' in text(nothing)
    assert f'id="q-{kind}-error" data-color="danger" data-fault>{MISSING[kind]}' in text(nothing)
    assert 'aria-invalid="true"' in text(nothing)

    for unfit in UNFIT[kind].values():
        if kind != "ranking" and unfit != "a\ud800b":
            assert sent(client, claim_id, fields({kind: unfit})).status_code == 422

    done = sent(client, claim_id, fields({kind: ANSWERS[kind]}))
    assert (done.status_code, kept(campaign_id)) == (303, {kind: ANSWERS[kind]})

    with transaction() as tx:
        assert settling.settle(tx, campaign_id) == 1
    owner = english(asking, OWNER)
    listed = text(owner.get(f"/campaigns/{campaign_id}/results"))
    assert SAID[kind] in listed
    with reading() as db:
        item = db.scalar(
            select(Microtask.id).where(Microtask.campaign_id == campaign_id, Microtask.number == 1)
        )
    assert text(owner.get(f"/campaigns/{campaign_id}/results/{item}")).count(SAID[kind]) >= 2
    (row,) = csv.DictReader(io.StringIO(text(owner.get(f"/campaigns/{campaign_id}/results.csv")), newline=""))
    value = ANSWERS[kind]
    assert row["result"] == ("; ".join(value) if isinstance(value, list) else value)


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_typed_is_there_again(asking: Stage, kind: str) -> None:
    first = a_question("yes_no", name="first")
    campaign_id = posted(asking, first, kind)
    client, claim_id = english(asking, CONTRIBUTOR), claimed(asking, campaign_id)
    page = text(sent(client, claim_id, fields({kind: ANSWERS[kind]})))
    assert '<a href="#q-first">' in page
    assert f'<a href="#q-{kind}">' not in page
    shown = {
        "several": 'value="west" checked',
        "number": 'value="12.5"',
        "text": 'value="A gull"',
        "long_text": "A gull.\nSeen twice.</textarea>",
        "date": 'value="2024-02-29"',
        "ranking": '<option value="1" selected>1</option>',
    }
    assert shown.get(kind, f'value="{ANSWERS[kind]}" checked') in page


def test_a_ranking_with_a_place_given_twice_is_shown_as_it_was_typed(asking: Stage) -> None:
    campaign_id = posted(asking, "ranking")
    client, claim_id = english(asking, CONTRIBUTOR), claimed(asking, campaign_id)
    twice = {"answer.ranking.north": "2", "answer.ranking.south": "2", "answer.ranking.west": "1"}
    page = text(sent(client, claim_id, twice))
    assert "Give every option a place of its own." in page
    assert page.count('<option value="2" selected>2</option>') == 2


@pytest.mark.parametrize(("typed", "stored"), [("12,50", "12.5"), (" 12.50 ", "12.5"), ("−2", "-2")])
def test_a_number_may_be_written_as_people_do(asking: Stage, typed: str, stored: str) -> None:
    campaign_id = posted(asking, "number")
    answer = sent(english(asking, CONTRIBUTOR), claimed(asking, campaign_id), {"answer.number": typed})
    assert (answer.status_code, kept(campaign_id)) == (303, {"number": stored})


def test_faults_are_told_in_the_language_of_the_page(asking: Stage) -> None:
    campaign_id = posted(asking, "number")
    client, claim_id = asking.client(CONTRIBUTOR), claimed(asking, campaign_id)
    client.set_cookie("language", "de")
    page = text(sent(client, claim_id, {"answer.number": "1001"}))
    assert "1.000,5 kg" in page
    assert "Must be" not in page


def test_an_optional_question_may_stay_unanswered(asking: Stage) -> None:
    campaign_id = posted(asking, "choice", a_question("date", required=False))
    client, claim_id = english(asking, CONTRIBUTOR), claimed(asking, campaign_id)
    assert "(optional)" in text(client.get(f"/claims/{claim_id}"))
    assert sent(client, claim_id, {"answer.choice": "south"}).status_code == 303
    with transaction() as tx:
        settling.settle(tx, campaign_id)
    assert "no answer" in text(english(asking, OWNER).get(f"/campaigns/{campaign_id}/results"))


def test_every_question_has_columns_of_its_own(asking: Stage) -> None:
    campaign_id = posted(asking, "choice", "text", "several")
    given = {"choice": "south", "text": "a;=1+1", "several": ["north", "south"], "note": "n"}
    sent(english(asking, CONTRIBUTOR), claimed(asking, campaign_id), fields(given))
    with transaction() as tx:
        settling.settle(tx, campaign_id)
    (row,) = csv.DictReader(
        io.StringIO(text(english(asking, OWNER).get(f"/campaigns/{campaign_id}/results.csv")), newline="")
    )
    assert (row["result_choice"], row["result_several"], row["rule"]) == (
        "south",
        "north; south",
        "each-question-1",
    )
    assert row["result_text"] == "a;'=1+1"
    assert row["trace_text"].endswith(": a,=1+1")
    assert row["trace_several"].endswith(": north, south")


def test_the_campaigns_page_shows_what_is_asked(asking: Stage) -> None:
    campaign_id = posted(asking, *KINDS)
    page = text(english(asking, CONTRIBUTOR).get(f"/campaigns/{campaign_id}"))
    for words in (
        "What about ranking?",
        "In the west",
        "From -5 kg to 1,000.5 kg.",
        "Both are the same",
        "A date",
    ):
        assert words in page


def test_only_the_first_question_with_options_has_keys(asking: Stage) -> None:
    campaign_id = posted(asking, "number", "yes_no", "choice")
    page = text(english(asking, CONTRIBUTOR).get(f"/claims/{claimed(asking, campaign_id)}"))
    assert page.count("data-key=") - page.count('data-key="s"') - page.count('data-key="i"') == 3
    assert "1–3" in page


def test_an_answer_that_came_too_late_is_handed_back_in_words(asking: Stage) -> None:
    campaign_id = posted(asking, *KINDS)
    client, claim_id = english(asking, CONTRIBUTOR), claimed(asking, campaign_id)
    hidden = form_of(opened(client, claim_id), "/release")
    form = form_of(opened(client, claim_id), "/contribution")
    client.post(f"/claims/{claim_id}/release", data=hidden)
    page = text(client.post(f"/claims/{claim_id}/contribution", data=form | fields(ANSWERS)))
    assert all(words in page for words in SAID.values())
