"""One hat at a time, and only one that the provider of this session vouches for."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, insert, select, update

from agencies import directory, hats, held_forms, memberships, sessions
from agencies.errors import CannotWearHat
from agencies.held_forms import Form, HeldForm
from agencies.models import Identity, Membership
from agencies.sessions import Begun
from marketplace.foundation import clock
from marketplace.foundation.db import reading, transaction
from security.log.models import AuditPending
from security.oidc import Vouched
from security.principal import Context, Principal, Role
from tests.builders import AT_WORK, a_person, changed, found, one

NORTH, SOUTH = "https://north.example", "https://south.example"


@pytest.fixture
def maja(database: Engine) -> Principal:
    """Maja of the north, where both agencies have a provider."""
    with transaction() as tx:
        for slug, issuer in (("north", NORTH), ("south", SOUTH)):
            directory.add(
                tx, slug=slug, name=slug.title(), initials="AG", tint="blue", domain=f"{slug}.example"
            )
            directory.add_provider(tx, slug, issuer=issuer, client_id="us", client_secret="x")
    return a_person("north", identity=(NORTH, "maja"))


def a_membership(person: Principal, agency: str, **given: Any) -> UUID:
    with transaction() as tx:
        agency_id = directory.id_of(tx, agency)
        return memberships.enrol(tx, person.person_id, agency_id, roles=(Role.CONTRIBUTOR,), **given)


def begun(person: Principal, issuer: str = NORTH) -> Begun:
    with transaction() as tx:
        return sessions.begin(tx, person.membership_id, Vouched(issuer, "maja", id_token="a.b.c"))


def of(person: Principal, session: Begun) -> list[hats.Hat]:
    with reading() as db:
        return hats.of(db, person, session.reference)


def worn(person: Principal, session: Begun, membership_id: UUID) -> Begun:
    context = replace(AT_WORK, session=session.reference)
    with transaction() as tx:
        return hats.wear(tx, session.token, membership_id, actor=person, context=context)


def acting(session: Begun) -> Principal:
    with reading() as db:
        found = sessions.read(db, session.token, None)
    assert found is not None
    return found.principal


def test_a_person_of_one_agency_has_one(maja: Principal) -> None:
    (hat,) = of(maja, begun(maja))
    assert (hat.agency_name, hat.worn, hat.home_name) == ("North", True, None)


def test_a_secondment_is_vouched_for_at_home(maja: Principal) -> None:
    a_membership(maja, "south", home_id=maja.membership_id)
    _, lent = of(maja, begun(maja))
    assert (lent.agency_name, lent.home_name, lent.wearable, lent.door) == ("South", "North", True, "north")


def test_changing_rotates_the_session_and_keeps_what_it_is(maja: Principal) -> None:
    lent = a_membership(maja, "south", home_id=maja.membership_id)
    session = begun(maja)
    fresh = worn(maja, session, lent)
    assert fresh.token != session.token
    assert fresh.reference == session.reference
    with reading() as db:
        assert sessions.read(db, session.token, None) is None
        assert sessions.voucher(db, fresh.token).id_token == "a.b.c"
    assert (acting(fresh).agency_slug, acting(fresh).home_agency) == ("south", "North")


def test_and_back_again(maja: Principal) -> None:
    lent = a_membership(maja, "south", home_id=maja.membership_id)
    there = worn(maja, begun(maja), lent)
    back = worn(acting(there), there, maja.membership_id)
    assert acting(back) == maja


def test_the_change_is_on_the_record_of_the_agency_it_went_to(maja: Principal) -> None:
    lent = a_membership(maja, "south", home_id=maja.membership_id)
    session = begun(maja)
    worn(maja, session, lent)
    row = found(select(AuditPending.__table__).where(AuditPending.act == "session.change_hat"))[0]
    assert row.detail == {"from": "north", "to": "south"}
    assert (row.object_id, row.subject_id) == (session.reference, maja.subject_id)
    with reading() as db:
        assert row.object_agency_id == row.agency_id == directory.id_of(db, "south")


def test_a_membership_of_another_providers_agency_takes_a_sign_in_there(maja: Principal) -> None:
    other = a_membership(maja, "south")
    changed(insert(Identity).values(issuer=SOUTH, subject="maja", person_id=maja.person_id))
    session = begun(maja)
    _, hat = of(maja, session)
    assert (hat.wearable, hat.door) == (False, "south")
    with pytest.raises(CannotWearHat):
        worn(maja, session, other)
    assert acting(session) == maja


def test_nobody_wears_somebody_elses(maja: Principal) -> None:
    other = a_person("north", identity=(NORTH, "other"))
    session = begun(maja)
    with pytest.raises(CannotWearHat):
        worn(maja, session, other.membership_id)
    assert acting(session) == maja


@pytest.mark.parametrize("whose", ["lent", "home"])
@pytest.mark.parametrize("how", ["ended_at", "until"])
def test_a_secondment_that_is_over_there_or_at_home_is_not_worn(
    maja: Principal, whose: str, how: str
) -> None:
    lent = a_membership(maja, "south", home_id=maja.membership_id)
    session = begun(maja)
    with transaction() as tx:
        over = clock.now(tx) - timedelta(seconds=1)
    ended = lent if whose == "lent" else maja.membership_id
    changed(update(Membership).where(Membership.id == ended).values({how: over}))
    with pytest.raises(CannotWearHat):
        worn(maja, session, lent)


def test_a_form_of_the_other_hat_is_not_kept(maja: Principal) -> None:
    lent = a_membership(maja, "south", home_id=maja.membership_id)
    session = begun(maja)
    with transaction() as tx:
        held_forms.hold(tx, Form("/x", ()), token=session.token, session=session.reference)
    worn(maja, session, lent)
    assert one(select(HeldForm.id)) is None


def test_a_program_wears_none(maja: Principal) -> None:
    with reading() as db:
        (hat,) = hats.of(db, maja, None)
    assert not hat.wearable
    assert Context("api").session is None
