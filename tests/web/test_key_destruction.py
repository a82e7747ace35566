"""Proposing to destroy a key, and signing it away: both pages say plainly what becomes unreadable."""

from __future__ import annotations

import re
from collections.abc import Iterator
from uuid import UUID

import pytest
from sqlalchemy import delete, select

from agencies.agreement_models import Proposal
from marketplace.foundation import clock
from marketplace.foundation.db import reading, transaction
from tasks import key_destruction
from tasks.models import Payload, PayloadSlot
from tests.builders import AT_WORK
from tests.tasks.test_rewrapping import stored
from tests.web.stage import Stage
from tests.web.test_claims import english, form_of

PAST = 2019


@pytest.fixture
def proposal(stage: Stage) -> Iterator[UUID]:
    """Felix proposes to destroy an old key of his agency that three payloads hang on."""
    key_id = stage.keys.current("civil-aviation", PAST)
    kept = list(stored(key_id, 3))
    with transaction() as tx:
        made = key_destruction.propose(tx, key_id, actor=stage.person("felix"), context=AT_WORK)
    yield made
    with transaction() as tx:
        tx.execute(delete(PayloadSlot).where(PayloadSlot.payload_id.in_(kept)))
        tx.execute(delete(Payload).where(Payload.id.in_(kept)))
    stage.keys.destroy(key_id)


def test_whoever_signs_reads_what_is_lost(stage: Stage, proposal: UUID) -> None:
    sara = english(stage, "sara")
    page = sara.get(f"/agency/agreements/{proposal}").get_data(as_text=True)
    assert "3 pieces of sealed content become unreadable for ever" in page
    assert f"civil-aviation.{PAST}." in page
    assert "is destroyed for ever" in sara.get("/agency/agreements").get_data(as_text=True)
    action = f"/agency/agreements/{proposal}/sign"
    assert sara.post(action, data=form_of(page, action)).status_code == 303
    signed = sara.get(f"/agency/agreements/{proposal}").get_data(as_text=True)
    assert "In force" in signed
    assert "destroyed by a job in the background" in signed


def test_whoever_proposed_it_cannot_sign_it(stage: Stage, proposal: UUID) -> None:
    page = english(stage, "felix").get(f"/agency/agreements/{proposal}").get_data(as_text=True)
    assert "Somebody else has to sign too" in page
    assert f"/agency/agreements/{proposal}/sign" not in page


def test_another_agency_knows_nothing_of_it(stage: Stage, proposal: UUID) -> None:
    assert english(stage, "bram").get(f"/agency/agreements/{proposal}").status_code == 404


@pytest.fixture
def old_key(stage: Stage) -> Iterator[str]:
    """A key of an old year that two payloads hang on."""
    key_id = stage.keys.current("civil-aviation", PAST)
    kept = list(stored(key_id, 2))
    yield key_id
    with transaction() as tx:
        tx.execute(delete(PayloadSlot).where(PayloadSlot.payload_id.in_(kept)))
        tx.execute(delete(Payload).where(Payload.id.in_(kept)))
        mine = select(Proposal.id).where(Proposal.kind == "keys.destroy", Proposal.state == "open")
        open_ones = [row.id for row in tx.all(mine)]
    for proposal_id in open_ones:
        felix = english(stage, "felix")
        page = felix.get(f"/agency/agreements/{proposal_id}").get_data(as_text=True)
        action = f"/agency/agreements/{proposal_id}/withdraw"
        assert felix.post(action, data=form_of(page, action)).status_code == 303
    stage.keys.destroy(key_id)


def test_keys_are_listed_by_year_with_what_hangs_on_each(stage: Stage, old_key: str) -> None:
    page = english(stage, "felix").get("/agency/keys/years").get_data(as_text=True)
    mine = page[page.index(old_key) :]
    assert mine.index("2 pieces of sealed content") < mine.index(f"/agency/keys/years/{old_key}")
    with reading() as db:
        current = stage.keys.current("civil-aviation", clock.now(db).year + 1)
    page = english(stage, "felix").get("/agency/keys/years").get_data(as_text=True)
    assert "It can go once an operator has made a new one" in page
    assert re.search(r"[0-9]+ secrets? of your agency’s sign-in", page)
    assert f"/agency/keys/years/{current}" not in page


def test_counts_are_written_as_the_language_writes_numbers(stage: Stage, old_key: str) -> None:
    more = list(stored(old_key, 1200))
    felix = stage.client("felix")
    for language, count in (("en", "1,202 pieces"), ("de", "1.202 ")):
        felix.set_cookie("language", language)
        for path in ("/agency/keys/years", f"/agency/keys/years/{old_key}"):
            assert count in felix.get(path).get_data(as_text=True)
    with transaction() as tx:
        tx.execute(delete(PayloadSlot).where(PayloadSlot.payload_id.in_(more)))
        tx.execute(delete(Payload).where(Payload.id.in_(more)))


def test_destroying_a_key_is_proposed_on_a_page_and_leads_to_the_agreement(
    stage: Stage, old_key: str
) -> None:
    felix, path = english(stage, "felix"), f"/agency/keys/years/{old_key}"
    page = felix.get(path).get_data(as_text=True)
    assert "2 pieces of sealed content become unreadable for ever" in page
    form = form_of(page, path)
    refused = felix.post(path, data=form)
    assert refused.status_code == 422
    assert "Tick that this is to be unreadable for ever" in refused.get_data(as_text=True)
    made = felix.post(path, data=form | {"sure": "yes"})
    assert made.status_code == 303
    agreement = felix.get(made.location).get_data(as_text=True)
    assert "Proposed, with your signature." in agreement
    assert old_key in agreement
    assert felix.post(path, data=form | {"sure": "yes"}).location == made.location
    page = felix.get(path).get_data(as_text=True)
    assert "It is proposed already" in page
    assert '<form class="stack"' not in page
    assert "Waits for a signature" in felix.get("/agency/keys/years").get_data(as_text=True)


def test_a_key_in_use_says_why_it_stays(stage: Stage) -> None:
    with reading() as db:
        current = stage.keys.current("civil-aviation", clock.now(db).year + 1)
    felix, path = english(stage, "felix"), f"/agency/keys/years/{current}"
    page = felix.get(path).get_data(as_text=True)
    assert "It can go once an operator has made a new one" in page
    assert f'action="{path}"' not in page


def test_campaigns_are_counted_by_label_and_not_named(stage: Stage) -> None:
    title = "Does the entry name what was struck?"
    felix = english(stage, "felix")
    listed = felix.get("/agency/keys/years").get_data(as_text=True)
    keys = [each.id for each in stage.keys.listing() if each.agency == "civil-aviation"]
    pages = [felix.get(f"/agency/keys/years/{key}").get_data(as_text=True) for key in keys]
    assert any("lose content" in page or "loses content" in page for page in pages)
    assert all(title not in page for page in [listed, *pages])


def test_keys_of_another_agency_are_not_there(stage: Stage, old_key: str) -> None:
    assert old_key not in english(stage, "bram").get("/agency/keys/years").get_data(as_text=True)
    assert english(stage, "bram").get(f"/agency/keys/years/{old_key}").status_code == 404
