"""Whether somebody who is known still belongs where they were let in, by what their provider says of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, select, update

from agencies import invitations, joining, leaving, moves, organisations, partners, sign_in, transfers
from agencies.errors import OrganisationChanged
from agencies.invitations import Made
from agencies.models import Agency, Identity, IdentityProvider, Membership, WebSession
from agencies.organisations import still_belongs
from agencies.people_errors import InvitationElsewhere, InvitationOver
from agencies.people_models import Invitation
from marketplace.foundation.db import transaction
from security.oidc import Vouched
from security.principal import Principal, Role
from tests.agencies.people_at_work import (
    a_provider,
    a_session,
    agency_id,
    an_admin,
    ended,
    now_as,
    on_record,
    vouched,
)
from tests.builders import AT_WORK, a_person, an_agency, changed, found, one
from tests.together import together

OWN, ELSEWHERE, THIRD = "123", "456", "789"
NORTH = "https://north.example"
NEXT_MONTH = datetime.now(UTC) + timedelta(days=30)


@pytest.mark.parametrize(
    ("said", "accepted", "belongs"),
    [
        ("123", "123", True),
        ("124", "123", True),  # the agency has two numbers
        ("456", "456", True),  # invited from elsewhere, and still there
        ("123", "456", True),  # came to the agency for good
        (None, "123", True),
        (None, "456", True),
        ("456", "123", False),
        ("789", "456", False),
        ("456", None, False),
        ("", "123", False),
    ],
)
def test_another_organisation_is_neither_the_agencys_nor_the_one_that_was_accepted(
    said: str | None, accepted: str | None, belongs: bool
) -> None:
    assert still_belongs(said, accepted, ["123", "124"]).allowed is belongs


def test_the_refusal_says_what_would_help() -> None:
    (reason,) = still_belongs("456", "123", ["123"]).failed
    assert (reason.code, reason.remedy) == ("organisation", "ask_for_invitation")


@pytest.fixture
def north(database: Engine) -> UUID:
    """An agency whose people join by signing in, with the organisation 123."""
    made = an_agency("north")
    a_provider("north")
    return made


def comes(organisation: str | None = OWN, subject: str = "newcomer", invitation: str | None = None) -> UUID:
    who = vouched(subject, organisation=organisation)
    with transaction() as tx:
        return joining.membership_for(tx, agency_id("north"), who, invitation=invitation, context=AT_WORK)


def steps_up(person: Principal, organisation: str | None) -> None:
    token, _ = a_session(person)
    changed(update(WebSession).values(issuer=NORTH, subject="newcomer"))
    with transaction() as tx:
        who = vouched(organisation=organisation)
        sign_in.confirm(tx, token, who, actor=person, context=AT_WORK)


def invited(actor: Principal | None = None, to: str = "north", **given: Any) -> str:
    with transaction() as tx:
        made: Made = invitations.make(tx, agency_id(to), actor=actor, context=AT_WORK, **given)
    return made.token


def invited_as_a_partner(until: datetime = NEXT_MONTH) -> str:
    sponsor, admin = a_person("north"), an_admin("north")
    with transaction() as tx:
        made = partners.invite(tx, sponsor.membership_id, until=until, actor=admin, context=AT_WORK)
    return made.token


def remembered(subject: str = "newcomer") -> str | None:
    kept: str | None = one(select(Identity.organisation).where(Identity.subject == subject))
    return kept


class TestSigningIn:
    def test_of_the_agencys_own_people_goes_on(self, north: UUID) -> None:
        assert comes() == comes()
        assert remembered() == OWN

    def test_with_another_organisation_is_refused_and_ends_nothing(self, north: UUID) -> None:
        member = comes()
        with pytest.raises(OrganisationChanged):
            comes(ELSEWHERE)
        assert not ended(member)
        assert remembered() == OWN
        assert comes() == member

    def test_without_the_claim_goes_on(self, north: UUID) -> None:
        assert comes() == comes(None)
        assert remembered() == OWN

    def test_where_the_agency_names_no_claim_asks_nothing(self, north: UUID) -> None:
        member = comes()
        changed(update(IdentityProvider).values(organisation_claim=None, organisation_values=[]))
        assert comes(ELSEWHERE) == member

    def test_where_nobody_joins_by_themselves_asks_all_the_same(self, north: UUID) -> None:
        comes()
        changed(update(Agency).values(self_join=False))
        with pytest.raises(OrganisationChanged):
            comes(ELSEWHERE)

    @pytest.mark.parametrize("said", [OWN, ELSEWHERE])
    def test_the_first_time_of_somebody_whom_the_directory_made_is_learned(
        self, north: UUID, said: str
    ) -> None:
        known = a_person("north", identity=(NORTH, "newcomer"))
        assert remembered() is None
        assert comes(said) == known.membership_id
        assert remembered() == said
        with pytest.raises(OrganisationChanged):
            comes(THIRD)

    def test_silence_teaches_nothing(self, north: UUID) -> None:
        a_person("north", identity=(NORTH, "newcomer"))
        comes(None)
        assert remembered() is None

    def test_two_first_times_at_once_learn_one_of_them(self, north: UUID) -> None:
        known = a_person("north", identity=(NORTH, "newcomer"))
        outcomes = together(lambda: comes(ELSEWHERE), lambda: comes(THIRD))
        assert known.membership_id in outcomes
        assert [type(each) for each in outcomes].count(OrganisationChanged) == 1


class TestComingFromElsewhere:
    """Partners and others who were invited belong to another organisation, and are right to."""

    def test_an_invited_one_goes_on_from_where_they_were(self, north: UUID) -> None:
        member = comes(ELSEWHERE, invitation=invited())
        assert comes(ELSEWHERE) == member
        with pytest.raises(OrganisationChanged):
            comes(THIRD)

    def test_a_partner_goes_on_from_where_they_were(self, north: UUID) -> None:
        member = comes(ELSEWHERE, invitation=invited_as_a_partner())
        assert comes(ELSEWHERE) == member
        with pytest.raises(OrganisationChanged):
            comes(THIRD)

    def test_a_member_who_was_made_a_link_is_known_with_it(self, north: UUID) -> None:
        member, admin = a_person("north", identity=("https://old.example", "m1")), an_admin("north")
        with transaction() as tx:
            link = invitations.for_member(tx, member.membership_id, actor=admin, context=AT_WORK)
        comes(ELSEWHERE, invitation=link.token)
        assert remembered() == ELSEWHERE

    def test_who_left_and_is_invited_back_is_known_with_what_is_said_then(self, north: UUID) -> None:
        member = comes()
        with transaction() as tx:
            leaving.end_membership(tx, member, actor=None, context=AT_WORK, reason="scim")
        again = comes(ELSEWHERE, invitation=invited())
        assert comes(ELSEWHERE) == again != member

    def test_who_moves_here_is_known_with_what_is_said_then(self, north: UUID) -> None:
        """Its administrator agreed to them, and to no organisation."""
        maja = a_person("south", identity=("https://south.example", "maja"))
        admin = an_admin("north")
        with transaction() as tx:
            move = transfers.ask(tx, "north", actor=maja, context=AT_WORK)
        with transaction() as tx:
            moves.approve(tx, move, actor=admin, context=AT_WORK)
        who = vouched("maja", organisation=ELSEWHERE)
        reference = a_session(maja)[1]
        with transaction() as tx:
            here = transfers.complete(tx, who, north, session_reference=reference, context=AT_WORK)
        assert comes(ELSEWHERE, "maja") == here
        with pytest.raises(OrganisationChanged):
            comes(THIRD, "maja")


class TestBeingInvitedAnew:
    def test_lets_in_from_the_new_organisation_from_then_on(self, north: UUID) -> None:
        member, link = comes(), invited(an_admin("north"))
        assert comes(ELSEWHERE, invitation=link) == member
        assert comes(ELSEWHERE) == member
        assert on_record("identity.renew")[0].agency_id == north

    def test_works_once(self, north: UUID) -> None:
        link = invited(an_admin("north"))
        comes()
        comes(ELSEWHERE, invitation=link)
        with pytest.raises(InvitationOver):
            comes(THIRD, invitation=link)
        assert remembered() == ELSEWHERE

    def test_gives_no_role(self, north: UUID) -> None:
        member = comes()
        comes(ELSEWHERE, invitation=invited(roles=(Role.CONTRIBUTOR, Role.AGENCY_ADMIN)))
        now = now_as(member)
        assert now is not None
        assert now.roles == {Role.CONTRIBUTOR}

    def test_in_two_tabs_at_once_lets_in_by_both(self, north: UUID) -> None:
        member, link = comes(), invited()
        assert together(*[lambda: comes(ELSEWHERE, invitation=link)] * 3) == [member] * 3
        assert len(on_record("identity.renew")) == 1

    def test_is_not_needed_and_not_used_by_who_still_belongs(self, north: UUID) -> None:
        comes()
        comes(invitation=invited())
        assert one(select(Invitation.used_at)) is None

    def test_is_not_for_oneself_to_do(self, north: UUID) -> None:
        admin = an_admin("north", identity=(NORTH, "newcomer"))
        comes()
        with pytest.raises(OrganisationChanged):
            comes(ELSEWHERE, invitation=invited(admin))
        assert comes() == admin.membership_id
        assert one(select(Invitation.used_at)) is None

    def test_ends_the_membership_where_the_invitation_ends(self, north: UUID) -> None:
        member = comes()
        comes(ELSEWHERE, invitation=invited(until=NEXT_MONTH))
        until = one(select(Membership.until).where(Membership.id == member))
        assert abs(until - NEXT_MONTH) < timedelta(seconds=1)

    def test_lets_nobody_stay_longer(self, north: UUID) -> None:
        member = comes(ELSEWHERE, invitation=invited_as_a_partner())
        comes(THIRD, invitation=invited_as_a_partner(NEXT_MONTH + timedelta(days=30)))
        until = one(select(Membership.until).where(Membership.id == member))
        assert abs(until - NEXT_MONTH) < timedelta(seconds=1)

    def test_as_a_partner_is_for_partners(self, north: UUID) -> None:
        comes()
        with pytest.raises(OrganisationChanged):
            comes(ELSEWHERE, invitation=invited_as_a_partner())

    def test_by_a_link_for_another_member_is_refused(self, north: UUID) -> None:
        other, admin = a_person("north", identity=("https://old.example", "m1")), an_admin("north")
        with transaction() as tx:
            link = invitations.for_member(tx, other.membership_id, actor=admin, context=AT_WORK)
        comes()
        with pytest.raises(OrganisationChanged):
            comes(ELSEWHERE, invitation=link.token)

    def test_by_another_agency_is_refused(self, north: UUID) -> None:
        an_agency("south")
        comes()
        with pytest.raises(InvitationElsewhere):
            comes(ELSEWHERE, invitation=invited(to="south"))


class TestSteppingUp:
    def test_goes_on_with_the_same_organisation_and_without_one(self, north: UUID) -> None:
        person = now_as(comes())
        assert person is not None
        steps_up(person, OWN)
        steps_up(person, None)

    def test_with_another_organisation_is_refused_and_ends_nothing(self, north: UUID) -> None:
        person = now_as(comes())
        assert person is not None
        with pytest.raises(OrganisationChanged):
            steps_up(person, ELSEWHERE)
        assert len(found(select(WebSession.reference))) == 1


def test_what_was_said_under_another_claim_is_forgotten(north: UUID) -> None:
    comes()
    with transaction() as tx:
        organisations.forget(tx, "https://south.example")
    assert remembered() == OWN
    with transaction() as tx:
        organisations.forget(tx, NORTH)
    assert remembered() is None


def test_identities_of_another_issuer_are_not_touched(north: UUID) -> None:
    a_person("north", identity=("https://other.example", "newcomer"))
    comes()
    kept = found(select(Identity.issuer, Identity.organisation))
    assert {tuple(row) for row in kept} == {(NORTH, OWN), ("https://other.example", None)}


def test_an_issuer_that_is_not_registered_any_more_asks_nothing(database: Engine) -> None:
    a_person("north", identity=(NORTH, "newcomer"))
    with transaction() as tx:
        assert organisations.check(tx, Vouched(NORTH, "newcomer", organisation=OWN)).allowed
