"""A stage whose owner asks a question of any kind, for tests of the work page without and with scripts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from deploy.samples import seed
from marketplace.foundation.db import transaction
from tasks import campaigns, claims
from tests.builders import a_spec, let_open
from tests.questions import a_form_of, a_question
from tests.web.stage import Stage

OWNER, CONTRIBUTOR = "ines", "karim"
CSV = "entry,other\nA gull at the runway,A crow at the fence\nA bat,An owl\n"


def posted(stage: Stage, *questions: Mapping[str, Any] | str, **given: Any) -> UUID:
    """An open campaign of two items that asks these questions (a kind: one of it), each of one person."""
    asked = [a_question(each) if isinstance(each, str) else each for each in questions]
    spec = a_spec(form=a_form_of(*asked), contributions=1, **given)
    with transaction() as tx:
        campaign_id: UUID = campaigns.post(
            tx, spec, CSV, actor=stage._person(tx, OWNER), context=seed.CONTEXT
        )
        let_open(tx, campaign_id)
    return campaign_id


def claimed(stage: Stage, campaign_id: UUID, login: str = CONTRIBUTOR) -> UUID:
    """Their claim on its next item."""
    with transaction() as tx:
        person = stage._person(tx, login)
        claim_id: UUID = claims.claim_next(tx, campaign_id, actor=person, context=seed.CONTEXT)
    return claim_id


def fields(answer: Mapping[str, Any]) -> dict[str, Any]:
    """What a browser without scripts sends for an answer."""
    sent: dict[str, Any] = {}
    for name, value in answer.items():
        if name == "ranking":
            sent |= {f"answer.{name}.{option}": str(place) for place, option in enumerate(value, 1)}
        else:
            sent[f"answer.{name}"] = value
    return sent
