"""Names behind pseudonyms: a purpose, a ticket, a second person, and being told."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, delete, select, update
from sqlalchemy.exc import IntegrityError

from agencies import leaving
from agencies.errors import NotPermitted
from agencies.models import RoleGrant
from agencies.oversight import look_ups
from agencies.oversight.look_ups import BadLookUp, LookUpOver, NobodyOfYours, NoSuchLookUp, TooManyFound
from agencies.oversight.models import LookUp, LookUpPerson
from agencies.people_errors import OwnAffair
from marketplace.foundation.db import transaction
from security.log.models import AuditPending
from security.principal import JOB, Principal, Role
from tests.agencies.oversight.looking_up import (
    a_second,
    asked,
    declined,
    granted,
    over_by_now,
    pseudonym_of,
    put_off,
    put_off_until,
    read,
    time_passes,
    today,
    told,
)
from tests.agencies.people_at_work import an_officer
from tests.builders import AT_WORK, a_person, changed, found, one
from tests.together import together


@pytest.fixture
def officer(database: Engine) -> Principal:
    return an_officer("north", name="Ola Officer")


@pytest.fixture
def second(officer: Principal) -> Principal:
    return a_second()


@pytest.fixture
def maja(officer: Principal) -> Principal:
    return a_person("north", name="Maja Okonkwo")


def entries(act: str) -> list[Any]:
    return list(found(select(AuditPending.__table__).where(AuditPending.act == act)))


def listed(by: Principal) -> list[dict[str, Any]]:
    with transaction() as tx:
        return look_ups.listing(tx, actor=by, context=AT_WORK)


def state_of(look_up: Any) -> str:
    state: str = one(select(LookUp.state).where(LookUp.id == look_up))
    return state


class TestWhatIsOpened:
    def test_a_pseudonym_opens_a_name(self, officer: Principal, second: Principal, maja: Principal) -> None:
        [opened] = read(granted(asked(officer, maja), second), officer)
        assert (opened.name, opened.agency, opened.former) == ("Maja Okonkwo", "North", False)

    @pytest.mark.parametrize(
        ("name", "typed"),
        [
            ("Özil Şahin", "özil"),
            ("Özil Şahin", "ÖZIL"),
            ("Özil Şahin", "O\u0308zil"),
            ("Mathéo Étienne", "ÉTIENNE mathéo"),
            ("Jörg Groß", "gross"),
        ],
    )
    def test_a_name_is_found_whatever_its_letters_and_however_they_are_written(
        self, officer: Principal, second: Principal, name: str, typed: str
    ) -> None:
        a_person("north", name=name)
        a_person("north", name="Ozan Etien")
        [opened] = read(granted(asked(officer, typed), second), officer)
        assert opened.name == name

    def test_a_name_opens_the_pseudonyms_of_everybody_who_bears_it(
        self, officer: Principal, second: Principal, maja: Principal
    ) -> None:
        other = a_person("north", name="Majana Berg")
        a_person("north", name="Somebody Else")
        opened = read(granted(asked(officer, "maja"), second), officer)
        assert {(each.name, each.pseudonym) for each in opened} == {
            ("Maja Okonkwo", pseudonym_of(maja)),
            ("Majana Berg", pseudonym_of(other)),
        }

    def test_a_name_that_nobody_bears_opens_nothing_and_is_on_the_record(
        self, officer: Principal, second: Principal
    ) -> None:
        assert read(granted(asked(officer, "Nemo"), second), officer) == []
        assert [row.object_kind for row in entries("look_up.read")] == ["look_up"]

    def test_somebody_who_left_is_opened_as_that(
        self, officer: Principal, second: Principal, maja: Principal
    ) -> None:
        with transaction() as tx:
            leaving.end_membership(tx, maja.membership_id, actor=None, context=JOB, reason="agency")
        [opened] = read(granted(asked(officer, maja), second), officer)
        assert opened.former

    def test_people_of_other_agencies_are_their_own_agencys_to_open(
        self, officer: Principal, second: Principal
    ) -> None:
        stranger = a_person("south", name="Maja Stranger")
        with pytest.raises(NobodyOfYours):
            asked(officer, stranger)
        assert read(granted(asked(officer, "Stranger"), second), officer) == []

    def test_a_pseudonym_nobody_has_and_one_of_another_agency_look_the_same(self, officer: Principal) -> None:
        with pytest.raises(NobodyOfYours), transaction() as tx:
            look_ups.ask(
                tx, "pseudonym", "dodo-00", purpose="court", ticket="A 12", actor=officer, context=JOB
            )

    def test_who_comes_after_the_asking_is_not_opened(
        self, officer: Principal, second: Principal, maja: Principal
    ) -> None:
        look_up = granted(asked(officer, "maja"), second)
        a_person("north", name="Maja Newcomer")
        assert [each.name for each in read(look_up, officer)] == ["Maja Okonkwo"]

    def test_a_name_that_many_bear_has_to_be_written_further(self, officer: Principal) -> None:
        for number in range(6):
            a_person("north", name=f"Jan Jansen {number}")
        with pytest.raises(TooManyFound):
            asked(officer, "jansen")


class TestTwoPeople:
    def test_nobody_answers_their_own(self, officer: Principal, maja: Principal) -> None:
        look_up = asked(officer, maja)
        with pytest.raises(OwnAffair):
            granted(look_up, officer)

    def test_the_database_holds_it_too(self, officer: Principal, second: Principal, maja: Principal) -> None:
        look_up = asked(officer, maja)
        mine = update(LookUp).where(LookUp.id == look_up)
        with pytest.raises(IntegrityError):
            changed(mine.values(state="granted", decided_by=officer.person_id))
        with pytest.raises(IntegrityError):
            changed(mine.values(state="granted"))
        with pytest.raises(IntegrityError):
            changed(mine.values(state="read", decided_by=second.person_id))

    def test_whoever_it_is_about_finds_it_absent(self, officer: Principal, second: Principal) -> None:
        look_up = asked(officer, second)
        with pytest.raises(NoSuchLookUp):
            granted(look_up, second)
        assert listed(second) == []

    def test_nothing_is_read_before_it_is_granted(self, officer: Principal, maja: Principal) -> None:
        look_up = asked(officer, maja)
        with pytest.raises(LookUpOver):
            read(look_up, officer)
        assert entries("look_up.read") == []

    def test_a_declined_one_is_not_read(self, officer: Principal, second: Principal, maja: Principal) -> None:
        look_up = asked(officer, maja)
        declined(look_up, second)
        with pytest.raises(LookUpOver):
            read(look_up, officer)

    def test_only_the_asker_reads(self, officer: Principal, second: Principal, maja: Principal) -> None:
        look_up = granted(asked(officer, maja), second)
        with pytest.raises(NoSuchLookUp):
            read(look_up, second)

    def test_another_agency_finds_nothing(self, officer: Principal, maja: Principal) -> None:
        look_up = asked(officer, maja)
        with pytest.raises(NoSuchLookUp):
            granted(look_up, an_officer("south"))

    @pytest.mark.parametrize("who", ["asker", "second"])
    def test_a_role_that_ended_opens_nothing(
        self, officer: Principal, second: Principal, maja: Principal, who: str
    ) -> None:
        look_up = asked(officer, maja)
        ended = officer if who == "asker" else second
        if who == "asker":
            granted(look_up, second)
        changed(delete(RoleGrant).where(RoleGrant.membership_id == ended.membership_id))
        with pytest.raises(NotPermitted):
            read(look_up, officer) if who == "asker" else granted(look_up, second)

    def test_of_two_answers_one_counts(self, officer: Principal, second: Principal, maja: Principal) -> None:
        look_up, third = asked(officer, maja), a_second()
        answers = together(lambda: granted(look_up, second), lambda: declined(look_up, third))
        assert [type(each) for each in answers if isinstance(each, Exception)] == [LookUpOver]


class TestTime:
    def test_what_nobody_answers_is_over(
        self, officer: Principal, second: Principal, maja: Principal
    ) -> None:
        look_up = asked(officer, maja)
        over_by_now(look_up)
        with pytest.raises(LookUpOver):
            granted(look_up, second)
        time_passes()
        assert state_of(look_up) == "over"

    def test_it_may_be_read_again_until_its_day_is_over(
        self, officer: Principal, second: Principal, maja: Principal
    ) -> None:
        look_up = granted(asked(officer, maja), second)
        assert read(look_up, officer) == read(look_up, officer)
        assert len(entries("look_up.read")) == 2
        over_by_now(look_up)
        with pytest.raises(LookUpOver):
            read(look_up, officer)
        time_passes()
        assert state_of(look_up) == "read"

    @pytest.mark.parametrize(
        ("field", "given"),
        [
            ("wanted", {"wanted": "ab"}),
            ("ticket", {"ticket": " x "}),
            ("ticket", {"ticket": "x" * 61}),
            ("purpose", {"purpose": "curiosity"}),
            ("kind", {"kind": "mail"}),
            ("told_after", {"told_after": timedelta(0), "put_off_because": "A case."}),
            ("told_after", {"told_after": timedelta(91), "put_off_because": "A case."}),
            ("put_off_because", {"told_after": timedelta(9)}),
            ("told_after", {"put_off_because": "A case."}),
        ],
    )
    def test_what_is_missing_or_too_far_is_said(
        self, officer: Principal, field: str, given: dict[str, Any]
    ) -> None:
        usual: dict[str, Any] = {"kind": "name", "wanted": "Nemo", "purpose": "court", "ticket": "A 12"}
        wanted = usual | given
        if "told_after" in wanted:
            wanted["told_after"] = today() + wanted["told_after"]
        with pytest.raises(BadLookUp) as refused, transaction() as tx:
            look_ups.ask(tx, wanted.pop("kind"), wanted.pop("wanted"), **wanted, actor=officer, context=JOB)
        assert set(refused.value.facts["errors"]) == {field}


class TestTelling:
    def test_they_are_told_at_once(self, officer: Principal, second: Principal, maja: Principal) -> None:
        look_up = granted(asked(officer, maja), second)
        assert told(maja) == []
        read(look_up, officer)
        read(look_up, officer)
        assert told(maja) == [("look_up.read", {"purpose": "investigation"})]
        assert [row.object_id for row in entries("person.tell")] == [str(maja.subject_id)]

    def test_a_deferral_ends_on_its_day(self, officer: Principal, second: Principal, maja: Principal) -> None:
        look_up = granted(asked(officer, maja, **put_off(90)), second)
        read(look_up, officer)
        time_passes()
        assert told(maja) == []
        put_off_until(look_up, today())
        time_passes()
        time_passes()
        assert len(told(maja)) == 1

    def test_a_deferral_that_lapsed_before_the_reading_tells_at_once(
        self, officer: Principal, second: Principal, maja: Principal
    ) -> None:
        look_up = granted(asked(officer, maja, **put_off(2)), second)
        put_off_until(look_up, today())
        read(look_up, officer)
        assert len(told(maja)) == 1

    def test_whose_name_was_not_opened_is_told_nothing(
        self, officer: Principal, second: Principal, maja: Principal
    ) -> None:
        declined(asked(officer, maja), second)
        granted(asked(officer, maja, **put_off(1)), second)
        changed(update(LookUp).values(told_after=today()).where(LookUp.told_after.is_not(None)))
        time_passes()
        assert told(maja) == []

    def test_two_jobs_at_once_tell_once(self, officer: Principal, second: Principal, maja: Principal) -> None:
        look_up = granted(asked(officer, maja, **put_off(2)), second)
        read(look_up, officer)
        put_off_until(look_up, today())
        together(time_passes, time_passes, time_passes)
        assert len(told(maja)) == 1


class TestTheRecord:
    def test_every_step_is_on_it(self, officer: Principal, second: Principal, maja: Principal) -> None:
        declined(asked(officer, "Nemo"), second)
        read(granted(asked(officer, maja), second), officer)
        steps = [row.act for row in found(select(AuditPending.act).order_by(AuditPending.id))]
        assert [act for act in steps if act.startswith(("look_up", "person.tell"))] == [
            "look_up.ask", "look_up.decline", "look_up.ask", "look_up.grant", "look_up.read", "person.tell",
        ]  # fmt: skip

    def test_reading_is_an_entry_about_the_person_and_says_why(
        self, officer: Principal, second: Principal, maja: Principal
    ) -> None:
        read(granted(asked(officer, maja, purpose="court"), second), officer)
        [row] = entries("look_up.read")
        assert (row.object_kind, row.object_id, row.purpose) == ("person", str(maja.subject_id), "court")
        assert row.detail == {"kind": "pseudonym"}

    def test_looking_at_one_and_at_the_list_is_on_it(self, officer: Principal, maja: Principal) -> None:
        look_up = asked(officer, maja)
        listed(officer)
        with transaction() as tx:
            look_ups.view(tx, look_up, actor=officer, context=AT_WORK)
        assert [row.object_kind for row in entries("look_up.list")] == ["agency"]
        [row] = entries("look_up.view")
        assert (row.object_kind, row.object_id, row.detail) == (
            "look_up", str(look_up), {"kind": "pseudonym"},
        )  # fmt: skip

    def test_nothing_typed_is_on_it(self, officer: Principal, second: Principal, maja: Principal) -> None:
        read(granted(asked(officer, "Okonkwo", **put_off(3)), second), officer)
        whole = " ".join(str(row.detail) for row in found(select(AuditPending.detail)))
        assert not re.search(r"Okonkwo|SEC-17|case", whole)


def test_the_list_shows_the_agencys_own_without_what_was_typed(officer: Principal, maja: Principal) -> None:
    asked(officer, maja)
    [row] = listed(officer)
    assert listed(an_officer("south")) == []
    assert "wanted" not in row
    assert (row["asker"], row["state"], row["mine"], row["to_answer"]) == (
        "Ola Officer",
        "asked",
        True,
        False,
    )


def test_a_look_up_knows_whom_it_is_about(officer: Principal, maja: Principal) -> None:
    asked(officer, maja)
    assert one(select(LookUpPerson.person_id)) == maja.person_id


def test_only_officers_and_data_protection_ask(officer: Principal) -> None:
    for role in set(Role) - {Role.SECURITY_OFFICER, Role.DATA_PROTECTION}:
        with pytest.raises(NotPermitted):
            asked(a_person("north", roles=(role,)), "Nemo")
