"""People and memberships: who a principal is, read afresh, and read again where it matters."""

import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.exc import IntegrityError

from agencies import people
from agencies.errors import NotPermitted
from agencies.models import Membership, Person, RoleGrant
from marketplace.foundation import clock
from marketplace.foundation.db import reading, transaction
from security.labels import Level
from security.principal import Principal, Role
from tests.builders import a_person, one


def read(person: Principal) -> Principal | None:
    with reading() as db:
        return people.read(db, person.membership_id)


def test_a_principal_is_what_was_registered(database: Engine) -> None:
    person = a_person(
        "north", roles=(Role.CONTRIBUTOR, Role.TASK_OWNER), clearance=Level.INTERNAL, skills=("law", "dutch"),
        name="Maja", locale="nl",
    )  # fmt: skip
    told = (person.agency_slug, person.roles, person.clearance, person.skills, person.name, person.locale)
    assert told == (
        "north", {Role.CONTRIBUTOR, Role.TASK_OWNER}, Level.INTERNAL, {"law", "dutch"}, "Maja", "nl",
    )  # fmt: skip


def test_without_roles_and_skills_there_are_none(database: Engine) -> None:
    person = a_person(roles=())
    assert (person.roles, person.skills) == (frozenset(), frozenset())


def test_one_identity_is_one_person(database: Engine) -> None:
    a_person("north", identity=("https://north.example", "maja"))
    with pytest.raises(IntegrityError):
        a_person("north", identity=("https://north.example", "maja"))


def test_a_membership_that_ended_is_no_principal(database: Engine) -> None:
    person = a_person()
    with transaction() as tx:
        tx.execute(update(Membership).values(ended_at=clock.now(tx)))
    assert read(person) is None


def test_who_is_known_to_the_record_by_another_id_than_to_the_work(database: Engine) -> None:
    person = a_person()
    assert person.subject_id != person.person_id


class TestStillHolds:
    """Read again in the write transaction: what ended since the request began does not act any more."""

    def ask(self, person: Principal, role: Role) -> None:
        with transaction() as tx:
            people.still_holds(tx, person, role)

    def test_a_role_that_is_held_passes(self, database: Engine) -> None:
        self.ask(a_person(), Role.CONTRIBUTOR)

    def test_a_role_that_was_never_held_does_not(self, database: Engine) -> None:
        with pytest.raises(NotPermitted):
            self.ask(a_person(), Role.TASK_OWNER)

    def test_a_role_that_ended_does_not(self, database: Engine) -> None:
        person = a_person()
        with transaction() as tx:
            tx.execute(update(RoleGrant).values(until=clock.now(tx)))
        with pytest.raises(NotPermitted):
            self.ask(person, Role.CONTRIBUTOR)

    def test_a_membership_that_ended_does_not(self, database: Engine) -> None:
        person = a_person()
        with transaction() as tx:
            tx.execute(update(Membership).values(ended_at=clock.now(tx)))
        with pytest.raises(NotPermitted):
            self.ask(person, Role.CONTRIBUTOR)

    def test_a_role_of_somebody_else_does_not(self, database: Engine) -> None:
        a_person(roles=(Role.TASK_OWNER,))
        with pytest.raises(NotPermitted):
            self.ask(a_person(), Role.TASK_OWNER)

    def test_a_role_can_be_given_again_after_it_ended(self, database: Engine) -> None:
        person = a_person()
        with transaction() as tx:
            tx.execute(update(RoleGrant).values(until=clock.now(tx)))
        with transaction() as tx:
            grant = {"id": person.person_id, "membership_id": person.membership_id, "role": "contributor"}
            tx.execute(RoleGrant.__table__.insert(), grant | {"since": clock.now(tx)})
        self.ask(person, Role.CONTRIBUTOR)


def test_the_chosen_language_is_remembered(database: Engine) -> None:
    person = a_person(locale="en")
    with transaction() as tx:
        people.set_locale(tx, person, "fr")
    assert one(select(Person.locale)) == "fr"
