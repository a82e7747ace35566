"""What is done about people and units is on the record, of the agencies whom it concerns."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, select

from agencies import invitations, leaving, partners, unit_members, units
from agencies.agreement_models import UnitMember
from agencies.models import Membership
from agencies.rules import drafting
from marketplace.foundation.db import transaction
from security.principal import Role
from tests.agencies.people_at_work import a_secondment, agency_id, an_admin, on_record
from tests.agencies.rules.test_signing import a_rule
from tests.builders import AT_WORK, a_person, an_agency, found, one

SOON = timedelta(days=30)


def test_agreeing_to_a_move_is_on_the_record_of_the_agency_that_takes_the_person(database: Engine) -> None:
    an_agency("south")
    a_secondment(a_person("north"), "south")
    assert [entry.agency_id for entry in on_record("move.approve")] != []
    assert agency_id("south") in {entry.agency_id for entry in on_record("move.approve")}


def test_a_longer_stay_of_a_partner_is_on_the_record(database: Engine) -> None:
    admin, sponsor = an_admin("north"), a_person("north")
    partner = a_partner(sponsor.membership_id, admin.agency_slug)
    with transaction() as tx:
        partners.renew(
            tx, partner, until=datetime.now(UTC) + SOON, sponsor_id=sponsor.membership_id,
            actor=admin, context=AT_WORK,
        )  # fmt: skip
    assert [entry.agency_id for entry in on_record("partner.renew")] == [admin.agency_id]


def a_partner(sponsor_membership: object, agency: str) -> object:
    """Somebody who works here for a while, answered for by a member."""
    partner = a_person(agency)
    person = one(select(Membership.person_id).where(Membership.id == sponsor_membership))
    with transaction() as tx:
        tx.execute(
            Membership.__table__.update()
            .where(Membership.id == partner.membership_id)
            .values(partner=True, sponsor_id=person, until=datetime.now(UTC) + SOON)
        )
    return partner.membership_id


def test_drafting_a_rule_is_on_the_record(database: Engine) -> None:
    admin = an_admin("north")
    with transaction() as tx:
        drafting.keep_rule(tx, a_rule(), revision=0, actor=admin, context=AT_WORK)
    assert [entry.agency_id for entry in on_record("rules.draft")] == [admin.agency_id]


def test_inviting_is_on_the_record(database: Engine) -> None:
    admin = an_admin("north")
    with transaction() as tx:
        invitations.make(tx, admin.agency_id, roles=(Role.CONTRIBUTOR,), actor=admin, context=AT_WORK)
    assert [entry.agency_id for entry in on_record("person.invite")] == [admin.agency_id]


def test_somebody_who_leaves_is_in_no_unit_any_more(database: Engine) -> None:
    admin, person = an_admin("north"), a_person("north")
    with transaction() as tx:
        unit = units.make(tx, "Statistics", actor=admin, context=AT_WORK)
        unit_members.place(tx, person.membership_id, unit, actor=admin, context=AT_WORK)
    with transaction() as tx:
        leaving.end_membership(tx, person.membership_id, actor=admin, context=AT_WORK, reason="agency")
    assert [row.until is None for row in found(select(UnitMember.until))] == [False]
