"""A sign-in attempt: used once, in the browser and for the agency it was begun with, in ten minutes."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, select, update

from agencies import sessions, sign_in
from agencies.errors import NotAMember, SignInExpired
from agencies.models import Membership, Person, SignInAttempt
from agencies.sign_in import Attempt
from marketplace.foundation import clock
from marketplace.foundation.db import reading, transaction
from security.oidc import Vouched
from tests.builders import AT_WORK, a_person, an_agency, changed, found, one
from tests.together import losers, together, winners

STATE, BROWSER = "state-5d1e", "browser-a90c"
ISSUER, SUBJECT = "https://north.example", "maja"


def begun(agency: UUID) -> Attempt:
    attempt = Attempt(agency, "nonce", "verifier", "https://tasks.example/back", "/work")
    with transaction() as tx:
        sign_in.begin(tx, attempt, state=STATE, browser=BROWSER, context=AT_WORK)
    return attempt


def used(agency: UUID, state: str = STATE, browser: str = BROWSER) -> Attempt:
    with transaction() as tx:
        return sign_in.use(tx, state=state, browser=browser, agency_id=agency)


class TestAttempt:
    def test_comes_back_as_it_was_begun(self, database: Engine) -> None:
        agency = an_agency()
        attempt = begun(agency)
        assert used(agency) == attempt

    def test_works_once(self, database: Engine) -> None:
        agency = an_agency()
        begun(agency)
        used(agency)
        with pytest.raises(SignInExpired):
            used(agency)

    def test_works_once_even_at_the_same_moment(self, database: Engine) -> None:
        agency = an_agency()
        begun(agency)
        outcomes = together(*[lambda: used(agency)] * 5)
        assert len(winners(outcomes)) == 1
        assert set(losers(outcomes)) == {SignInExpired}

    def test_not_in_another_browser(self, database: Engine) -> None:
        agency = an_agency()
        begun(agency)
        with pytest.raises(SignInExpired):
            used(agency, browser="another")

    def test_not_for_another_agency(self, database: Engine) -> None:
        begun(an_agency())
        with pytest.raises(SignInExpired):
            used(an_agency())

    def test_not_with_another_state(self, database: Engine) -> None:
        agency = an_agency()
        begun(agency)
        with pytest.raises(SignInExpired):
            used(agency, state="another")

    def test_another_browsers_try_does_not_use_it_up(self, database: Engine) -> None:
        agency = an_agency()
        attempt = begun(agency)
        with pytest.raises(SignInExpired):
            used(agency, browser="another")
        assert used(agency) == attempt

    def test_not_after_its_time(self, database: Engine) -> None:
        agency = an_agency()
        begun(agency)
        with transaction() as tx:
            now = clock.now(tx)
        changed(update(SignInAttempt).values(over_at=now))
        with pytest.raises(SignInExpired):
            used(agency)

    def test_state_and_browser_are_stored_as_digests(self, database: Engine) -> None:
        begun(an_agency())
        row = found(select(SignInAttempt.state, SignInAttempt.browser))[0]
        assert STATE.encode() not in bytes(row.state)
        assert BROWSER.encode() not in bytes(row.browser)

    def test_what_nobody_came_back_from_is_forgotten(self, database: Engine) -> None:
        begun(an_agency())
        with transaction() as tx:
            assert sign_in.forget_over(tx) == 0
            tx.execute(update(SignInAttempt).values(over_at=datetime(2020, 1, 1, tzinfo=UTC)))
            assert sign_in.forget_over(tx) == 1


class TestComplete:
    def completed(self, agency: UUID, **claims: Any) -> Any:
        with transaction() as tx:
            return sign_in.complete(
                tx, agency, Vouched(**{"issuer": ISSUER, "subject": SUBJECT} | claims), AT_WORK
            )

    def test_begins_the_session_of_the_person(self, database: Engine) -> None:
        person = a_person("north", identity=(ISSUER, SUBJECT))
        token, actor = self.completed(person.agency_id)
        with reading() as db:
            acting = sessions.read(db, token, None)
        assert acting is not None
        assert acting.principal == actor == person

    def test_keeps_how_and_when_the_agency_asked_the_person(self, database: Engine) -> None:
        person = a_person("north", identity=(ISSUER, SUBJECT))
        token, _ = self.completed(
            person.agency_id, acr="two-factor", auth_time=datetime.fromtimestamp(1_700_000_000, UTC)
        )
        with reading() as db:
            acting = sessions.read(db, token, None)
        assert acting is not None
        assert (acting.context.acr, acting.context.auth_time) == (
            "two-factor", datetime.fromtimestamp(1_700_000_000, UTC),
        )  # fmt: skip

    def test_somebody_unregistered_is_no_member(self, database: Engine) -> None:
        person = a_person("north", identity=(ISSUER, SUBJECT))
        with pytest.raises(NotAMember):
            self.completed(person.agency_id, subject="somebody else")

    def test_the_same_subject_of_another_issuer_is_somebody_else(self, database: Engine) -> None:
        person = a_person("north", identity=(ISSUER, SUBJECT))
        with pytest.raises(NotAMember):
            self.completed(person.agency_id, issuer="https://south.example")

    def test_a_member_of_one_agency_is_none_of_another(self, database: Engine) -> None:
        a_person("north", identity=(ISSUER, SUBJECT))
        with pytest.raises(NotAMember):
            self.completed(an_agency("south"))

    def test_a_membership_that_ended_signs_nobody_in(self, database: Engine) -> None:
        person = a_person("north", identity=(ISSUER, SUBJECT))
        with transaction() as tx:
            now = clock.now(tx)
        changed(update(Membership).values(ended_at=now))
        with pytest.raises(NotAMember):
            self.completed(person.agency_id)

    def test_an_address_that_is_the_same_proves_nothing(self, database: Engine) -> None:
        person = a_person("north", identity=(ISSUER, SUBJECT))
        mail = one(select(Person.email))
        with pytest.raises(NotAMember):
            self.completed(person.agency_id, subject="another", email=mail)
