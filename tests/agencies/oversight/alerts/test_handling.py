"""Taking an alert, handing it on, closing it: by officers of its agency, never by whom it is about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, delete, select, update

from agencies.errors import NotPermitted
from agencies.models import Notice, RoleGrant
from agencies.oversight.alerts import handling, listing
from agencies.oversight.alerts.errors import (
    AlertAboutYou,
    AlertClosed,
    AlertTaken,
    BadFinding,
    NoSuchAlert,
    NotAnOfficer,
)
from agencies.oversight.models import Alert
from marketplace.foundation.db import reading, transaction
from marketplace.foundation.errors import DomainError
from marketplace.foundation.ids import new_id
from security.labels import Level
from security.log.models import AuditPending
from security.principal import Principal, Role
from tests.agencies.oversight.alerts.noticing import at, happened, looked, put
from tests.builders import AT_WORK, a_person, changed, found, one
from tests.together import losers, together


@pytest.fixture
def officer(database: Engine) -> Principal:
    return a_person("north", roles=(Role.SECURITY_OFFICER,))


@pytest.fixture
def colleague(officer: Principal) -> Principal:
    return a_person("north", roles=(Role.SECURITY_OFFICER,))


@pytest.fixture
def alert(officer: Principal) -> UUID:
    """An alert about somebody of "north"."""
    return about(a_person("north"))


def about(person: Principal) -> UUID:
    happened("result.export", person, 0, level=Level.SENSITIVE)
    [row] = looked()
    changed(delete(AuditPending))
    changed(delete(Notice))
    return row.id  # type: ignore[no-any-return]


def do(act: Callable[..., None], actor: Principal, alert_id: UUID, *given: Any) -> None:
    with transaction() as tx:
        act(tx, alert_id, *given, actor=actor, context=AT_WORK)


def take(actor: Principal, alert_id: UUID) -> None:
    do(handling.take, actor, alert_id)


def hand_on(actor: Principal, alert_id: UUID, to: Principal | None) -> None:
    do(handling.hand_on, actor, alert_id, to.membership_id if to else None)


def close(actor: Principal, alert_id: UUID, finding: str = "explained", note: str = "") -> None:
    do(handling.close, actor, alert_id, finding, note)


def state() -> tuple[str, UUID | None]:
    [row] = found(select(Alert.state, Alert.holder_id))
    return row.state, row.holder_id


def acts() -> list[tuple[str, UUID | None, str | None, Any]]:
    rows = found(select(AuditPending.__table__).order_by(AuditPending.id))
    return [(row.act, row.subject_id, row.object_id, row.detail) for row in rows]


def refused(kind: type[DomainError], act: Callable[..., None], *given: Any) -> None:
    before = state()
    with pytest.raises(kind):
        act(*given)
    assert (state(), acts()) == (before, [])


class TestTaking:
    def test_an_officer_takes_it(self, officer: Principal, alert: UUID) -> None:
        take(officer, alert)
        assert state() == ("taken", officer.person_id)
        assert acts() == [("alert.take", officer.subject_id, str(alert), {"kind": "sensitive_export"})]

    def test_of_two_at_once_one_takes_it(self, officer: Principal, colleague: Principal, alert: UUID) -> None:
        outcomes = together(lambda: take(officer, alert), lambda: take(colleague, alert))
        assert losers(outcomes) == [AlertTaken]

    def test_nobody_takes_one_about_themselves(self, colleague: Principal) -> None:
        refused(AlertAboutYou, take, colleague, about(colleague))

    def test_what_is_closed_is_not_taken(self, officer: Principal, alert: UUID) -> None:
        changed(update(Alert).values(state="closed"))
        refused(AlertClosed, take, officer, alert)


class TestHandingOn:
    def test_a_colleague_gets_it_and_is_told(
        self, officer: Principal, colleague: Principal, alert: UUID
    ) -> None:
        hand_on(officer, alert, colleague)
        assert state() == ("taken", colleague.person_id)
        assert acts() == [
            (
                "alert.hand_on", officer.subject_id, str(colleague.subject_id),
                {"kind": "sensitive_export"},
            )
        ]  # fmt: skip
        rows = found(select(Notice.person_id, Notice.kind, Notice.path))
        assert [tuple(row) for row in rows] == [
            (colleague.person_id, "alert.handed_on", f"/record/alerts/{alert}")
        ]

    def test_one_takes_over_what_a_colleague_has(
        self, officer: Principal, colleague: Principal, alert: UUID
    ) -> None:
        take(colleague, alert)
        hand_on(officer, alert, officer)
        assert state() == ("taken", officer.person_id)
        assert found(select(Notice.id)) == []

    @pytest.mark.parametrize("whom", ["nobody", "no officer", "another agency", "one who was", "who has it"])
    def test_only_an_officer_of_the_agency_gets_it(self, officer: Principal, alert: UUID, whom: str) -> None:
        receivers = {
            "nobody": lambda: None,
            "no officer": lambda: a_person("north"),
            "another agency": lambda: a_person("south", roles=(Role.SECURITY_OFFICER,)),
            "one who was": lambda: a_person("north", roles=(Role.SECURITY_OFFICER,)),
            "who has it": lambda: officer,
        }
        receiver = receivers[whom]()
        if whom == "one who was" and receiver is not None:
            mine = RoleGrant.membership_id == receiver.membership_id
            changed(update(RoleGrant).where(mine).values(ended_at=RoleGrant.since))
        take(officer, alert)
        changed(delete(AuditPending))
        refused(NotAnOfficer, hand_on, officer, alert, receiver)

    def test_a_refusal_does_not_say_whose_pseudonym_it_is(
        self, officer: Principal, colleague: Principal
    ) -> None:
        alert = about(colleague)
        hand_on(officer, alert, colleague)
        assert state() == ("taken", colleague.person_id)
        hand_on(colleague, alert, officer)
        assert state() == ("taken", officer.person_id)

    def test_what_is_closed_is_not_handed_on(
        self, officer: Principal, colleague: Principal, alert: UUID
    ) -> None:
        changed(update(Alert).values(state="closed"))
        refused(AlertClosed, hand_on, officer, alert, colleague)


class TestClosing:
    @pytest.mark.parametrize("finding", handling.FINDINGS)
    def test_with_what_was_found(self, officer: Principal, alert: UUID, finding: str) -> None:
        close(officer, alert, finding, "A visit was agreed.")
        row = found(select(Alert.state, Alert.finding, Alert.note, Alert.closed_at))[0]
        assert (row.state, row.finding, row.note) == ("closed", finding, "A visit was agreed.")
        assert row.closed_at is not None

    def test_the_record_knows_the_finding_and_not_the_note(self, officer: Principal, alert: UUID) -> None:
        close(officer, alert, "mistake", "A visit was agreed.")
        detail = {"kind": "sensitive_export", "finding": "mistake"}
        assert acts() == [("alert.close", officer.subject_id, str(alert), detail)]

    def test_the_one_who_took_it_closes_it_and_nobody_else(
        self, officer: Principal, colleague: Principal, alert: UUID
    ) -> None:
        take(officer, alert)
        changed(delete(AuditPending))
        refused(AlertTaken, close, colleague, alert)
        close(officer, alert)
        assert one(select(Alert.state)) == "closed"

    def test_nobody_closes_one_about_themselves(self, officer: Principal, colleague: Principal) -> None:
        alert = about(colleague)
        refused(AlertAboutYou, close, colleague, alert)
        hand_on(officer, alert, colleague)
        changed(delete(AuditPending))
        refused(AlertAboutYou, close, colleague, alert)

    def test_once(self, officer: Principal, alert: UUID) -> None:
        close(officer, alert)
        changed(delete(AuditPending))
        refused(AlertClosed, close, officer, alert)

    def test_a_note_has_500_characters(self, officer: Principal, alert: UUID) -> None:
        refused(BadFinding, close, officer, alert, "explained", "n" * 501)
        close(officer, alert, "explained", "n" * 500)

    def test_the_finding_is_one_of_the_list(self, officer: Principal, alert: UUID) -> None:
        refused(BadFinding, close, officer, alert, "guilty")


@pytest.mark.parametrize("act", [take, close, lambda actor, alert: hand_on(actor, alert, actor)])
class TestWho:
    def test_the_officer_of_another_agency_finds_none(self, alert: UUID, act: Callable[..., None]) -> None:
        refused(NoSuchAlert, act, quietly("south", Role.SECURITY_OFFICER), alert)

    def test_also_the_marketplaces_officer_only_in_their_own(
        self, alert: UUID, act: Callable[..., None]
    ) -> None:
        refused(NoSuchAlert, act, quietly("market", Role.MARKETPLACE_OFFICER), alert)
        act(quietly("north", Role.MARKETPLACE_OFFICER), alert)

    def test_one_that_does_not_exist(self, officer: Principal, alert: UUID, act: Callable[..., None]) -> None:
        refused(NoSuchAlert, act, officer, new_id())

    def test_a_role_that_has_ended_does_nothing(
        self, officer: Principal, alert: UUID, act: Callable[..., None]
    ) -> None:
        changed(update(RoleGrant).values(ended_at=RoleGrant.since))
        refused(NotPermitted, act, officer, alert)


def quietly(agency: str, role: Role) -> Principal:
    made = a_person(agency, roles=(role,))
    changed(delete(AuditPending))
    return made


class TestListing:
    def test_an_agency_sees_its_own(self, officer: Principal, alert: UUID) -> None:
        stranger = a_person("south", roles=(Role.SECURITY_OFFICER,))
        with reading() as db:
            assert [row["id"] for row in listing.listing(db, officer.agency_id)] == [alert]
            assert listing.listing(db, stranger.agency_id) == []
            assert listing.not_closed(db, stranger.agency_id, 9) == []
            with pytest.raises(NoSuchAlert):
                listing.one(db, alert, stranger.agency_id)

    def test_what_is_not_closed_comes_first(self, officer: Principal) -> None:
        with transaction() as tx:
            for minute, state in enumerate(["closed", "open", "taken", "closed", "open"]):
                put(
                    tx, Alert, id=new_id(), agency_id=officer.agency_id, kind="gap", about=str(minute), first_number=0,
                    last_number=0, facts={}, raised_at=at(minute), last_at=at(minute), state=state,
                )  # fmt: skip
        with reading() as db:
            listed = [row["about"] for row in listing.listing(db, officer.agency_id)]
            waiting = [row["about"] for row in listing.not_closed(db, officer.agency_id, 2)]
            closed = [row["about"] for row in listing.listing(db, officer.agency_id, state="closed")]
            page = [row["about"] for row in listing.listing(db, officer.agency_id, skip=1, limit=1)]
        assert (listed, waiting) == (["4", "2", "1", "3", "0"], ["4", "2"])
        assert (closed, page) == (["3", "0"], ["2", "1"])
