"""The first sign-in: who joins by sign-in alone, who by invitation, and who does not."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, select, update

from agencies import invitations, joining, leaving, people
from agencies.errors import NotAMember, NotPermitted
from agencies.invitations import Made
from agencies.models import Agency, Identity, IdentityProvider, Membership, Person
from agencies.people_errors import (
    AlreadyAMember,
    BadPeriod,
    ClearanceNotGiven,
    IdentityTaken,
    InvitationElsewhere,
    InvitationOver,
    NoSuchInvitation,
    RoleClash,
)
from agencies.people_models import Invitation
from marketplace.foundation.db import reading, transaction
from security.labels import Level
from security.oidc import Vouched
from security.principal import Principal, Role
from tests.agencies.people_at_work import (
    OFFICER,
    a_provider,
    a_secondment,
    agency_id,
    an_admin,
    now_as,
    on_record,
    vouched,
)
from tests.builders import AT_WORK, a_person, an_agency, changed, found, one
from tests.together import losers, together

YESTERDAY = datetime.now(UTC) - timedelta(days=1)


@pytest.fixture
def north(database: Engine) -> UUID:
    """An agency that lets its people in by sign-in alone."""
    made = an_agency("north")
    a_provider("north")
    return made


def join(agency: UUID, who: Vouched | None = None, invitation: str | None = None) -> UUID:
    with transaction() as tx:
        return joining.membership_for(tx, agency, who or vouched(), invitation=invitation, context=AT_WORK)


def joined(agency: UUID, who: Vouched | None = None, invitation: str | None = None) -> Principal:
    now = now_as(join(agency, who, invitation))
    assert now is not None
    return now


def invited(agency: UUID, actor: Principal | None = None, **given: Any) -> Made:
    with transaction() as tx:
        return invitations.make(tx, agency, actor=actor, context=AT_WORK, **given)


class TestBySignInAlone:
    def test_the_first_sign_in_joins_with_the_lowest_role_and_no_clearance(self, north: UUID) -> None:
        who = joined(north, vouched(name="Maja Novak", email="maja@north.example", locale="nl-NL"))
        assert (who.name, who.roles, who.clearance, who.compartments, who.locale) == (
            "Maja Novak", {Role.CONTRIBUTOR}, Level.PUBLIC, frozenset(), "nl",
        )  # fmt: skip

    def test_it_is_on_the_record(self, north: UUID) -> None:
        join(north)
        entry = on_record("person.join")[0]
        assert (entry.agency_id, entry.detail) == (
            north, {"by": "sign_in", "roles": ["contributor"], "clearance": "public"},
        )  # fmt: skip

    def test_the_second_finds_the_same_membership(self, north: UUID) -> None:
        assert join(north) == join(north)
        assert len(found(select(Person.id))) == 1

    def test_not_where_the_agency_does_not_allow_it(self, north: UUID) -> None:
        changed(update(Agency).values(self_join=False))
        with pytest.raises(NotAMember):
            join(north)

    def test_not_where_the_agency_names_no_claim(self, north: UUID) -> None:
        changed(update(IdentityProvider).values(organisation_claim=None))
        with pytest.raises(NotAMember):
            join(north)

    @pytest.mark.parametrize("sent", ["456", "", None, "123 ", "1234"])
    def test_not_with_another_organisation_than_listed(self, north: UUID, sent: str | None) -> None:
        with pytest.raises(NotAMember):
            join(north, vouched(organisation=sent))
        assert found(select(Person.id)) == []

    def test_not_by_another_agencys_issuer(self, north: UUID) -> None:
        with pytest.raises(NotAMember):
            join(north, vouched(issuer="https://south.example"))

    def test_the_same_subject_of_another_issuer_is_somebody_else(self, north: UUID) -> None:
        south = an_agency("south")
        a_provider("south")
        first = joined(north)
        second = joined(south, vouched(issuer="https://south.example"))
        assert first.person_id != second.person_id

    def test_an_address_is_nobodys_identity(self, north: UUID) -> None:
        first = joined(north, vouched("one", email="same@north.example"))
        second = joined(north, vouched("two", email="same@north.example"))
        assert first.person_id != second.person_id

    def test_who_left_does_not_come_back_by_sign_in_alone(self, north: UUID) -> None:
        membership_id = join(north)
        with transaction() as tx:
            leaving.end_membership(tx, membership_id, actor=None, context=AT_WORK, reason="scim")
        with pytest.raises(NotAMember):
            join(north)

    def test_nor_does_a_partner_whose_time_is_over(self, north: UUID) -> None:
        membership_id = join(north)
        changed(update(Membership).where(Membership.id == membership_id).values(until=YESTERDAY))
        with pytest.raises(NotAMember):
            join(north)

    def test_without_a_name_the_subject_stands_for_it(self, north: UUID) -> None:
        assert joined(north, vouched("x7", name=None)).name == "x7"

    def test_two_tabs_at_the_same_moment_make_one_person(self, north: UUID) -> None:
        outcomes = together(*[lambda: join(north)] * 4)
        assert len(set(outcomes)) == 1
        assert len(found(select(Person.id))) == len(found(select(Identity.subject))) == 1

    def test_a_name_that_the_agencys_system_gave_already_is_found(self, north: UUID) -> None:
        known = a_person("north", identity=("https://north.example", "newcomer"))
        assert join(north) == known.membership_id


class TestByInvitation:
    def test_none_is_made_that_is_over_before_it_is_used(self, north: UUID) -> None:
        with pytest.raises(BadPeriod):
            invited(north, an_admin("north"), until=YESTERDAY)

    @pytest.fixture
    def closed(self, database: Engine) -> UUID:
        """An agency that lets nobody in by sign-in alone."""
        made = an_agency("north")
        a_provider("north", self_join=False)
        return made

    def test_joins_with_what_the_inviter_fixed(self, closed: UUID) -> None:
        made = invited(closed, roles=(Role.CONTRIBUTOR, Role.TASK_OWNER), clearance=Level.INTERNAL)
        who = joined(closed, invitation=made.token)
        assert (who.roles, who.clearance) == ({Role.CONTRIBUTOR, Role.TASK_OWNER}, Level.INTERNAL)
        assert on_record("person.join")[0].detail == {
            "by": "invitation", "roles": ["contributor", "task_owner"], "clearance": "internal",
        }  # fmt: skip

    def test_works_once(self, closed: UUID) -> None:
        made = invited(closed)
        join(closed, invitation=made.token)
        with pytest.raises(InvitationOver):
            join(closed, vouched("another"), made.token)

    def test_works_once_even_at_the_same_moment(self, closed: UUID) -> None:
        made = invited(closed)
        outcomes = together(
            *[lambda name=name: join(closed, vouched(name), made.token) for name in ("a", "b", "c")]  # type: ignore[misc]
        )
        assert losers(outcomes) == [InvitationOver] * 2
        assert len(found(select(Membership.id))) == 1

    def test_the_same_person_in_two_tabs_is_let_in_by_both(self, closed: UUID) -> None:
        made = invited(closed)
        outcomes = together(*[lambda: join(closed, invitation=made.token)] * 3)
        assert len(set(outcomes)) == 1

    def test_a_member_who_opens_one_just_signs_in(self, closed: UUID) -> None:
        known = a_person("north", identity=("https://north.example", "newcomer"))
        made = invited(closed)
        assert join(closed, invitation=made.token) == known.membership_id
        assert one(select(Invitation.used_at)) is None

    def test_not_after_two_weeks(self, closed: UUID) -> None:
        made = invited(closed)
        changed(update(Invitation).values(over_at=YESTERDAY))
        with pytest.raises(InvitationOver):
            join(closed, invitation=made.token)

    def test_not_at_another_agency(self, closed: UUID) -> None:
        south = an_agency("south")
        made = invited(south)
        with pytest.raises(InvitationElsewhere):
            join(closed, invitation=made.token)

    def test_not_after_it_was_withdrawn(self, closed: UUID) -> None:
        admin, made = an_admin("north"), invited(closed)
        with transaction() as tx:
            invitations.withdraw(tx, made.id, actor=admin, context=AT_WORK)
        with pytest.raises(InvitationOver):
            join(closed, invitation=made.token)
        assert on_record("person.uninvite")[0].agency_id == closed

    @pytest.mark.parametrize("token", ["", "inv_", "inv_guess", "nothing"])
    def test_not_with_a_guess(self, closed: UUID, token: str) -> None:
        with pytest.raises(InvitationOver):
            join(closed, invitation=token)

    def test_lets_in_again_who_left(self, closed: UUID) -> None:
        membership_id = join(closed, invitation=invited(closed).token)
        with transaction() as tx:
            leaving.end_membership(tx, membership_id, actor=None, context=AT_WORK, reason="scim")
        who = joined(closed, invitation=invited(closed).token)
        assert who.membership_id != membership_id
        assert len(found(select(Person.id))) == 1

    def test_lets_in_again_a_partner_whose_time_is_over(self, closed: UUID) -> None:
        membership_id = join(closed, invitation=invited(closed).token)
        changed(update(Membership).where(Membership.id == membership_id).values(until=YESTERDAY))
        assert joined(closed, invitation=invited(closed).token).membership_id != membership_id

    def test_the_row_keeps_no_token_and_no_address(self, closed: UUID) -> None:
        made = invited(closed)
        row = found(select(Invitation.__table__))[0]
        assert made.token not in str(row)
        assert "email" not in Invitation.__table__.c
        assert made.token not in repr(made)

    def test_what_a_link_says_before_it_is_used(self, closed: UUID) -> None:
        made = invited(closed)
        with reading() as db:
            said = invitations.read(db, made.token)
            assert said is not None
            assert (said.slug, said.roles) == ("north", ["contributor"])
            assert invitations.read(db, "inv_guess") is None


class TestMakingAnInvitation:
    def test_is_for_administrators_of_that_agency(self, north: UUID) -> None:
        with pytest.raises(NotPermitted):
            invited(north, a_person("north"))
        with pytest.raises(NoSuchInvitation):
            invited(north, an_admin("south"))

    def test_is_on_the_record(self, north: UUID) -> None:
        invited(north, an_admin("north"), roles=(Role.CONTRIBUTOR, Role.TASK_OWNER))
        entry = on_record("person.invite")[0]
        assert (entry.agency_id, entry.detail) == (north, {"roles": ["contributor", "task_owner"]})

    def test_gives_no_clearance_by_an_administrators_hand(self, north: UUID) -> None:
        with pytest.raises(ClearanceNotGiven):
            invited(north, an_admin("north"), clearance=Level.SENSITIVE)
        with pytest.raises(ClearanceNotGiven):
            invited(north, an_admin("north"), compartments=("audit",))

    def test_gives_no_roles_that_do_not_go_together(self, north: UUID) -> None:
        with pytest.raises(RoleClash):
            invited(north, an_admin("north"), roles=(Role.SECURITY_OFFICER, Role.TASK_OWNER))

    def test_gives_no_role_that_reaches_beyond_the_agency(self, north: UUID) -> None:
        with pytest.raises(RoleClash):
            invited(north, an_admin("north"), roles=(Role.OPERATOR,))

    def test_open_ones_are_listed(self, north: UUID) -> None:
        admin = an_admin("north", name="Ada")
        made = invited(north, admin, note="for the new colleague")
        join(north, vouched("another"), invited(north, admin).token)
        with reading() as db:
            rows = invitations.listing(db, north)
        assert [(row.id, row.note, row.made_by) for row in rows] == [
            (made.id, "for the new colleague", "Ada")
        ]

    def test_is_over_when_whoever_made_it_may_invite_no_more(self, north: UUID) -> None:
        admin, other = an_admin("north"), an_admin("north")
        made = invited(north, admin, roles=(Role.AGENCY_ADMIN,))
        with transaction() as tx:
            leaving.end_membership(tx, admin.membership_id, actor=other, context=AT_WORK, reason="agency")
        with pytest.raises(InvitationOver):
            join(north, vouched("admin-again"), made.token)
        with reading() as db:
            assert invitations.read(db, made.token) is None
            assert invitations.listing(db, north) == []

    def test_nobody_withdraws_another_agencys(self, north: UUID) -> None:
        made, admin = invited(north), an_admin("south")
        with pytest.raises(NoSuchInvitation), transaction() as tx:
            invitations.withdraw(tx, made.id, actor=admin, context=AT_WORK)


class TestFirstSignInOfAMember:
    """Somebody who was moved here by agreement, and whom this agency's provider has not vouched for yet."""

    def a_link(self, member: Principal) -> Made:
        admin = an_admin("north")
        with transaction() as tx:
            return invitations.for_member(tx, member.membership_id, actor=admin, context=AT_WORK)

    def test_adds_the_sign_in_to_the_person(self, north: UUID) -> None:
        member = a_person("north", identity=("https://old.example", "m1"))
        assert join(north, vouched("m2"), self.a_link(member).token) == member.membership_id
        assert join(north, vouched("m2")) == member.membership_id
        assert on_record("identity.add")[0].agency_id == north

    def test_not_of_somebody_who_is_another_person_here(self, north: UUID) -> None:
        member = a_person("north", identity=("https://old.example", "m1"))
        other = a_person("south", identity=("https://north.example", "known"))
        with pytest.raises(IdentityTaken):
            join(north, vouched("known"), self.a_link(member).token)
        with reading() as db:
            assert people.membership_of(db, "https://north.example", "known", other.agency_id)

    def test_is_none_for_somebody_who_signs_in_here(self, north: UUID) -> None:
        officer = a_person("north", identity=("https://north.example", "o1"), roles=OFFICER)
        with pytest.raises(AlreadyAMember):
            self.a_link(officer)

    def test_of_two_links_only_one_adds_a_sign_in(self, north: UUID) -> None:
        changed(update(Agency).values(self_join=False))
        member = a_person("north", identity=("https://old.example", "m1"))
        first, second = self.a_link(member), self.a_link(member)
        join(north, vouched("m2"), first.token)
        with pytest.raises(InvitationOver):
            join(north, vouched("m3"), second.token)

    def test_works_once(self, north: UUID) -> None:
        changed(update(Agency).values(self_join=False))
        member = a_person("north", identity=("https://old.example", "m1"))
        link = self.a_link(member)
        join(north, vouched("m2"), link.token)
        with pytest.raises(InvitationOver):
            join(north, vouched("m3"), link.token)


class TestCeiling:
    """No clearance reaches above what the provider that vouches for somebody is trusted with."""

    def test_caps_a_clearance(self, database: Engine) -> None:
        maja = a_person("north", clearance=Level.RESTRICTED)
        a_provider("north", ceiling=Level.INTERNAL)
        now = now_as(maja.membership_id)
        assert now is not None
        assert now.clearance is Level.INTERNAL

    def test_raises_none(self, database: Engine) -> None:
        maja = a_person("north", clearance=Level.PUBLIC)
        a_provider("north", ceiling=Level.RESTRICTED)
        now = now_as(maja.membership_id)
        assert now is not None
        assert now.clearance is Level.PUBLIC

    def test_of_a_secondment_is_that_of_the_provider_at_home(self, database: Engine) -> None:
        maja = a_person("north", clearance=Level.RESTRICTED)
        hat = a_secondment(maja, "south")
        a_provider("north", ceiling=Level.INTERNAL)
        a_provider("south", ceiling=Level.RESTRICTED)
        changed(update(Membership).where(Membership.id == hat).values(clearance=int(Level.SENSITIVE)))
        now = now_as(hat)
        assert now is not None
        assert (now.clearance, now.agency_id) == (Level.INTERNAL, agency_id("south"))
