"""What somebody held when they left goes back to others; what they may still do stays with them."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, select, update

from agencies import clearances, roles
from agencies import leaving as agencies_leaving
from agencies.models import RoleGrant
from marketplace.foundation.db import transaction
from marketplace.foundation.jobs import Job
from security.labels import Level
from security.principal import Principal, Role
from tasks import leaving
from tasks.models import Campaign, Claim, Microtask, Participation
from tests.agencies.people_at_work import a_secondment, an_admin, an_officer, on_record
from tests.builders import AT_WORK, a_campaign, a_claim, a_person, an_answer, an_owner, changed, found, one
from tests.tasks.invariants import assert_places_are_kept
from tests.together import together
from workers.run import run


def left(person: Principal) -> None:
    with transaction() as tx:
        agencies_leaving.end_membership(tx, person.membership_id, actor=None, context=AT_WORK, reason="scim")


def worked_off() -> None:
    """As the workers do: every job of this kind that waits."""
    for job in found(select(Job.id).where(Job.kind == "person.leave", Job.state == "ready")):
        run(job.id)


def live(claim: UUID) -> bool:
    return bool(one(select(Claim.live).where(Claim.id == claim)))


def test_the_claims_of_somebody_who_left_go_back(database: Engine) -> None:
    maja = a_person("north")
    campaign = a_campaign(redundancy=1, items=2)
    claims = [a_claim(campaign, maja), a_claim(campaign, maja)]
    left(maja)
    worked_off()
    assert [live(claim) for claim in claims] == [False, False]
    assert [row.need for row in found(select(Microtask.need))] == [1, 1]
    assert_places_are_kept()


def test_others_can_take_them_at_once(database: Engine) -> None:
    maja, karim = a_person("north"), a_person("north")
    campaign = a_campaign(redundancy=1, items=1)
    a_claim(campaign, maja)
    left(maja)
    worked_off()
    assert live(a_claim(campaign, karim))


def test_nothing_is_held_against_them_and_nobody_acted(database: Engine) -> None:
    maja = a_person("north")
    a_claim(a_campaign(), maja)
    left(maja)
    worked_off()
    assert one(select(Participation.state)) == "given_back"
    assert len(on_record("claim.withdraw")) == 1


def test_what_was_answered_stays(database: Engine) -> None:
    maja = a_person("north")
    claim = a_claim(a_campaign(), maja)
    an_answer(claim, maja)
    left(maja)
    worked_off()
    assert one(select(Participation.state)) == "answered"
    assert_places_are_kept()


def test_what_another_membership_allows_stays(database: Engine) -> None:
    maja = a_person("north")
    a_secondment(maja, "south")
    claim = a_claim(a_campaign(level="public"), maja)
    with transaction() as tx:
        assert leaving.end_claims(tx, maja.person_id) == 0
    assert live(claim)


def test_a_person_without_claims_has_none_ended(database: Engine) -> None:
    maja = a_person("north")
    with transaction() as tx:
        assert leaving.end_claims(tx, maja.person_id) == 0


def test_a_campaign_that_closed_takes_nothing_out_of_anybodys_hands(database: Engine) -> None:
    maja = a_person("north")
    campaign = a_campaign()
    claim = a_claim(campaign, maja)
    changed(update(Campaign).where(Campaign.id == campaign).values(state="closed"))
    with transaction() as tx:
        assert leaving.end_claims(tx, maja.person_id) == 0
    assert live(claim)


def without_their_role(person: Principal) -> None:
    grant = one(select(RoleGrant.id).where(RoleGrant.membership_id == person.membership_id))
    admin = an_admin(person.agency_slug)
    with transaction() as tx:
        roles.end(tx, grant, actor=admin, context=AT_WORK)


def with_less_clearance(person: Principal) -> None:
    officer = an_officer(person.agency_slug)
    with transaction() as tx:
        clearances.give(tx, person.membership_id, Level.PUBLIC, actor=officer, context=AT_WORK)


@pytest.mark.parametrize("less", [without_their_role, with_less_clearance])
def test_what_a_lost_role_or_clearance_no_longer_allows_goes_back(
    database: Engine, less: Callable[[Principal], Any]
) -> None:
    maja = a_person("north", roles=(Role.CONTRIBUTOR,), clearance=Level.SENSITIVE)
    owner = an_owner("south", clearance=Level.SENSITIVE)
    claim = a_claim(a_campaign(owner, level="sensitive"), maja)
    less(maja)
    worked_off()
    assert not live(claim)
    assert_places_are_kept()


def test_an_answer_and_the_job_at_the_same_moment_leave_one_outcome(database: Engine) -> None:
    """The answer came first, or the place is free: never both, never neither."""
    maja = a_person("north")
    claim = a_claim(a_campaign(redundancy=1, items=1), maja)
    left(maja)
    together(worked_off, lambda: an_answer(claim, maja))
    assert not live(claim)
    assert_places_are_kept()
