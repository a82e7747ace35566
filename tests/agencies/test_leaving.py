"""Leaving: everything that a membership gave ends with it, at once."""

from uuid import uuid4

import pytest
from sqlalchemy import Engine, select

from agencies import leaving, memberships, people, sessions, tokens, transfers
from agencies.errors import AccessTokenRefused, NotPermitted
from agencies.models import ApiToken, Membership, RoleGrant, WebSession
from agencies.people_errors import LastAdministrator, NoLongerAMember, NoSuchPerson, OwnAffair
from agencies.people_models import Move
from marketplace.foundation import jobs
from marketplace.foundation.db import reading, transaction
from security.principal import Principal, Role
from tests.agencies.people_at_work import (
    a_secondment,
    a_session,
    an_admin,
    ended,
    now_as,
    on_record,
    over_since_yesterday,
)
from tests.application import token_of
from tests.builders import AT_WORK, a_person, an_agency, found, one, rolled_back
from tests.together import losers, together, winners


def end(person: Principal, actor: Principal | None, reason: str = "agency") -> None:
    with transaction() as tx:
        leaving.end_membership(tx, person.membership_id, actor=actor, context=AT_WORK, reason=reason)


def test_a_membership_that_ends_is_no_principal(database: Engine) -> None:
    maja = a_person("north")
    end(maja, an_admin("north"))
    assert now_as(maja.membership_id) is None


def test_its_sessions_and_tokens_are_over_at_once(database: Engine) -> None:
    maja = a_person("north")
    cookie, token = a_session(maja)[0], token_of(maja)
    end(maja, an_admin("north"))
    with reading() as db:
        assert sessions.read(db, cookie, None) is None
        with pytest.raises(AccessTokenRefused):
            tokens.read(db, token, None)
    assert found(select(WebSession.reference)) == []
    assert found(select(ApiToken.reference)) == []


def test_its_roles_end_and_stay_as_history(database: Engine) -> None:
    maja = a_person("north")
    end(maja, an_admin("north"))
    grant = found(select(RoleGrant.until).where(RoleGrant.membership_id == maja.membership_id))[0]
    assert grant.until is not None


def test_what_they_hold_is_freed_by_a_job_of_the_same_transaction(database: Engine) -> None:
    maja, admin = a_person("north"), an_admin("north")
    rolled_back(
        lambda tx: leaving.end_membership(
            tx, maja.membership_id, actor=admin, context=AT_WORK, reason="agency"
        )
    )
    assert (ended(maja.membership_id), found(select(jobs.Job.kind))) == (False, [])
    end(maja, admin)
    job = found(select(jobs.Job.kind, jobs.Job.args))[0]
    assert (job.kind, job.args) == ("person.leave", {"person_id": str(maja.person_id)})


def test_it_is_on_the_record_with_its_reason(database: Engine) -> None:
    maja = a_person("north")
    end(maja, None, "scim")
    entry = on_record("person.leave")[0]
    assert (entry.agency_id, entry.detail) == (maja.agency_id, {"reason": "scim"})


def test_only_administrators_end_memberships_and_only_of_their_agency(database: Engine) -> None:
    maja = a_person("north")
    with pytest.raises(NotPermitted):
        end(maja, a_person("north"))
    with pytest.raises(NoSuchPerson):
        end(maja, an_admin("south"))
    assert not ended(maja.membership_id)


def test_who_is_not_there_cannot_leave(database: Engine) -> None:
    maja = a_person("north")
    end(maja, None, "scim")
    with pytest.raises(NoSuchPerson):
        end(maja, None, "scim")
    with pytest.raises(NoSuchPerson), transaction() as tx:
        leaving.end_membership(tx, uuid4(), actor=None, context=AT_WORK, reason="scim")


def test_a_reason_is_one_of_those_there_are(database: Engine) -> None:
    with pytest.raises(ValueError, match="mood"):
        end(a_person("north"), None, "mood")


