"""The id of a contribution is chosen by a device: one that is taken already is refused, and nothing is lost by it."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, select

from marketplace.foundation.db import transaction
from tasks import contributions, payloads
from tasks.contributions import SealedAnswer
from tasks.errors import BadSealing
from tasks.models import Contribution, Participation
from tests import on_device
from tests.builders import AT_WORK, a_campaign, a_claim, a_person, found, item_of, sealed_answer
from tests.end_to_end import known


def test_an_id_that_is_taken_is_refused(database: Engine) -> None:
    campaign_id = a_campaign(items=1, redundancy=2, level="sensitive")
    first, second = a_person(), a_person()
    claims = a_claim(campaign_id, first), a_claim(campaign_id, second)
    mine = sealed_answer(claims[0], first, {"kind": "bird"})
    assert mine is not None
    with transaction() as tx:
        contributions.submit(tx, claims[0], mine, actor=first, context=AT_WORK)
    campaign, device = known(campaign_id), on_device.device_of(second)
    header = payloads.header_of(campaign, payloads.answer(item_of(claims[1]), mine.contribution_id))
    again = SealedAnswer(
        mine.contribution_id, on_device.sealed_to_campaign(device, header, campaign, {"kind": "bat"})
    )
    with pytest.raises(BadSealing), transaction() as tx:
        contributions.submit(tx, claims[1], again, actor=second, context=AT_WORK)
    assert [row.person_id for row in found(select(Contribution.person_id))] == [first.person_id]
    states = found(select(Participation.person_id, Participation.state))
    assert {row.person_id: row.state for row in states} == {
        first.person_id: "answered",
        second.person_id: "claimed",
    }
