"""Drafts of sealed answers: only their author's devices open them, they outlive session and claim, and then they go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, select, update

from agencies.device_models import DeviceKey
from marketplace.foundation.db import Tx, reading, transaction
from security.log.models import AuditPending
from security.principal import Principal
from security.sealing import signatures
from tasks import claims, contributions, drafts, facts, payloads, shredding
from tasks.errors import (
    BadSealing,
    ClaimOver,
    NeedsDevice,
    NoSuchClaim,
    NotEligible,
    NotUnderSeal,
    Shredded,
)
from tasks.facts import CampaignFacts
from tasks.models import Draft, Payload, PayloadSlot
from tasks.payloads import Part, Sealed
from tests import on_device
from tests.agencies.agreeing import an_administrator
from tests.builders import (
    AT_WORK,
    a_campaign,
    a_claim,
    a_person,
    an_answer,
    an_owner,
    changed,
    found,
    given_back,
    item_of,
    lapsed,
    one,
    rules_in_force,
)
from tests.on_device import Device
from tests.together import during, losers, together

TYPED = {"kind": "bat", "note": "small wings"}
BY_VPN: dict[str, Any] = {
    "id": "by-vpn-only",
    "does": ["open"],
    "must": {"is": ["context.zone", "vpn"]},
    "reason": {"en": "Only by VPN."},
    "remedy": "use_office_network",
    "examples": [
        {"case": {"context.zone": "vpn"}, "allowed": True, "why": "By VPN."},
        {"case": {"context.zone": "office"}, "allowed": False, "why": "At a desk."},
    ],
}
YESTERDAY = datetime.now(UTC).date() - timedelta(days=1)


class Work:
    """A person with a device and a claim on a sealed item."""

    def __init__(self, **given: Any) -> None:
        self.owner: Principal = an_owner()
        settings: dict[str, Any] = {"items": 2, "redundancy": 2, "level": "sensitive"}
        self.campaign_id = a_campaign(self.owner, **settings | given)
        self.person = a_person()
        self.device = on_device.device_of(self.person)
        self.claim = self.first_claim = a_claim(self.campaign_id, self.person)

    def claims_again(self) -> None:
        """The person takes the same item once more."""
        with transaction() as tx:
            self.claim = claims.claim_one(tx, item_of(self.claim), actor=self.person, context=AT_WORK)

    @property
    def campaign(self) -> CampaignFacts:
        with reading() as db:
            return facts.campaign(db, self.campaign_id)

    def sealed(self, value: Any = None, *to: Device, by: Device | None = None) -> Sealed:
        """A draft as the person's device seals it, to that device where no other is named."""
        ref = payloads.draft(item_of(self.claim), self.claim)
        return on_device.draft_of(
            by or self.device, self.campaign, ref, value or TYPED, *(to or (self.device,))
        )

    def saves(self, sealed: Sealed | None = None, *, claim: UUID | None = None) -> None:
        with transaction() as tx:
            self.saves_in(tx, sealed or self.sealed(), claim=claim)

    def saves_in(self, tx: Tx, sealed: Sealed, *, claim: UUID | None = None) -> None:
        drafts.save(tx, claim or self.claim, sealed, actor=self.person, context=AT_WORK)

    def part(self, device: Device | None = None, actor: Principal | None = None) -> Part | None:
        with reading() as db:
            return drafts.of_claim(
                db,
                self.claim,
                (device or self.device).thumbprint,
                actor=actor or self.person,
                context=AT_WORK,
            )

    def opens(self, device: Device | None = None) -> Any:
        part = self.part(device)
        assert part is not None
        return on_device.part_on(device or self.device, part)


@pytest.fixture
def work(database: Engine) -> Work:
    return Work()


def counts() -> tuple[int, int]:
    """How many drafts there are, and how many payloads that are nobody's."""
    headers = [row.header for row in found(select(Payload.header))]
    return len(found(select(Draft.payload_id))), sum(b'"purpose":"draft"' in each for each in headers)


def acts() -> list[str]:
    return [row.act for row in found(select(AuditPending.act).order_by(AuditPending.id))]


