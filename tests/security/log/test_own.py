"""One's own entries: what others did that concerns me, what I did, and the proof of both."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select, update

from agencies import people_list
from marketplace.foundation.db import transaction
from security import notes, verifier
from security.log import audit, checkpoints, own, sequencer
from security.log.filtering import Filters
from security.log.models import AuditEntry, AuditPending, LogSubject
from security.log.own import Side
from security.log.proving import NotSignedYet
from security.principal import Principal, Role
from tests.agencies.people_at_work import an_admin
from tests.builders import AT_WORK, a_person, changed, found

LOG = notes.signer("market.example/log", notes.LOG, bytes(range(32)))
EVERYTHING = Filters()


@pytest.fixture
def maja(database: Engine) -> Principal:
    return a_person("north")


@pytest.fixture
def admin(maja: Principal) -> Principal:
    return an_admin("north")


def looks(by: Principal, at: Principal) -> None:
    with transaction() as tx:
        people_list.view(tx, at.membership_id, actor=by, context=AT_WORK)


def did(actor: Principal, act: str = "claim.take") -> None:
    with transaction() as tx:
        audit.record(tx, act, audit.Target("claim", "c", actor.agency_id), actor=actor, context=AT_WORK)


def shown(actor: Principal, side: Side, asked: Filters = EVERYTHING, **given: Any) -> dict[str, Any]:
    with transaction() as tx:
        sequencer.sequence(tx)
    with transaction() as tx:
        return own.entries(tx, side, asked, actor=actor, context=AT_WORK, **given)


def acts(page: dict[str, Any]) -> list[str]:
    return [row["act"] for row in page["rows"]]


def proved(actor: Principal, side: Side, **given: Any) -> dict[str, Any]:
    with transaction() as tx:
        sequencer.sequence(tx)
        checkpoints.sign(tx, LOG)
    with transaction() as tx:
        made = own.proof(tx, side, EVERYTHING, actor=actor, context=AT_WORK, **given)
    return json.loads(json.dumps(made))  # type: ignore[no-any-return]


def test_what_others_did_and_what_i_did_are_two_lists(maja: Principal, admin: Principal) -> None:
    looks(admin, maja)
    looks(maja, maja)
    did(maja)
    did(admin)
    assert acts(shown(maja, Side.ABOUT)) == ["person.view", "person.join"]
    assert acts(shown(maja, Side.BY, Filters(without_readings=True))) == ["claim.take", "person.view"]


def test_who_acted_is_an_agency_and_never_a_pseudonym(maja: Principal, admin: Principal) -> None:
    looks(admin, maja)
    page = shown(maja, Side.ABOUT)
    assert page["rows"][0]["agency_id"] == admin.agency_id
    for subject in found(select(LogSubject.id, LogSubject.pseudonym)):
        assert str(subject.id) not in str(page)
        assert subject.pseudonym not in str(page)
    assert not {"session", "device", "device_id", "subject_id"} & set(page["rows"][0])


def test_looking_at_it_is_on_record_and_lists_itself_only_when_asked(maja: Principal) -> None:
    for _ in range(3):
        shown(maja, Side.ABOUT)
    assert acts(shown(maja, Side.ABOUT)) == ["person.join"]
    assert acts(shown(maja, Side.BY, Filters(without_readings=True))) == []
    assert acts(shown(maja, Side.BY, Filters(act="log.read_own"))) == ["log.read_own"] * 5
    [row] = found(select(AuditPending.__table__))
    assert (row.act, row.subject_id, row.object_kind) == ("log.read_own", maja.subject_id, "log")


def test_an_officers_search_for_them_is_shown(maja: Principal) -> None:
    officer = a_person("north", roles=(Role.SECURITY_OFFICER,))
    target = audit.Target("person", maja.subject_id, maja.agency_id)
    with transaction() as tx:
        audit.record(tx, "log.read", target, actor=officer, context=AT_WORK)
    assert acts(shown(maja, Side.ABOUT))[0] == "log.read"


def test_acts_and_periods_can_be_chosen(maja: Principal) -> None:
    did(maja)
    did(maja, "claim.release")
    shown(maja, Side.BY)
    early = datetime.now(UTC) - timedelta(days=3)
    changed(update(AuditEntry).where(AuditEntry.act == "claim.take").values(at=early))
    since = datetime.now(UTC) - timedelta(days=1)
    assert acts(shown(maja, Side.BY, Filters(since=since, without_readings=True))) == ["claim.release"]
    assert acts(shown(maja, Side.BY, Filters(act="claim.take"))) == ["claim.take"]


def test_pages_follow_each_other_without_gap(maja: Principal) -> None:
    for _ in range(7):
        did(maja)
    hidden, before, numbers = Filters(without_readings=True), None, []
    for _ in range(3):
        page = shown(maja, Side.BY, hidden, limit=3, before=before)
        numbers += [row["number"] for row in page["rows"]]
        before = page["next"]
    assert before is None
    assert numbers == sorted(set(numbers), reverse=True)
    assert len(numbers) == 7


def test_a_deferral_hides_the_entry_until_its_day(maja: Principal, admin: Principal) -> None:
    target = audit.Target("person", maja.subject_id, maja.agency_id)
    today = datetime.now(UTC).date()
    for day in (today + timedelta(days=1), today):
        with transaction() as tx:
            detail = {"kind": "pseudonym", own.PUT_OFF: day.isoformat()}
            audit.record(tx, "look_up.read", target, actor=admin, context=AT_WORK, detail=detail)
    assert acts(shown(maja, Side.ABOUT)) == ["look_up.read", "person.join"]


class TestProof:
    def test_the_verifier_finds_every_entry_on_the_record(self, maja: Principal, admin: Principal) -> None:
        for _ in range(3):
            looks(admin, maja)
            did(admin)
        made = proved(maja, Side.ABOUT)
        said = " ".join(verifier.verify(made, verifier.Key(str(LOG.verifier)), [], 0))
        assert said.count("(1 to read, 0 as hashes)") == 4
        names = [json.loads(part["entries"][0])["activity_name"] for part in made["parts"]]
        assert names == ["person.join", "person.view", "person.view", "person.view"]

    def test_what_was_touched_does_not_hold(self, maja: Principal, admin: Principal) -> None:
        looks(admin, maja)
        made = proved(maja, Side.ABOUT)
        made["parts"][0]["entries"][0] = re.sub("done", "refused", made["parts"][0]["entries"][0])
        with pytest.raises(verifier.Wrong):
            list(verifier.verify(made, verifier.Key(str(LOG.verifier)), [], 0))

    def test_it_proves_the_page_that_is_shown_and_never_more_than_200(self, maja: Principal) -> None:
        for _ in range(203):
            did(maja)
        page = shown(maja, Side.BY, before=100, limit=2)
        made = proved(maja, Side.BY, before=100, limit=2)
        assert {part["first"] for part in made["parts"]} == {row["number"] for row in page["rows"]}
        assert len(proved(maja, Side.BY, limit=500)["parts"]) == 200

    def test_what_is_not_signed_yet_is_not_proved(self, maja: Principal) -> None:
        with transaction() as tx:
            sequencer.sequence(tx)
        with pytest.raises(NotSignedYet), transaction() as tx:
            own.proof(tx, Side.ABOUT, EVERYTHING, actor=maja, context=AT_WORK)
