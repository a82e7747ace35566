"""Moves: transfers by sign-in at both agencies or by both administrators, and secondments under a second hat."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, select, update

from agencies import invitations, joining, moves, people, secondments, sessions, tokens, transfers
from agencies.errors import AccessTokenRefused, NotAMember, NotPermitted, NotSignedIn, UnknownAgency
from agencies.models import Agency, Identity, Membership, Notice, Person, WebSession
from agencies.people_errors import (
    AlreadyAMember,
    BadPeriod,
    CannotMove,
    IdentityTaken,
    LastAdministrator,
    MoveAsked,
    MoveOver,
    NoSuchMove,
    NoSuchPerson,
    NotAccepted,
    OwnAffair,
    RoleClash,
)
from agencies.people_models import Move
from marketplace.foundation.db import reading, transaction
from security.labels import Level
from security.oidc import Vouched
from security.principal import Principal, Role
from tests.agencies.people_at_work import (
    a_provider,
    a_secondment,
    a_session,
    agency_id,
    an_admin,
    ended,
    now_as,
    on_record,
    over_since_yesterday,
    vouched,
)
from tests.application import token_of
from tests.builders import AT_WORK, a_campaign, a_contribution, a_person, an_agency, changed, found, one
from tests.together import losers, together, winners

NEXT_MONTH = datetime.now(UTC) + timedelta(days=30)
AT_SOUTH = vouched("maja-south", "https://south.example")


@pytest.fixture
def maja(database: Engine) -> Principal:
    """Somebody of north; south lets its people in by sign-in alone."""
    an_agency("south")
    a_provider("south")
    roles = (Role.CONTRIBUTOR, Role.TASK_OWNER)
    return a_person(
        "north", roles=roles, clearance=Level.RESTRICTED, identity=("https://north.example", "maja")
    )


def ask(actor: Principal, to: str = "south", **given: Any) -> UUID:
    with transaction() as tx:
        return transfers.ask(tx, to, actor=actor, context=AT_WORK, **given)


def complete(reference: str, who: Vouched = AT_SOUTH, to: str = "south") -> UUID:
    with transaction() as tx:
        return transfers.complete(tx, who, agency_id(to), session_reference=reference, context=AT_WORK)


def moved(maja: Principal, **given: Any) -> Principal:
    ask(maja, **given)
    now = now_as(complete(a_session(maja)[1]))
    assert now is not None
    return now


def propose(who: Principal, actor: Principal, to: str = "south") -> UUID:
    with transaction() as tx:
        return transfers.propose(tx, who.membership_id, to, actor=actor, context=AT_WORK)


def approve(move: UUID, actor: Principal) -> UUID | None:
    with transaction() as tx:
        return moves.approve(tx, move, actor=actor, context=AT_WORK)


class TestBySignInAtBothAgencies:
    def test_the_person_stays_who_they_are(self, maja: Principal) -> None:
        now = moved(maja)
        assert (now.person_id, now.subject_id, now.name) == (maja.person_id, maja.subject_id, maja.name)
        assert now.agency_slug == "south"
        assert len(found(select(Person.id).where(Person.name == maja.name))) == 1

    def test_their_history_stays_with_them(self, maja: Principal) -> None:
        contribution = a_contribution(a_campaign(level="public"), maja)
        moved(maja)
        from tasks.models import Contribution

        owner = one(select(Contribution.person_id).where(Contribution.id == contribution))
        assert owner == maja.person_id

    def test_what_the_old_agency_gave_ends(self, maja: Principal) -> None:
        cookie, token = a_session(maja)[0], token_of(maja)
        now = moved(maja)
        assert (now.roles, now.clearance, now.compartments) == ({Role.CONTRIBUTOR}, Level.PUBLIC, frozenset())
        assert ended(maja.membership_id)
        with reading() as db:
            assert sessions.read(db, cookie, None) is None
            with pytest.raises(AccessTokenRefused):
                tokens.read(db, token, None)

    def test_they_sign_in_at_the_new_agency_from_now_on(self, maja: Principal) -> None:
        now = moved(maja)
        with transaction() as tx:
            again = joining.membership_for(tx, now.agency_id, AT_SOUTH, invitation=None, context=AT_WORK)
        assert again == now.membership_id

    def test_and_not_at_the_old_one_any_more(self, maja: Principal) -> None:
        a_provider("north")
        moved(maja)
        with pytest.raises(NotAMember), transaction() as tx:
            joining.membership_for(
                tx, maja.agency_id, vouched("maja", "https://north.example"), invitation=None, context=AT_WORK
            )

    def test_it_is_on_the_record_of_both_sides(self, maja: Principal) -> None:
        moved(maja)
        both = {maja.agency_id, agency_id("south")}
        assert {entry.agency_id for entry in on_record("move.ask")} == both
        assert {entry.agency_id for entry in on_record("move.done")} == both
        assert on_record("person.leave")[0].detail == {"reason": "transfer"}

    def test_what_they_hold_is_looked_at_again(self, maja: Principal) -> None:
        from marketplace.foundation.jobs import Job

        moved(maja)
        assert "person.leave" in [row.kind for row in found(select(Job.kind))]

    def test_needs_that_they_asked(self, maja: Principal) -> None:
        with pytest.raises(MoveOver):
            complete(a_session(maja)[1])

    def test_needs_a_live_session_at_the_old_agency(self, maja: Principal) -> None:
        ask(maja)
        with pytest.raises(NotSignedIn):
            complete("a reference that there is not")
        reference = a_session(maja)[1]
        changed(update(WebSession).values(idle_until=datetime.now(UTC) - timedelta(minutes=1)))
        with pytest.raises(NotSignedIn):
            complete(reference)

    def test_not_after_two_weeks(self, maja: Principal) -> None:
        ask(maja)
        changed(update(Move).values(over_at=datetime.now(UTC) - timedelta(minutes=1)))
        with pytest.raises(MoveOver):
            complete(a_session(maja)[1])
        ask(maja)

    def test_not_where_the_new_agency_lets_nobody_in_like_this(self, maja: Principal) -> None:
        changed(update(Agency).where(Agency.slug == "south").values(self_join=False))
        ask(maja)
        with pytest.raises(NotAccepted):
            complete(a_session(maja)[1])
        assert now_as(maja.membership_id) == maja

    def test_not_with_another_organisation(self, maja: Principal) -> None:
        ask(maja)
        with pytest.raises(NotAccepted):
            complete(a_session(maja)[1], vouched("maja-south", "https://south.example", organisation="9"))

    def test_not_back_to_an_agency_that_they_left(self, maja: Principal) -> None:
        a_provider("north")
        now = moved(maja)
        ask(now, "north")
        with pytest.raises(NotAccepted):
            complete(a_session(now)[1], vouched("maja", "https://north.example"), "north")

    def test_its_administrator_may_let_them_in(self, maja: Principal) -> None:
        changed(update(Agency).where(Agency.slug == "south").values(self_join=False))
        assert approve(ask(maja), an_admin("south")) is None
        assert now_as(complete(a_session(maja)[1])) is not None

    def test_an_invitation_lets_them_in_with_what_it_gives(self, maja: Principal) -> None:
        changed(update(Agency).where(Agency.slug == "south").values(self_join=False))
        with transaction() as tx:
            given = (Role.CONTRIBUTOR, Role.APPRAISER)
            made = invitations.make(tx, agency_id("south"), roles=given, actor=None, context=AT_WORK)
        now = moved(maja, invitation=made.token)
        assert now.roles == {Role.CONTRIBUTOR, Role.APPRAISER}
        with reading() as db:
            assert invitations.read(db, made.token) is None

    def test_not_as_somebody_who_is_another_person_here(self, maja: Principal) -> None:
        a_person("south", identity=("https://south.example", "maja-south"))
        ask(maja)
        with pytest.raises(IdentityTaken):
            complete(a_session(maja)[1])
        assert now_as(maja.membership_id) == maja

    def test_not_as_the_last_administrator(self, maja: Principal) -> None:
        admin = an_admin("north")
        ask(admin)
        with pytest.raises(LastAdministrator):
            complete(a_session(admin)[1], vouched("ada", "https://south.example"))
        assert now_as(admin.membership_id) == admin

    def test_happens_once_at_the_same_moment(self, maja: Principal) -> None:
        ask(maja)
        reference = a_session(maja)[1]
        outcomes = together(*[lambda: complete(reference)] * 3)
        assert len(winners(outcomes)) == 1
        assert set(losers(outcomes)) <= {NotSignedIn, NoSuchPerson, MoveOver}

    def test_ends_secondments_of_the_old_agency(self, maja: Principal) -> None:
        an_agency("west")
        hat = a_secondment(maja, "west")
        moved(maja)
        assert ended(hat)

    def test_can_lead_to_where_they_were_on_secondment(self, maja: Principal) -> None:
        hat = a_secondment(maja, "south")
        now = moved(maja)
        assert ended(hat)
        assert now.home_agency is None


class TestAsking:
    def test_names_an_agency_that_there_is(self, maja: Principal) -> None:
        with pytest.raises(UnknownAgency):
            ask(maja, "nowhere")

    def test_not_to_ones_own(self, maja: Principal) -> None:
        with pytest.raises(CannotMove):
            ask(maja, "north")

    def test_once(self, maja: Principal) -> None:
        ask(maja)
        with pytest.raises(MoveAsked):
            ask(maja)

    def test_not_from_a_secondment(self, maja: Principal) -> None:
        an_agency("west")
        hat = now_as(a_secondment(maja, "south"))
        assert hat is not None
        with pytest.raises(CannotMove):
            ask(hat, "west")

    def test_not_as_a_partner(self, maja: Principal) -> None:
        changed(
            update(Membership)
            .where(Membership.id == maja.membership_id)
            .values(partner=True, sponsor_id=maja.person_id, until=NEXT_MONTH)
        )
        with pytest.raises(CannotMove):
            ask(maja)

    def test_can_be_withdrawn_by_the_person_only(self, maja: Principal) -> None:
        move, colleague = ask(maja), a_person("north")
        with pytest.raises(NoSuchMove), transaction() as tx:
            moves.withdraw(tx, move, actor=colleague, context=AT_WORK)
        with transaction() as tx:
            moves.withdraw(tx, move, actor=maja, context=AT_WORK)
        with pytest.raises(MoveOver):
            complete(a_session(maja)[1])


class TestByBothAdministrators:
    def test_both_agree_and_it_is_done(self, maja: Principal) -> None:
        to = approve(propose(maja, an_admin("north")), an_admin("south"))
        assert to is not None
        now = now_as(to)
        assert now is not None
        assert (now.person_id, now.roles, now.clearance) == (maja.person_id, {Role.CONTRIBUTOR}, Level.PUBLIC)
        assert ended(maja.membership_id)

    def test_the_person_is_told(self, maja: Principal) -> None:
        approve(propose(maja, an_admin("north")), an_admin("south"))
        row = found(select(Notice.kind, Notice.args).where(Notice.person_id == maja.person_id))[0]
        assert (row.kind, row.args) == ("move.done", {"agency": "South"})

    def test_a_wish_of_the_person_takes_both_too(self, maja: Principal) -> None:
        move = ask(maja)
        assert approve(move, an_admin("north")) is None
        assert approve(move, an_admin("south")) is not None

    def test_both_at_the_same_moment(self, maja: Principal) -> None:
        move, north, south = ask(maja), an_admin("north"), an_admin("south")
        outcomes = together(lambda: approve(move, north), lambda: approve(move, south))
        assert len([each for each in outcomes if isinstance(each, UUID)]) == 1
        assert ended(maja.membership_id)

    def test_one_side_alone_is_not_enough(self, maja: Principal) -> None:
        move = propose(maja, an_admin("north"))
        assert approve(move, an_admin("north")) is None
        assert not ended(maja.membership_id)

    def test_one_person_does_not_agree_for_both(self, maja: Principal) -> None:
        """Also not somebody who administers both, under two hats."""
        both = an_admin("north")
        hat = a_secondment(both, "south")
        from agencies import roles

        with transaction() as tx:
            roles.grant(tx, hat, Role.AGENCY_ADMIN, actor=None, context=AT_WORK)
        in_south = now_as(hat)
        assert in_south is not None
        with pytest.raises(OwnAffair):
            approve(propose(maja, both), in_south)

    def test_nobody_agrees_to_their_own(self, maja: Principal) -> None:
        admin, _ = an_admin("north"), an_admin("north")
        with pytest.raises(OwnAffair):
            approve(ask(admin), admin)

    def test_a_third_agency_does_not_see_it(self, maja: Principal) -> None:
        move, stranger = ask(maja), an_admin("west")
        with pytest.raises(NoSuchMove):
            approve(move, stranger)
        with pytest.raises(NoSuchMove):
            approve(uuid4(), stranger)
        with reading() as db:
            assert moves.of_agency(db, stranger.agency_id) == []

    def test_is_for_administrators(self, maja: Principal) -> None:
        with pytest.raises(NotPermitted):
            approve(ask(maja), a_person("south"))

    def test_either_side_may_decline(self, maja: Principal) -> None:
        move, south = propose(maja, an_admin("north")), an_admin("south")
        with transaction() as tx:
            moves.decline(tx, move, actor=south, context=AT_WORK)
        with pytest.raises(MoveOver):
            approve(move, south)
        assert {entry.agency_id for entry in on_record("move.decline")} == {maja.agency_id, south.agency_id}

    def test_open_ones_are_listed_for_both(self, maja: Principal) -> None:
        propose(maja, an_admin("north"))
        with reading() as db:
            here = moves.of_agency(db, maja.agency_id)[0]
            there = moves.of_agency(db, agency_id("south"))[0]
            own = moves.of_person(db, maja.person_id)[0]
        assert (here.name, here.to_agency, here.agreed, there.agreed) == (maja.name, "South", True, False)
        assert own.id == here.id


class TestSecondment:
    def propose(self, who: Principal, actor: Principal, until: datetime = NEXT_MONTH) -> UUID:
        with transaction() as tx:
            return secondments.propose(
                tx, who.membership_id, "south", until=until, actor=actor, context=AT_WORK
            )

    def test_is_a_second_membership_that_home_vouches_for(self, maja: Principal) -> None:
        hat = now_as(a_secondment(maja, "south"))
        assert hat is not None
        assert (hat.person_id, hat.agency_slug, hat.home_agency) == (maja.person_id, "south", "North")
        assert (hat.roles, hat.clearance) == ({Role.CONTRIBUTOR}, Level.PUBLIC)
        assert hat.until is not None
        assert now_as(maja.membership_id) == maja

    def test_ends_by_itself(self, maja: Principal) -> None:
        hat = a_secondment(maja, "south")
        over_since_yesterday(hat)
        assert now_as(hat) is None
        assert now_as(maja.membership_id) == maja

    def test_can_begin_again_afterwards(self, maja: Principal) -> None:
        hat = a_secondment(maja, "south")
        over_since_yesterday(hat)
        assert now_as(a_secondment(maja, "south")) is not None

    @pytest.mark.parametrize("days", [-1, 0, 731])
    def test_lasts_two_years_at_most(self, maja: Principal, days: int) -> None:
        admin = an_admin("north")
        with pytest.raises(BadPeriod):
            self.propose(maja, admin, datetime.now(UTC) + timedelta(days=days))

    def test_takes_both_administrators(self, maja: Principal) -> None:
        move = self.propose(maja, an_admin("north"))
        assert found(select(Membership.id).where(Membership.home_id.is_not(None))) == []
        assert approve(move, an_admin("south")) is not None

    def test_not_where_they_are_a_member_already(self, maja: Principal) -> None:
        move, south = self.propose(maja, an_admin("north")), an_admin("south")
        with transaction() as tx:
            people.memberships.enrol(tx, maja.person_id, south.agency_id, roles=())
        with pytest.raises(AlreadyAMember):
            approve(move, south)

    def test_roles_at_home_do_not_clash_with_contributing(self, maja: Principal) -> None:
        officer = a_person("north", roles=(Role.SECURITY_OFFICER,))
        assert a_secondment(officer, "south") is not None

    @pytest.mark.parametrize("side", ["north", "south"])
    def test_either_administrator_may_end_it(self, maja: Principal, side: str) -> None:
        hat, admin = a_secondment(maja, "south"), an_admin(side)
        with transaction() as tx:
            secondments.end(tx, hat, actor=admin, context=AT_WORK)
        assert (ended(hat), ended(maja.membership_id)) == (True, False)

    def test_a_stranger_may_not(self, maja: Principal) -> None:
        hat, admin = a_secondment(maja, "south"), an_admin("west")
        with pytest.raises(NoSuchPerson), transaction() as tx:
            secondments.end(tx, hat, actor=admin, context=AT_WORK)

    def test_a_home_membership_is_none(self, maja: Principal) -> None:
        admin = an_admin("north")
        with pytest.raises(NoSuchPerson), transaction() as tx:
            secondments.end(tx, maja.membership_id, actor=admin, context=AT_WORK)


def test_roles_of_an_invitation_and_of_the_other_hats_go_together(maja: Principal) -> None:
    """Somebody who watches one agency does not get hands-on work of another by the back door of a link."""
    an_agency("west")
    a_secondment(maja, "west")
    with transaction() as tx:
        made = invitations.make(
            tx, agency_id("south"), roles=(Role.SECURITY_OFFICER,), actor=None, context=AT_WORK
        )
        tx.execute(
            update(Membership).where(Membership.home_id.is_not(None)).values(home_id=None)
        )  # a hat that does not end with the old home
    with transaction() as tx:
        from agencies import roles

        hat = tx.scalar(
            select(Membership.id).where(
                Membership.agency_id == agency_id_in(tx, "west"), Membership.person_id == maja.person_id
            )
        )
        roles.grant(tx, hat, Role.TASK_OWNER, actor=None, context=AT_WORK)
    with pytest.raises(RoleClash):
        moved(maja, invitation=made.token)


def agency_id_in(tx: Any, slug: str) -> UUID:
    found_id: UUID = tx.scalar(select(Agency.id).where(Agency.slug == slug))
    return found_id


def test_an_identity_belongs_to_one_person(maja: Principal) -> None:
    moved(maja)
    rows = found(select(Identity.person_id).where(Identity.issuer == "https://south.example"))
    assert [row.person_id for row in rows] == [maja.person_id]