class TestSaving:
    def test_what_was_typed_opens_again(self, work: Work) -> None:
        work.saves()
        assert work.opens() == TYPED

    def test_the_latest_takes_the_place_of_the_one_before(self, work: Work) -> None:
        work.saves()
        work.saves(work.sealed({"kind": "bird"}))
        assert work.opens() == {"kind": "bird"}
        assert counts() == (1, 1)

    def test_another_device_of_the_same_person_opens_it(self, work: Work) -> None:
        phone = on_device.another_device(work.person)
        work.saves(work.sealed(TYPED, work.device, phone))
        assert work.opens(phone) == TYPED

    def test_nothing_is_put_on_record(self, work: Work) -> None:
        before = acts()
        work.saves()
        work.saves(work.sealed({"kind": "bird"}))
        assert acts() == before

    def test_it_is_kept_while_a_rule_refuses_the_item(self, work: Work) -> None:
        """What somebody wrote is theirs: they go on in the office, say, or sign in again, and find it."""
        rules_in_force(an_administrator(work.person.agency_slug), BY_VPN)
        with pytest.raises(NotEligible), transaction() as tx:
            claims.may_work(tx, claims.mine(tx, work.claim, work.person), work.person, AT_WORK)
        before = acts()
        work.saves()
        assert work.opens() == TYPED
        assert acts() == before

    def test_nothing_typed_is_readable_in_the_row(self, work: Work) -> None:
        work.saves(work.sealed({"note": "canary 4711"}))
        body, wrapped = (
            one(select(Payload.body).join(Draft)),
            one(select(PayloadSlot.wrapped).join(Payload).join(Draft)),
        )
        assert b"canary" not in body + wrapped

    def test_an_open_campaign_has_none(self, database: Engine) -> None:
        sealed = Work().sealed()
        plain = Work(level="internal")
        with pytest.raises(NotUnderSeal):
            plain.saves(sealed)


def to_a_strangers_device(work: Work) -> Sealed:
    stranger = on_device.device_of(a_person())
    return work.sealed(TYPED, work.device, stranger)


def signed_by_a_stranger(work: Work) -> Sealed:
    return work.sealed(TYPED, work.device, by=on_device.device_of(a_person()))


def signed_by_another_key(work: Work) -> Sealed:
    sealed, another = work.sealed(), on_device.another_device(work.person)
    header = payloads.header_of(work.campaign, payloads.draft(item_of(work.claim), work.claim))
    digest = sha256(sealed.envelope).digest()
    return replace(sealed, signature=signatures.sign(header.hash, digest, another.signing))


def of_another_claim(work: Work) -> Sealed:
    other = Work()
    ref = payloads.draft(item_of(other.claim), other.claim)
    return on_device.draft_of(work.device, other.campaign, ref, TYPED, work.device)


def to_the_campaign(work: Work) -> Sealed:
    header = payloads.header_of(work.campaign, payloads.draft(item_of(work.claim), work.claim))
    return on_device.sealed_to_campaign(work.device, header, work.campaign, TYPED)


def too_large(work: Work) -> Sealed:
    return work.sealed({"note": "x" * (drafts.LARGEST + 1)})


def without_slots(work: Work) -> Sealed:
    return replace(work.sealed(), slots=())


def with_a_slot_from_elsewhere(work: Work) -> Sealed:
    return replace(work.sealed(), slots=of_another_claim(work).slots)


class TestRefused:
    @pytest.mark.parametrize(
        "sealed",
        [
            to_a_strangers_device,
            signed_by_another_key,
            of_another_claim,
            to_the_campaign,
            too_large,
            without_slots,
            with_a_slot_from_elsewhere,
        ],
    )
    def test_what_was_not_sealed_for_its_author_alone(
        self, work: Work, sealed: Callable[[Work], Sealed]
    ) -> None:
        with pytest.raises(BadSealing):
            work.saves(sealed(work))
        assert counts() == (0, 0)

    def test_what_somebody_elses_device_signed(self, work: Work) -> None:
        with pytest.raises(NeedsDevice):
            work.saves(signed_by_a_stranger(work))
        assert counts() == (0, 0)

    def test_a_draft_to_a_claim_of_somebody_else(self, work: Work) -> None:
        with pytest.raises(NoSuchClaim):
            work.saves(claim=Work().claim)

    def test_a_draft_to_what_was_given_back(self, work: Work) -> None:
        sealed = work.sealed()
        given_back(work.claim, work.person)
        with pytest.raises(ClaimOver):
            work.saves(sealed)
        assert counts() == (0, 0)

    def test_a_draft_to_what_was_answered(self, work: Work) -> None:
        sealed = work.sealed()
        an_answer(work.claim, work.person)
        with pytest.raises(ClaimOver):
            work.saves(sealed)
        assert counts() == (0, 0)

    def test_a_draft_by_an_older_claim_than_the_one_in_hand(self, work: Work) -> None:
        """The page of the newer claim saves; a tab that was left open does not write over it."""
        sealed = work.sealed()
        lapsed(work.claim)
        work.claims_again()
        work.saves(work.sealed({"kind": "bird"}))
        older, work.claim = work.claim, work.first_claim
        with pytest.raises(ClaimOver):
            work.saves(sealed)
        work.claim = older
        assert work.opens() == {"kind": "bird"}

    def test_a_draft_to_an_item_that_was_shredded(self, work: Work) -> None:
        sealed = work.sealed()
        lapsed(work.claim)
        with transaction() as tx:
            shredding.shred_item(tx, item_of(work.claim), actor=work.owner, context=AT_WORK)
        with pytest.raises(Shredded):
            work.saves(sealed)
        assert counts() == (0, 0)


