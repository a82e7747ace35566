"""Roles: who may give which to whom, from when until when, and what does not go together."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, select, update

from agencies import memberships, roles
from agencies.errors import NotPermitted
from agencies.models import Membership, RoleGrant
from agencies.people_errors import (
    BadPeriod,
    LastAdministrator,
    NoSuchGrant,
    NoSuchPerson,
    OwnAffair,
    RoleClash,
    RoleHeld,
    RoleNotGiven,
)
from marketplace.foundation import jobs
from marketplace.foundation.db import reading, transaction
from security.principal import Principal, Role
from tests.agencies.people_at_work import a_secondment, an_admin, an_officer, now_as, on_record
from tests.builders import AT_WORK, a_person, an_agency, changed, found, one
from tests.together import losers, together, winners

TOMORROW = datetime.now(UTC) + timedelta(days=1)


def grant(person: Principal, role: Role, actor: Principal | None, **given: Any) -> UUID:
    with transaction() as tx:
        return roles.grant(tx, person.membership_id, role, actor=actor, context=AT_WORK, **given)


def end(grant_id: UUID, actor: Principal | None) -> None:
    with transaction() as tx:
        roles.end(tx, grant_id, actor=actor, context=AT_WORK)


def held(person: Principal) -> set[Role]:
    now = now_as(person.membership_id)
    return set(now.roles) if now else set()


def grant_of(person: Principal, role: Role) -> UUID:
    mine = (RoleGrant.membership_id == person.membership_id, RoleGrant.role == role)
    grant_id: UUID = one(select(RoleGrant.id).where(*mine))
    return grant_id


class TestGrant:
    def test_gives_a_role_from_now_on(self, database: Engine) -> None:
        maja = a_person("north")
        grant(maja, Role.TASK_OWNER, an_admin("north"))
        assert held(maja) == {Role.CONTRIBUTOR, Role.TASK_OWNER}

    def test_says_who_gave_it_and_when_somebody_looks_again(self, database: Engine) -> None:
        maja, admin = a_person("north"), an_admin("north", name="Ada")
        grant(maja, Role.TASK_OWNER, admin)
        with reading() as db:
            row = next(row for row in roles.listing(db, maja.membership_id) if row.role == Role.TASK_OWNER)
        assert row.granted_by == "Ada"
        assert row.review_due - row.since == timedelta(days=365)

    def test_is_on_the_record_of_the_agency(self, database: Engine) -> None:
        maja = a_person("north")
        grant(maja, Role.TASK_OWNER, an_admin("north"))
        entry = on_record("role.grant")[0]
        assert (entry.agency_id, entry.detail) == (maja.agency_id, {"role": "task_owner"})

    def test_can_begin_later(self, database: Engine) -> None:
        maja = a_person("north")
        grant(maja, Role.TASK_OWNER, an_admin("north"), since=TOMORROW)
        assert held(maja) == {Role.CONTRIBUTOR}

    def test_ends_by_itself(self, database: Engine) -> None:
        maja = a_person("north")
        grant_id = grant(maja, Role.TASK_OWNER, an_admin("north"), until=TOMORROW)
        past = datetime.now(UTC) - timedelta(seconds=1)
        changed(update(RoleGrant).where(RoleGrant.id == grant_id).values(until=past))
        assert held(maja) == {Role.CONTRIBUTOR}

    def test_cannot_end_before_it_begins(self, database: Engine) -> None:
        with pytest.raises(BadPeriod):
            grant(a_person("north"), Role.TASK_OWNER, an_admin("north"), since=TOMORROW, until=TOMORROW)

    def test_is_for_administrators(self, database: Engine) -> None:
        with pytest.raises(NotPermitted):
            grant(a_person("north"), Role.TASK_OWNER, a_person("north", roles=(Role.TASK_OWNER,)))

    def test_a_role_that_ended_since_the_request_began_gives_nothing(self, database: Engine) -> None:
        maja, admin = a_person("north"), an_admin("north")
        end(grant_of(admin, Role.AGENCY_ADMIN), an_admin("north"))
        with pytest.raises(NotPermitted):
            grant(maja, Role.TASK_OWNER, admin)

    def test_nobody_grants_to_themselves(self, database: Engine) -> None:
        admin = an_admin("north")
        with pytest.raises(OwnAffair):
            grant(admin, Role.TASK_OWNER, admin)

    def test_people_of_other_agencies_look_like_nobody(self, database: Engine) -> None:
        admin = an_admin("north")
        with pytest.raises(NoSuchPerson):
            grant(a_person("south"), Role.TASK_OWNER, admin)
        with pytest.raises(NoSuchPerson), transaction() as tx:
            roles.grant(tx, uuid4(), Role.TASK_OWNER, actor=admin, context=AT_WORK)

    def test_once_is_enough(self, database: Engine) -> None:
        with pytest.raises(RoleHeld):
            grant(a_person("north"), Role.CONTRIBUTOR, an_admin("north"))

    def test_one_that_begins_while_another_runs_is_held_already(self, database: Engine) -> None:
        maja, admin = a_person("north"), an_admin("north")
        grant(maja, Role.TASK_OWNER, admin, since=TOMORROW)
        with pytest.raises(RoleHeld):
            grant(maja, Role.TASK_OWNER, admin, until=TOMORROW + timedelta(days=1))
        grant(maja, Role.TASK_OWNER, admin, until=TOMORROW - timedelta(hours=1))

    @pytest.mark.parametrize("role", [Role.OPERATOR, Role.MARKETPLACE_OFFICER])
    def test_no_agency_gives_roles_that_reach_beyond_it(self, database: Engine, role: Role) -> None:
        with pytest.raises(RoleNotGiven):
            grant(a_person("north"), role, an_admin("north"))

    def test_the_marketplace_itself_does(self, database: Engine) -> None:
        jan = a_person("north")
        grant(jan, Role.OPERATOR, None)
        assert Role.OPERATOR in held(jan)


class TestSeparationOfDuties:
    def test_who_watches_is_not_watched(self, database: Engine) -> None:
        with pytest.raises(RoleClash) as refusal:
            grant(an_officer("north"), Role.TASK_OWNER, an_admin("north"))
        assert [reason.code for reason in refusal.value.facts["reasons"]] == ["duties"]

    def test_also_when_the_other_role_begins_later(self, database: Engine) -> None:
        maja, admin = a_person("north"), an_admin("north")
        grant(maja, Role.SECURITY_OFFICER, admin, since=TOMORROW)
        with pytest.raises(RoleClash):
            grant(maja, Role.TASK_OWNER, admin)
        grant(maja, Role.TASK_OWNER, admin, until=TOMORROW - timedelta(hours=1))

    def test_a_role_that_has_ended_clashes_no_more(self, database: Engine) -> None:
        maja, admin = a_person("north", roles=(Role.TASK_OWNER,)), an_admin("north")
        end(grant_of(maja, Role.TASK_OWNER), admin)
        grant(maja, Role.SECURITY_OFFICER, admin)
        assert held(maja) == {Role.SECURITY_OFFICER}

    def test_two_grants_at_the_same_moment_cannot_clash(self, database: Engine) -> None:
        maja, one_admin, other = a_person("north"), an_admin("north"), an_admin("north")
        outcomes = together(
            lambda: grant(maja, Role.SECURITY_OFFICER, one_admin),
            lambda: grant(maja, Role.TASK_OWNER, other),
        )
        assert (len(winners(outcomes)), losers(outcomes)) == (1, [RoleClash])

    def test_roles_under_another_hat_count(self, database: Engine) -> None:
        maja = a_person("north", roles=(Role.CONTRIBUTOR, Role.TASK_OWNER))
        hat, south = a_secondment(maja, "south"), an_admin("south")
        with pytest.raises(RoleClash), transaction() as tx:
            roles.grant(tx, hat, Role.SECURITY_OFFICER, actor=south, context=AT_WORK)


class TestEnd:
    def test_ends_a_role_at_once_and_keeps_it_as_history(self, database: Engine) -> None:
        maja, admin = a_person("north"), an_admin("north")
        grant_id = grant(maja, Role.TASK_OWNER, admin)
        end(grant_id, admin)
        assert held(maja) == {Role.CONTRIBUTOR}
        assert one(select(RoleGrant.until).where(RoleGrant.id == grant_id)) is not None
        assert on_record("role.end")[0].detail == {"role": "task_owner"}

    def test_looks_again_at_what_the_person_holds(self, database: Engine) -> None:
        maja = a_person("north")
        end(grant_of(maja, Role.CONTRIBUTOR), an_admin("north"))
        assert found(select(jobs.Job.kind))[-1].kind == "person.leave"

    def test_twice_finds_nothing(self, database: Engine) -> None:
        maja, admin = a_person("north"), an_admin("north")
        grant_id = grant_of(maja, Role.CONTRIBUTOR)
        end(grant_id, admin)
        with pytest.raises(NoSuchGrant):
            end(grant_id, admin)

    def test_everybody_may_give_up_their_own(self, database: Engine) -> None:
        owner = a_person("north", roles=(Role.CONTRIBUTOR, Role.TASK_OWNER))
        end(grant_of(owner, Role.TASK_OWNER), owner)
        assert held(owner) == {Role.CONTRIBUTOR}

    def test_nobody_ends_a_colleagues(self, database: Engine) -> None:
        with pytest.raises(NotPermitted):
            end(grant_of(a_person("north"), Role.CONTRIBUTOR), a_person("north"))

    def test_roles_of_other_agencies_look_like_none(self, database: Engine) -> None:
        with pytest.raises(NoSuchGrant):
            end(grant_of(a_person("south"), Role.CONTRIBUTOR), an_admin("north"))

    def test_the_last_administrator_stays(self, database: Engine) -> None:
        admin = an_admin("north")
        with pytest.raises(LastAdministrator):
            end(grant_of(admin, Role.AGENCY_ADMIN), admin)
        assert Role.AGENCY_ADMIN in held(admin)

    def test_of_two_that_go_at_the_same_moment_one_stays(self, database: Engine) -> None:
        first, second = an_admin("north"), an_admin("north")
        outcomes = together(
            lambda: end(grant_of(first, Role.AGENCY_ADMIN), second),
            lambda: end(grant_of(second, Role.AGENCY_ADMIN), first),
        )
        assert len(winners(outcomes)) == 1
        assert set(losers(outcomes)) <= {LastAdministrator, NotPermitted}


class TestReview:
    def test_puts_the_day_a_year_ahead(self, database: Engine) -> None:
        maja, admin = a_person("north"), an_admin("north")
        grant_id = grant_of(maja, Role.CONTRIBUTOR)
        soon = datetime.now(UTC) + timedelta(days=1)
        changed(update(RoleGrant).where(RoleGrant.id == grant_id).values(review_due=soon))
        with transaction() as tx:
            roles.review(tx, grant_id, actor=admin, context=AT_WORK)
        due = one(select(RoleGrant.review_due).where(RoleGrant.id == grant_id))
        assert due > datetime.now(UTC) + timedelta(days=364)
        assert on_record("role.review")[0].detail == {"role": "contributor"}

    def test_nobody_reviews_their_own(self, database: Engine) -> None:
        admin = an_admin("north")
        with pytest.raises(OwnAffair), transaction() as tx:
            roles.review(tx, grant_of(admin, Role.AGENCY_ADMIN), actor=admin, context=AT_WORK)

    def test_a_role_that_there_is_not_is_not_reviewed(self, database: Engine) -> None:
        admin = an_admin("north")
        with pytest.raises(NoSuchGrant), transaction() as tx:
            roles.review(tx, uuid4(), actor=admin, context=AT_WORK)


def test_a_partner_never_watches_or_administers(database: Engine) -> None:
    maja, admin = a_person("north"), an_admin("north")
    changed(
        update(Membership)
        .where(Membership.id == maja.membership_id)
        .values(partner=True, sponsor_id=admin.person_id, until=TOMORROW)
    )
    for role in set(Role) - roles.OF_PARTNERS:
        with pytest.raises(RoleNotGiven):
            grant(maja, role, admin)
    grant(maja, Role.TASK_OWNER, admin)


def test_an_agency_without_people_has_no_administrator(database: Engine) -> None:
    agency = an_agency()
    with reading() as db:
        assert memberships.administrators(db, agency) == 0
