"""Shredding: what is sealed becomes unreadable, by schedule or because its owner wants it, and says so ever after."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, select, update

from agencies import device_keys
from agencies.keys import UnknownKey, bound
from agencies.models import Notice
from marketplace.edge.results_csv import results_csv
from marketplace.foundation.db import Tx, reading, transaction
from marketplace.foundation.errors import DomainError, Unavailable
from marketplace.foundation.jobs import Job
from security.log.models import AuditPending
from security.principal import Principal, Role
from tasks import (
    claims,
    contributions,
    drafts,
    facts,
    moving_years,
    opening,
    payloads,
    queries,
    results,
    retention,
    shredding,
)
from tasks.errors import (
    BadKeepDay,
    ClaimOver,
    NoSuchCampaign,
    NoSuchMicrotask,
    NotEligible,
    NothingSealed,
    NotYoursToShred,
    Shredded,
)
from tasks.models import Campaign, Claim, Draft, KeyRelease, Microtask, Payload, PayloadSlot
from tasks.settling import inferred, settle
from tests import end_to_end, on_device
from tests.builders import (
    AT_WORK,
    a_campaign,
    a_claim,
    a_contribution,
    a_person,
    an_agency,
    an_owner,
    changed,
    found,
    item_of,
    lapsed,
    one,
    opened,
    rolled_back,
    sealed_answer,
    settled,
)
from tests.tasks.invariants import assert_places_are_kept
from tests.tasks.test_payloads import everything_stored
from tests.together import together

TODAY = datetime.now(UTC).date()
YESTERDAY = TODAY - timedelta(days=1)


@dataclass
class Scene:
    """A sealed campaign of three items: one settled, one answered, one in hand with a draft."""

    owner: Principal
    person: Principal
    campaign: UUID
    claim: UUID

    @property
    def items(self) -> list[UUID]:
        mine = select(Microtask.id).where(Microtask.campaign_id == self.campaign)
        return [row.id for row in found(mine.order_by(Microtask.number))]


@pytest.fixture
def scene(database: Engine) -> Scene:
    return a_scene()


def a_scene() -> Scene:
    owner, person = an_owner(), a_person()
    campaign = a_campaign(owner, items=3, redundancy=1, level="sensitive")
    a_contribution(campaign, person, note="kingfisher")
    settled(campaign)
    a_contribution(campaign, person)
    claim = a_claim(campaign, person)
    made = Scene(owner, person, campaign, claim)
    with reading() as db:
        sealed_for = facts.campaign(db, campaign)
    device = on_device.device_of(person)
    ref = payloads.draft(item_of(claim), claim)
    with transaction() as tx:
        draft = on_device.draft_of(device, sealed_for, ref, {"kind": "bat"}, device)
        drafts.save(tx, claim, draft, actor=person, context=AT_WORK)
    return made


def day_passes(campaign: UUID, day: date = YESTERDAY) -> None:
    changed(update(Campaign).where(Campaign.id == campaign).values(keep_until=day))


def shred(campaign: UUID, limit: int = shredding.AT_ONCE) -> int:
    """All batches; returns how many there were."""
    after, batches = 0, 0
    while True:
        with transaction() as tx:
            last = shredding.shred_some(tx, campaign, after, limit)
        batches += 1
        if last is None:
            return batches
        after = last


def payloads_left() -> list[Any]:
    return found(select(Payload.id).where(Payload.shredded_on.is_(None)))


def on_record(act: str) -> list[Any]:
    return list(
        found(select(AuditPending.__table__).where(AuditPending.act == act).order_by(AuditPending.id))
    )


def headers() -> set[str]:
    return {sha256(row.header).hexdigest() for row in found(select(Payload.header))}


def read_result(scene: Scene) -> Any:
    device = on_device.device_of(scene.owner).thumbprint
    with transaction() as tx:
        return results.open_result(
            tx, scene.campaign, scene.items[0], actor=scene.owner, context=AT_WORK, device=device
        )


class TestBySchedule:
    def test_nothing_is_left_of_keys_and_content(self, scene: Scene) -> None:
        day_passes(scene.campaign)
        shred(scene.campaign)
        rows = found(select(Payload.__table__))
        assert rows
        assert {(row.body, row.signature, row.signer) for row in rows} == {(b"", None, None)}
        assert all(row.shredded_on is not None for row in rows)
        assert found(select(PayloadSlot.key_id)) == []
        assert found(select(Draft.payload_id)) == []

    def test_each_shredding_is_on_the_record_with_the_hash_of_its_header(self, scene: Scene) -> None:
        draft = one(select(Payload.header).join(Draft, Draft.payload_id == Payload.id))
        day_passes(scene.campaign)
        shred(scene.campaign)
        entries = on_record("payload.shred")
        assert {row.detail["header"] for row in entries} == headers()
        assert len(entries) == len(headers())
        assert {row.subject_id for row in entries} == {None}
        items = {str(each) for each in scene.items}
        assert {row.object_id for row in entries} == items | {str(scene.campaign)}
        assert [row.detail["header"] for row in on_record("draft.shred")] == [sha256(draft).hexdigest()]

    def test_reading_says_that_it_was_shredded(self, scene: Scene) -> None:
        assert read_result(scene)
        day_passes(scene.campaign)
        shred(scene.campaign)
        with pytest.raises(Shredded):
            read_result(scene)

    def test_lists_still_show_number_agreement_and_day(self, scene: Scene) -> None:
        given = {"actor": scene.owner, "context": AT_WORK}
        with transaction() as tx:
            before = results.listing(tx, scene.campaign, **given)["rows"]
        day_passes(scene.campaign)
        shred(scene.campaign)
        with transaction() as tx:
            after = results.listing(tx, scene.campaign, **given)["rows"]
            outline = results.outline(tx, scene.campaign, scene.items[0], **given)
        gone = one(select(Payload.shredded_on).limit(1))
        assert after == [row | {"shredded_on": gone} for row in before]
        assert (outline["number"], outline["agreeing"], outline["shredded_on"]) == (1, 1, gone)

    def test_an_export_has_a_line_with_nothing_in_it(self, scene: Scene) -> None:
        day_passes(scene.campaign)
        shred(scene.campaign)
        with transaction() as tx:
            lines = results_csv(tx, scene.campaign, actor=scene.owner, context=AT_WORK).splitlines()
        assert lines[1:] == [f"1,,,1,1,no,majority-1,{TODAY.isoformat()},,"]

    def test_its_day_has_to_be_over(self, scene: Scene) -> None:
        before = len(payloads_left())
        day_passes(scene.campaign, TODAY)
        assert shred(scene.campaign) == 1
        assert len(payloads_left()) == before
        with transaction() as tx:
            assert shredding.begin_due(tx) == 0

    def test_what_is_over_is_found_until_it_is_done(self, scene: Scene) -> None:
        a_scene()
        day_passes(scene.campaign)
        with transaction() as tx:
            assert shredding.begin_due(tx) == 1
        waiting = select(Job.args).where(Job.kind == "campaign.shred", Job.state == "ready")
        assert [row.args["campaign_id"] for row in found(waiting)] == [str(scene.campaign)]
        shred(scene.campaign)
        with transaction() as tx:
            assert shredding.begin_due(tx) == 0

    def test_what_has_no_campaign_key_is_found_too(self, scene: Scene) -> None:
        day_passes(scene.campaign)
        changed(update(Campaign).values(key_payload_id=None, public_key=None))
        with transaction() as tx:
            assert shredding.begin_due(tx) == 1
        shred(scene.campaign)
        with transaction() as tx:
            assert shredding.begin_due(tx) == 0

    def test_what_is_not_sealed_is_left_alone(self, database: Engine) -> None:
        campaign = a_campaign(level="internal")
        day_passes(campaign)
        with transaction() as tx:
            assert shredding.begin_due(tx) == 0
        shred(campaign)
        assert one(select(Microtask.content).limit(1)) is not None
        assert one(select(Campaign.state)) == "open"

    def test_another_campaign_stays_readable(self, scene: Scene) -> None:
        other = a_scene()
        day_passes(scene.campaign)
        shred(scene.campaign)
        assert read_result(other)
        assert opened(other.claim, other.person) == {"entry": "Entry 3"}


class TestInBatches:
    def test_goes_on_where_it_was_stopped(self, scene: Scene) -> None:
        day_passes(scene.campaign)
        with transaction() as tx:
            assert shredding.shred_some(tx, scene.campaign, 0, limit=1) == 1
        rolled_back(lambda tx: shredding.shred_some(tx, scene.campaign, 1, limit=1))
        assert len(payloads_left()) > 0
        assert shred(scene.campaign, limit=1) == 3
        assert payloads_left() == []

    def test_a_second_run_does_nothing_again(self, scene: Scene) -> None:
        day_passes(scene.campaign)
        shred(scene.campaign)
        before = len(found(select(AuditPending.id)))
        shred(scene.campaign)
        assert len(found(select(AuditPending.id))) == before

    def test_the_owner_is_told_once(self, scene: Scene) -> None:
        day_passes(scene.campaign)
        shred(scene.campaign, limit=1)
        shred(scene.campaign)
        told = found(select(Notice.person_id).where(Notice.kind == "campaign.shredded"))
        assert [row.person_id for row in told] == [scene.owner.person_id]


class TestClaims:
    def test_live_ones_end_and_their_holders_are_told(self, scene: Scene) -> None:
        day_passes(scene.campaign)
        shred(scene.campaign)
        assert one(select(Claim.ended).where(Claim.id == scene.claim)) == "given_back"
        told = found(select(Notice.person_id).where(Notice.kind == "claim.shredded"))
        assert [row.person_id for row in told] == [scene.person.person_id]
        assert [row.object_id for row in on_record("claim.withdraw")] == [str(item_of(scene.claim))]
        assert_places_are_kept()

    def test_there_are_no_new_ones_from_the_day_on(self, scene: Scene) -> None:
        other = a_person()
        day_passes(scene.campaign)
        with pytest.raises(NotEligible) as refusal:
            a_claim(scene.campaign, other)
        assert [reason.code for reason in refusal.value.facts["reasons"]] == ["closed"]

    def test_there_are_none_on_an_item_that_was_shredded(self, scene: Scene) -> None:
        with transaction() as tx:
            shredding.shred_item(tx, scene.items[2], actor=scene.owner, context=AT_WORK)
        with pytest.raises(DomainError), transaction() as tx:
            claims.claim_one(tx, scene.items[2], actor=scene.person, context=AT_WORK)

    @pytest.mark.parametrize("end", [lambda claim: claim, lapsed])
    def test_an_answer_comes_too_late(self, scene: Scene, end: Callable[[UUID], UUID]) -> None:
        answer = sealed_answer(scene.claim, scene.person, {"kind": "bat"})
        end(scene.claim)
        with transaction() as tx:
            shredding.shred_item(tx, scene.items[2], actor=scene.owner, context=AT_WORK)
        before = payloads_left()
        with pytest.raises(ClaimOver), transaction() as tx:
            contributions.submit(tx, scene.claim, answer, actor=scene.person, context=AT_WORK)
        day_passes(scene.campaign)
        shred(scene.campaign)
        with pytest.raises(Shredded), transaction() as tx:
            contributions.submit(tx, scene.claim, answer, actor=scene.person, context=AT_WORK)
        assert before
        assert payloads_left() == []

    def test_a_result_that_was_inferred_meanwhile_is_not_written(self, scene: Scene) -> None:
        with reading() as db:
            batch = inferred(db, scene.campaign)
        assert batch.by_microtask
        day_passes(scene.campaign)
        shred(scene.campaign)
        with transaction() as tx:
            assert settle(tx, scene.campaign, batch) == 0
        assert payloads_left() == []

    def test_the_room_does_not_call_shredded_items_taken(self, scene: Scene) -> None:
        day_passes(scene.campaign)
        shred(scene.campaign)
        with reading() as db:
            counts = queries.room(db, scene.campaign, scene.owner, AT_WORK)["counts"]
        assert counts == {"settled": 1, "undecided": 0, "claimed": 0, "open": 0, "shredded": 2}


class TestByTheOwner:
    def test_a_campaign_now(self, scene: Scene) -> None:
        with transaction() as tx:
            shredding.shred_campaign(tx, scene.campaign, actor=scene.owner, context=AT_WORK)
        with pytest.raises(NotEligible):
            a_claim(scene.campaign, a_person())
        assert one(select(Job.args).where(Job.kind == "campaign.shred")) == {
            "campaign_id": str(scene.campaign), "after": "0",
        }  # fmt: skip
        shred(scene.campaign)
        assert payloads_left() == []
        [entry] = on_record("campaign.shred")
        assert (entry.subject_id, entry.object_id) == (scene.owner.subject_id, str(scene.campaign))

    def test_a_campaign_that_is_gone_already(self, scene: Scene) -> None:
        for expected in (None, Shredded):
            with transaction() as tx:
                if expected is None:
                    shredding.shred_campaign(tx, scene.campaign, actor=scene.owner, context=AT_WORK)
                    continue
                with pytest.raises(expected):
                    shredding.shred_campaign(tx, scene.campaign, actor=scene.owner, context=AT_WORK)

    def test_one_item_with_its_answers_and_result_and_no_other(self, scene: Scene) -> None:
        with transaction() as tx:
            shredding.shred_item(tx, scene.items[0], actor=scene.owner, context=AT_WORK)
        with pytest.raises(Shredded):
            read_result(scene)
        assert opened(scene.claim, scene.person) == {"entry": "Entry 3"}
        entries = on_record("payload.shred")
        assert {(row.subject_id, row.object_id) for row in entries} == {
            (scene.owner.subject_id, str(scene.items[0]))
        }
        assert len(entries) == 3
        assert settled(scene.campaign) == 1

    def test_one_item_that_is_gone_already(self, scene: Scene) -> None:
        with transaction() as tx:
            shredding.shred_item(tx, scene.items[0], actor=scene.owner, context=AT_WORK)
        with pytest.raises(Shredded), transaction() as tx:
            shredding.shred_item(tx, scene.items[0], actor=scene.owner, context=AT_WORK)

    def test_a_line_of_an_export_is_empty_and_the_others_are_not(self, scene: Scene) -> None:
        settled(scene.campaign)
        with transaction() as tx:
            shredding.shred_item(tx, scene.items[0], actor=scene.owner, context=AT_WORK)
        with transaction() as tx:
            lines = results_csv(tx, scene.campaign, actor=scene.owner, context=AT_WORK).splitlines()
        assert [line.split(",")[:3] for line in lines[1:]] == [["1", "", ""], ["2", "Entry 2", "bird"]]


ACTS: dict[str, Callable[[Tx, Scene, Principal], object]] = {
    "shred a campaign": lambda tx, scene, actor: shredding.shred_campaign(
        tx, scene.campaign, actor=actor, context=AT_WORK
    ),
    "shred an item": lambda tx, scene, actor: shredding.shred_item(
        tx, scene.items[0], actor=actor, context=AT_WORK
    ),
    "move the day": lambda tx, scene, actor: retention.keep(
        tx, scene.campaign, TODAY, actor=actor, context=AT_WORK
    ),
}


@pytest.mark.parametrize("act", sorted(ACTS))
class TestWhoMay:
    def refused(self, scene: Scene, act: str, actor: Principal) -> type[Exception]:
        with pytest.raises(DomainError) as refusal, transaction() as tx:
            ACTS[act](tx, scene, actor)
        assert one(select(Campaign.state)) == "open"
        return refusal.type

    def test_not_a_contributor_of_the_agency(self, scene: Scene, act: str) -> None:
        assert self.refused(scene, act, a_person(scene.owner.agency_slug)) is NotYoursToShred

    def test_not_an_owner_of_another_agency(self, scene: Scene, act: str) -> None:
        assert self.refused(scene, act, an_owner()) is NotYoursToShred

    def test_for_whom_it_is_hidden_it_is_not_there(self, scene: Scene, act: str) -> None:
        an_agency("stranger", shares=False)
        hidden = self.refused(scene, act, an_owner("stranger"))
        assert hidden in (NoSuchCampaign, NoSuchMicrotask)

    def test_a_task_owner_of_the_same_agency_may(self, scene: Scene, act: str) -> None:
        colleague = a_person(scene.owner.agency_slug, roles=(Role.TASK_OWNER,))
        with transaction() as tx:
            ACTS[act](tx, scene, colleague)

    def test_not_where_nothing_is_sealed(self, scene: Scene, act: str) -> None:
        plain = a_campaign(scene.owner, level="internal")
        with pytest.raises(NothingSealed), transaction() as tx:
            ACTS[act](tx, Scene(scene.owner, scene.person, plain, scene.claim), scene.owner)


class TestMovingTheDay:
    def keep(self, scene: Scene, until: date) -> None:
        with transaction() as tx:
            retention.keep(tx, scene.campaign, until, actor=scene.owner, context=AT_WORK)

    @pytest.mark.parametrize("days", [0, 10, 365])
    def test_earlier_or_later(self, scene: Scene, days: int) -> None:
        until = TODAY + timedelta(days=days)
        self.keep(scene, until)
        assert one(select(Campaign.keep_until)) == until
        assert [row.detail for row in on_record("campaign.keep")] == [{"until": until.isoformat()}]

    @pytest.mark.parametrize("days", [-1, 366])
    def test_not_to_the_past_and_not_beyond_what_the_agency_allows(self, scene: Scene, days: int) -> None:
        before = one(select(Campaign.keep_until))
        with pytest.raises(BadKeepDay):
            self.keep(scene, TODAY + timedelta(days=days))
        assert one(select(Campaign.keep_until)) == before

    def test_not_once_it_is_over(self, scene: Scene) -> None:
        day_passes(scene.campaign)
        with pytest.raises(Shredded):
            self.keep(scene, TODAY + timedelta(days=9))

    def test_a_day_in_another_year_moves_the_content_to_that_years_key(self, scene: Scene) -> None:
        year = TODAY.year + 1
        day_passes(scene.campaign, date(TODAY.year, 12, 31))
        moved_to(scene.campaign)
        self.keep(scene, until := TODAY + timedelta(days=365))
        assert until.year == year
        assert one(select(Job.args).where(Job.kind == "campaign.move_year")) == {
            "campaign_id": str(scene.campaign)
        }
        moved_to(scene.campaign)
        hanging = {row.key_id for row in found(select(PayloadSlot.key_id).where(PayloadSlot.kind == "kek"))}
        assert {info.year for info in bound.provider().listing() if info.id in hanging} == {year}
        assert read_result(scene)
        assert opened(scene.claim, scene.person) == {"entry": "Entry 3"}

    def test_a_day_in_the_same_year_moves_nothing(self, scene: Scene) -> None:
        day_passes(scene.campaign, TODAY)
        self.keep(scene, TODAY)
        assert found(select(Job.id).where(Job.kind == "campaign.move_year")) == []


def moved_to(campaign: UUID) -> None:
    """Move everything of a campaign to the key of the year that its content is kept to."""
    while True:
        with reading() as db:
            batch = moving_years.prepared(db, campaign)
        if batch is None:
            return
        with transaction() as tx:
            moving_years.write(tx, batch)


class TestTheKeyOfAYear:
    def ending(self, owner: Principal, year: int) -> Scene:
        """A campaign of the owner whose content is kept into that year, with a claim."""
        due = date(year, 6, 1) - timedelta(days=365)
        campaign = a_campaign(owner, items=1, redundancy=1, level="sensitive", due=due.isoformat())
        assert one(select(Campaign.keep_until).where(Campaign.id == campaign)).year == year
        person = a_person()
        return Scene(owner, person, campaign, a_claim(campaign, person))

    def key(self, scene: Scene) -> set[str]:
        slots = select(PayloadSlot.key_id).join(Microtask, Microtask.payload_id == PayloadSlot.payload_id)
        return {row.key_id for row in found(slots.where(Microtask.campaign_id == scene.campaign))}

    def test_is_shared_by_what_ends_in_it_and_takes_just_that_with_it(self, database: Engine) -> None:
        owner, year = an_owner(), TODAY.year + 2
        one_, same, later = self.ending(owner, year), self.ending(owner, year), self.ending(owner, year + 1)
        assert self.key(one_) == self.key(same) != self.key(later)
        [key] = self.key(one_)
        bound.provider().destroy(key)
        for gone in (one_, same):
            with pytest.raises(UnknownKey):
                opened(gone.claim, gone.person)
        assert opened(later.claim, later.person) == {"entry": "Entry 1"}


class TestInTheMiddleOfWork:
    def test_nothing_that_people_do_at_the_same_time_is_kept(self, database: Engine) -> None:
        owner, people = an_owner(), [a_person() for _ in range(4)]
        campaign = a_campaign(owner, items=8, redundancy=2, level="sensitive")
        held = [(person, a_claim(campaign, person)) for person in people]
        answers = [sealed_answer(claim, person, {"kind": "bat"}) for person, claim in held]
        with transaction() as tx:
            shredding.shred_campaign(tx, campaign, actor=owner, context=AT_WORK)

        def answering(place: int) -> Callable[[], None]:
            (person, claim), answer = held[place], answers[place]

            def answers_one_and_takes_another() -> None:
                with suppress(DomainError), transaction() as tx:
                    contributions.submit(tx, claim, answer, actor=person, context=AT_WORK)
                with suppress(DomainError):
                    a_claim(campaign, person)

            return answers_one_and_takes_another

        def shreds() -> None:
            after: int | None = 0
            while after is not None:
                with suppress(Unavailable), transaction() as tx:  # as a worker tries again after a deadlock
                    after = shredding.shred_some(tx, campaign, after, limit=2)

        together(shreds, *(answering(place) for place in range(len(held))))
        assert payloads_left() == []
        assert found(select(Claim.id).where(Claim.live)) == []
        assert found(select(PayloadSlot.key_id)) == []
        assert_places_are_kept()


class TestEndToEnd:
    """What the server never could open is shredded like the rest, the campaign's key with every holder's slot."""

    def test_nothing_is_left_and_nothing_was_ever_readable(self, database: Engine) -> None:
        words = {name: f"canary{name}4711" for name in ("item", "note", "draft")}
        owner, person = end_to_end.an_end_to_end_owner(), a_person()
        held = end_to_end.agency_keys_of(owner)
        campaign = end_to_end.a_posting(owner, held=held, content=words["item"]).post()
        a_contribution(campaign, person, note=words["note"])
        claim, device = a_claim(campaign, person), on_device.device_of(person)
        ref = payloads.draft(item_of(claim), claim)
        draft = on_device.draft_of(device, end_to_end.known(campaign), ref, {"note": words["draft"]}, device)
        with transaction() as tx:
            drafts.save(tx, claim, draft, actor=person, context=AT_WORK)
        self.asks_for_the_key(claim, person)
        kinds = {row.kind for row in found(select(PayloadSlot.kind))}
        assert kinds == {"campaign", "device", "processing", "recovery"}
        assert not [word for word in words.values() if word.encode() in everything_stored(database)]

        with transaction() as tx:
            shredding.shred_campaign(tx, campaign, actor=owner, context=AT_WORK)
        shred(campaign)
        assert payloads_left() == []
        assert found(select(PayloadSlot.key_id)) == []
        assert found(select(KeyRelease.claim_id)) == []
        assert found(select(Draft.payload_id)) == []
        assert not [word for word in words.values() if word.encode() in everything_stored(database)]
        assert {row.detail["header"] for row in on_record("payload.shred")} == headers()

    def test_its_key_is_handed_to_nobody_any_more(self, database: Engine) -> None:
        owner = end_to_end.an_end_to_end_owner()
        campaign = end_to_end.a_posting(owner).post()
        with reading() as db:
            device = device_keys.of_person(db, owner.person_id, on_device.device_of(owner).thumbprint)
            assert device is not None
            assert payloads.handed_key(db, facts.campaign(db, campaign), device)
        with transaction() as tx:
            shredding.shred_campaign(tx, campaign, actor=owner, context=AT_WORK)
        shred(campaign)
        with pytest.raises(Shredded), reading() as db:
            payloads.handed_key(db, facts.campaign(db, campaign), device)

    def asks_for_the_key(self, claim: UUID, person: Principal) -> None:
        with transaction() as tx:
            opening.open_item(
                tx, claim, actor=person, context=AT_WORK, device=on_device.device_of(person).thumbprint
            )
        assert len(found(select(KeyRelease.claim_id))) == 1


def test_the_search_would_find_what_is_not_sealed(database: Engine) -> None:
    a_campaign(an_owner(), csv="entry\ncanarycontrol4711\n", level="internal")
    assert b"canarycontrol4711" in everything_stored(database)