class TestWhereItOpens:
    def on(self, work: Work) -> list[str] | None:
        with reading() as db:
            found = drafts.opens_on(db, work.claim, work.person)
        return None if found is None else [each.thumbprint for each in found]

    def test_without_a_draft_there_is_nothing_to_open(self, work: Work) -> None:
        assert self.on(work) is None

    def test_on_the_devices_that_it_was_sealed_to(self, work: Work) -> None:
        phone, later = on_device.another_device(work.person), on_device.another_device(work.person)
        work.saves(work.sealed(TYPED, work.device, phone))
        assert sorted(self.on(work) or []) == sorted([work.device.thumbprint, phone.thumbprint])
        assert later.thumbprint not in (self.on(work) or [])

    def test_nowhere_any_more_once_they_have_ended(self, work: Work) -> None:
        work.saves()
        on_device.another_device(work.person)
        ended = DeviceKey.thumbprint == work.device.thumbprint
        changed(
            update(DeviceKey)
            .where(ended)
            .values(revoked_at=datetime.now(UTC), revoked_by=work.person.person_id)
        )
        assert self.on(work) == []

    def test_nobody_asks_about_somebody_elses(self, work: Work) -> None:
        work.saves()
        with pytest.raises(NoSuchClaim), reading() as db:
            drafts.opens_on(db, work.claim, a_person())


class TestAfterTheClaimLapsed:
    def test_what_is_typed_is_kept_for_its_author(self, work: Work) -> None:
        work.saves()
        lapsed(work.claim)
        work.saves(work.sealed({"kind": "bird"}))
        assert work.opens() == {"kind": "bird"}
        assert counts() == (1, 1)

    def test_also_where_nothing_was_saved_before(self, work: Work) -> None:
        lapsed(work.claim)
        work.saves()
        with transaction() as tx:
            until = drafts.kept_until(tx, work.claim, work.person)
        assert until == datetime.now(UTC).date() + timedelta(days=drafts.KEPT_DAYS)
        assert work.opens() == TYPED

    def test_it_goes_on_schedule(self, work: Work) -> None:
        lapsed(work.claim)
        work.saves()
        changed(update(Draft).values(keep_until=YESTERDAY))
        with transaction() as tx:
            drafts.shred_over(tx)
        assert counts() == (0, 0)

    def test_it_is_found_by_the_next_claim_on_the_item(self, work: Work) -> None:
        lapsed(work.claim)
        work.saves()
        work.claims_again()
        assert work.opens() == TYPED


class TestAtTheSameMoment:
    """The second begins while the first is not committed."""

    def test_of_two_tabs_one_draft_stays_and_nothing_beside_it(self, work: Work) -> None:
        work.saves()
        first, second = work.sealed({"kind": "bird"}), work.sealed({"kind": "bat"})
        outcome = during(lambda tx: work.saves_in(tx, first), lambda: work.saves(second))
        assert losers(outcome) == []
        assert work.opens() == {"kind": "bat"}
        assert counts() == (1, 1)

    def test_of_two_first_drafts_too(self, work: Work) -> None:
        first, second = work.sealed({"kind": "bird"}), work.sealed({"kind": "bat"})
        during(lambda tx: work.saves_in(tx, first), lambda: work.saves(second))
        assert work.opens() == {"kind": "bat"}
        assert counts() == (1, 1)

    def test_a_draft_does_not_come_after_its_answer(self, work: Work) -> None:
        work.saves()
        sealed = work.sealed()
        answer = on_device.answer_of(work.device, work.campaign, item_of(work.claim), {"kind": "bat"})
        outcome = during(
            lambda tx: contributions.submit(tx, work.claim, answer, actor=work.person, context=AT_WORK),
            lambda: work.saves(sealed),
        )
        assert losers(outcome) == [ClaimOver]
        assert counts() == (0, 0)

    def test_an_answer_takes_the_draft_along_that_was_being_saved(self, work: Work) -> None:
        work.saves()
        sealed = work.sealed()
        outcome = during(lambda tx: work.saves_in(tx, sealed), lambda: an_answer(work.claim, work.person))
        assert losers(outcome) == []
        assert counts() == (0, 0)

    def test_many_tabs_leave_one(self, work: Work) -> None:
        seals = [work.sealed({"kind": f"bat {number}"}) for number in range(6)]
        assert losers(together(*[lambda sealed=sealed: work.saves(sealed) for sealed in seals])) == []
        assert counts() == (1, 1)

    def test_a_draft_waits_for_the_shredding_of_its_item(self, work: Work) -> None:
        sealed, item = work.sealed(), item_of(work.claim)
        lapsed(work.claim)
        outcome = during(
            lambda tx: shredding.shred_item(tx, item, actor=work.owner, context=AT_WORK),
            lambda: work.saves(sealed),
        )
        assert losers(outcome) == [Shredded]
        assert counts() == (0, 0)


