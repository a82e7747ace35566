"""Signing a key away: the page says plainly what becomes unreadable, and a second administrator signs it."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest
from sqlalchemy import delete

from marketplace.foundation.db import transaction
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
