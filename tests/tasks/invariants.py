"""What always holds about places, claims, participations and answers, whatever happened before."""

from sqlalchemy import select

from marketplace.foundation.db import reading
from tasks.models import Claim, Contribution, Microtask, Participation

MEANT = {"submitted": "answered", "given_back": "given_back", "lapsed": "lapsed"}


def assert_places_are_kept() -> None:
    """Every place is free, held by a live claim, or used by an answer; nobody is counted twice."""
    with reading() as db:
        items = db.all(select(Microtask.__table__))
        claims = db.all(select(Claim.__table__))
        parts = db.all(select(Participation.__table__))
        answers = db.all(select(Contribution.person_id, Contribution.microtask_id))
    live = [(claim.microtask_id, claim.person_id) for claim in claims if claim.live]
    given = [(answer.microtask_id, answer.person_id) for answer in answers]
    assert len(set(live)) == len(live)
    assert len(set(given)) == len(given)
    for item in items:
        held = sum(microtask == item.id for microtask, _ in live)
        given_here = sum(microtask == item.id for microtask, _ in given)
        assert item.need >= 0
        assert item.answers == given_here <= item.wanted
        assert item.need + held + item.answers == item.wanted
        assert item.open == (item.need > 0)
    states = {(part.microtask_id, part.person_id): part.state for part in parts}
    for who, state in states.items():
        assert (state == "claimed") == (who in live)
        assert (state == "answered") == (who in given)
    assert {(claim.microtask_id, claim.person_id) for claim in claims} == set(states)