class TestKept:
    def test_past_the_end_of_the_claim(self, work: Work) -> None:
        work.saves()
        lapsed(work.claim)
        assert work.opens() == TYPED

    def test_past_giving_back_and_claiming_again(self, work: Work) -> None:
        work.saves()
        given_back(work.claim, work.person)
        with transaction() as tx:
            until = drafts.kept_until(tx, work.claim, work.person)
        assert until is not None
        assert work.opens() == TYPED

    def test_from_everybody_else(self, work: Work) -> None:
        work.saves()
        other = a_person()
        on_device.device_of(other)
        with pytest.raises(NoSuchClaim):
            work.part(actor=other)

    def test_from_a_device_that_was_removed(self, work: Work) -> None:
        phone = on_device.another_device(work.person)
        work.saves(work.sealed(TYPED, work.device, phone))
        gone = update(DeviceKey).where(DeviceKey.thumbprint == phone.thumbprint)
        changed(gone.values(revoked_at=datetime.now(UTC), revoked_by=work.person.person_id))
        with pytest.raises(NeedsDevice):
            work.part(phone)
        assert work.opens() == TYPED

    def test_from_a_device_that_was_set_up_later(self, work: Work) -> None:
        work.saves()
        assert work.part(on_device.another_device(work.person)) is None


class TestDestroyed:
    def test_by_submitting(self, work: Work) -> None:
        work.saves()
        an_answer(work.claim, work.person)
        assert counts() == (0, 0)
        assert work.part() is None

    def test_by_its_author_on_the_record_with_the_hash_of_its_header(self, work: Work) -> None:
        work.saves()
        lapsed(work.claim)
        header = one(select(Payload.header).join(Draft, Draft.payload_id == Payload.id))
        with transaction() as tx:
            drafts.destroy(tx, work.claim, actor=work.person, context=AT_WORK)
            drafts.destroy(tx, work.claim, actor=work.person, context=AT_WORK)
        assert counts() == (0, 0)
        rows = found(select(AuditPending.__table__).where(AuditPending.act == "draft.shred"))
        assert [(row.object_id, row.detail) for row in rows] == [
            (str(item_of(work.claim)), {"header": sha256(header).hexdigest()})
        ]

    def test_when_nobody_came_back_to_it(self, work: Work) -> None:
        work.saves()
        other = Work()
        other.saves()
        mine = Draft.person_id == work.person.person_id
        changed(update(Draft).where(mine).values(keep_until=YESTERDAY))
        with transaction() as tx:
            assert drafts.shred_over(tx) is False
        assert (work.part(), other.opens()) == (None, TYPED)
        assert counts() == (1, 1)
        entry = found(select(AuditPending.__table__).where(AuditPending.act == "draft.shred"))[-1]
        assert (entry.subject_id, entry.channel) == (None, "job")

    def test_not_on_its_last_day(self, work: Work) -> None:
        work.saves()
        with transaction() as tx:
            drafts.shred_over(tx)
        assert work.opens() == TYPED

    def test_with_their_person_and_nobody_elses(self, work: Work) -> None:
        work.saves()
        other = Work()
        other.saves()
        with transaction() as tx:
            drafts.shred_of_person(tx, work.person.person_id)
        assert (work.part(), other.opens()) == (None, TYPED)

    def test_in_batches_that_say_whether_there_is_more(self, work: Work) -> None:
        for each in (work, Work(), Work()):
            each.saves()
        changed(update(Draft).values(keep_until=YESTERDAY))
        more = []
        for _ in range(3):
            with transaction() as tx:
                more.append(drafts.shred_over(tx, limit=2))
        assert more == [True, False, False]
        assert counts() == (0, 0)