class TestLastAdministrator:
    def test_does_not_go(self, database: Engine) -> None:
        admin = an_admin("north")
        with pytest.raises(LastAdministrator):
            end(admin, None, "scim")
        assert now_as(admin.membership_id) == admin

    def test_does_not_leave_by_themselves_either(self, database: Engine) -> None:
        admin = an_admin("north")
        with pytest.raises(LastAdministrator), transaction() as tx:
            leaving.leave(tx, actor=admin, context=AT_WORK)

    def test_goes_when_another_one_stays(self, database: Engine) -> None:
        admin = an_admin("north")
        end(admin, an_admin("north"))
        assert ended(admin.membership_id)

    def test_of_two_who_end_each_other_one_stays(self, database: Engine) -> None:
        first, second = an_admin("north"), an_admin("north")
        outcomes = together(lambda: end(first, second), lambda: end(second, first))
        assert len(winners(outcomes)) == 1
        assert set(losers(outcomes)) <= {LastAdministrator, NotPermitted, NoLongerAMember}
        assert [ended(each.membership_id) for each in (first, second)].count(True) == 1


class TestOneself:
    def test_leaves_by_oneself(self, database: Engine) -> None:
        maja = a_person("north")
        with transaction() as tx:
            leaving.leave(tx, actor=maja, context=AT_WORK)
        assert ended(maja.membership_id)
        assert on_record("person.leave")[0].detail == {"reason": "left"}

    def test_is_not_put_out_by_oneself(self, database: Engine) -> None:
        admin = an_admin("north")
        with pytest.raises(OwnAffair):
            end(admin, admin)


class TestStillMember:
    """What every claim and submit asks inside its transaction."""

    def test_is_the_person_as_they_are_now(self, database: Engine) -> None:
        maja = a_person("north")
        with transaction() as tx:
            assert people.still_member(tx, maja) == maja

    def test_is_nobody_after_leaving(self, database: Engine) -> None:
        maja = a_person("north")
        end(maja, None, "scim")
        with pytest.raises(NoLongerAMember), transaction() as tx:
            people.still_member(tx, maja)

    def test_either_the_work_or_the_leaving_comes_first(self, database: Engine) -> None:
        """Whoever comes second sees what the first one did."""
        for _ in range(5):
            maja = a_person("north")

            def work(maja: Principal = maja) -> bool:
                with transaction() as tx:
                    people.still_member(tx, maja)
                    return one(select(Membership.ended_at).where(Membership.id == maja.membership_id)) is None

            outcomes = together(work, lambda maja=maja: end(maja, None, "scim"))  # type: ignore[misc]
            assert outcomes[0] is True or isinstance(outcomes[0], NoLongerAMember)
            assert outcomes[1] is None


class TestTime:
    def test_a_membership_whose_time_is_over_ends_by_itself(self, database: Engine) -> None:
        maja = a_person("north")
        cookie = a_session(maja)[0]
        over_since_yesterday(maja.membership_id)
        assert now_as(maja.membership_id) is None
        with reading() as db:
            assert sessions.read(db, cookie, None) is None
        with transaction() as tx:
            assert leaving.end_due(tx) == 1
        assert ended(maja.membership_id)
        assert on_record("person.leave")[0].detail == {"reason": "time"}

    def test_the_others_stay(self, database: Engine) -> None:
        a_person("north")
        with transaction() as tx:
            assert leaving.end_due(tx) == 0


class TestSecondmentOfSomebodyWhoLeaves:
    def test_ends_with_the_membership_at_home(self, database: Engine) -> None:
        maja = a_person("north")
        hat = a_secondment(maja, "south")
        assert now_as(hat) is not None
        end(maja, an_admin("north"))
        assert ended(hat)
        reasons = {entry.detail["reason"] for entry in on_record("person.leave") if entry.detail}
        assert reasons == {"agency", "home_ended"}

    def test_acts_no_more_once_the_home_is_over(self, database: Engine) -> None:
        maja = a_person("north")
        hat = a_secondment(maja, "south")
        over_since_yesterday(maja.membership_id)
        assert now_as(hat) is None


def test_a_move_that_was_asked_for_goes_with_the_membership(database: Engine) -> None:
    maja = a_person("north")
    an_agency("south")
    with transaction() as tx:
        transfers.ask(tx, "south", actor=maja, context=AT_WORK)
    end(maja, None, "scim")
    assert one(select(Move.state)) == "withdrawn"


def test_somebody_who_comes_back_gets_a_new_membership(database: Engine) -> None:
    maja = a_person("north")
    end(maja, None, "scim")
    with transaction() as tx:
        again = memberships.enrol(tx, maja.person_id, maja.agency_id, roles=(Role.CONTRIBUTOR,))
    back = now_as(again)
    assert back is not None
    assert back.person_id == maja.person_id
    assert len(found(select(Membership.id).where(Membership.person_id == maja.person_id))) == 2
