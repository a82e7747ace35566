"""Partners: from outside, answered for by a member, until a day within a year."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, update
from sqlalchemy.exc import IntegrityError

from agencies import joining, leaving, partners
from agencies.errors import NotPermitted
from agencies.invitations import Made
from agencies.models import Membership
from agencies.people_errors import BadPeriod, CannotMove, NoSuchPerson, RoleClash
from marketplace.foundation.db import reading, transaction
from security.principal import Principal, Role
from tests.agencies.people_at_work import an_admin, now_as, vouched
from tests.builders import AT_WORK, a_person, changed

NEXT_MONTH = datetime.now(UTC) + timedelta(days=30)


def invited(sponsor: Principal, actor: Principal, **given: Any) -> Made:
    with transaction() as tx:
        return partners.invite(
            tx, sponsor.membership_id, actor=actor, context=AT_WORK, **({"until": NEXT_MONTH} | given)
        )


def a_partner(sponsor: Principal, actor: Principal, **given: Any) -> Principal:
    made = invited(sponsor, actor, **given)
    with transaction() as tx:
        membership_id = joining.membership_for(
            tx, sponsor.agency_id, vouched("partner"), invitation=made.token, context=AT_WORK
        )
    now = now_as(membership_id)
    assert now is not None
    return now


def listed(agency: UUID) -> list[tuple[str, str, bool]]:
    with reading() as db:
        return [(row.name, row.sponsor, row.sponsor_here) for row in partners.listing(db, agency)]


def test_a_partner_carries_a_badge_and_an_end(database: Engine) -> None:
    partner = a_partner(a_person("north"), an_admin("north"))
    assert partner.partner
    assert partner.until is not None
    assert abs(partner.until - NEXT_MONTH) < timedelta(seconds=1)


def test_a_partner_is_over_by_itself(database: Engine) -> None:
    partner = a_partner(a_person("north"), an_admin("north"))
    changed(
        update(Membership)
        .where(Membership.id == partner.membership_id)
        .values(until=datetime.now(UTC) - timedelta(seconds=1))
    )
    assert now_as(partner.membership_id) is None


@pytest.mark.parametrize("days", [-1, 0, 366])
def test_for_a_year_at_most(database: Engine, days: int) -> None:
    sponsor, admin = a_person("north"), an_admin("north")
    with pytest.raises(BadPeriod):
        invited(sponsor, admin, until=datetime.now(UTC) + timedelta(days=days))


@pytest.mark.parametrize("role", [Role.AGENCY_ADMIN, Role.SECURITY_OFFICER, Role.WORKS_COUNCIL])
def test_never_administers_or_watches(database: Engine, role: Role) -> None:
    sponsor, admin = a_person("north"), an_admin("north")
    with pytest.raises(RoleClash):
        invited(sponsor, admin, roles=(Role.CONTRIBUTOR, role))


def test_somebody_of_the_agency_answers_for_them(database: Engine) -> None:
    admin = an_admin("north")
    with pytest.raises(NoSuchPerson):
        invited(a_person("south"), admin)


def test_no_partner_answers_for_another(database: Engine) -> None:
    admin = an_admin("north")
    partner = a_partner(a_person("north"), admin)
    with pytest.raises(NoSuchPerson):
        invited(partner, admin)


def test_is_for_administrators(database: Engine) -> None:
    maja = a_person("north")
    with pytest.raises(NotPermitted):
        invited(maja, maja)


def test_the_database_keeps_none_without_sponsor_and_end(database: Engine) -> None:
    maja = a_person("north")
    with pytest.raises(IntegrityError):
        changed(update(Membership).where(Membership.id == maja.membership_id).values(partner=True))


def test_can_be_renewed_under_another_sponsor(database: Engine) -> None:
    sponsor, admin, other = a_person("north"), an_admin("north"), a_person("north", name="Other")
    partner = a_partner(sponsor, admin)
    later = datetime.now(UTC) + timedelta(days=300)
    with transaction() as tx:
        partners.renew(
            tx,
            partner.membership_id,
            until=later,
            sponsor_id=other.membership_id,
            actor=admin,
            context=AT_WORK,
        )
    assert listed(sponsor.agency_id) == [("New Comer", "Other", True)]


def test_only_a_partner_is_renewed(database: Engine) -> None:
    maja, admin = a_person("north"), an_admin("north")
    with pytest.raises(CannotMove), transaction() as tx:
        partners.renew(
            tx,
            maja.membership_id,
            until=NEXT_MONTH,
            sponsor_id=maja.membership_id,
            actor=admin,
            context=AT_WORK,
        )


def test_a_sponsor_who_left_is_seen(database: Engine) -> None:
    sponsor, admin = a_person("north", name="Sponsor"), an_admin("north")
    a_partner(sponsor, admin)
    with transaction() as tx:
        leaving.end_membership(tx, sponsor.membership_id, actor=admin, context=AT_WORK, reason="agency")
    assert listed(sponsor.agency_id) == [("New Comer", "Sponsor", False)]
