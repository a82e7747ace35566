"""Keys to end-to-end items: asked for on a device, given by who holds the campaign's key; every refusal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, delete, select, update

from agencies import device_keys
from agencies.models import Notice, RoleGrant
from marketplace.foundation.db import Tx, reading, transaction
from marketplace.foundation.errors import DomainError
from security import asked_keys, key_transparency
from security.log.models import AuditEntry, AuditPending
from security.principal import Principal, Role
from security.sealing import (
    Header,
    HeaderMismatch,
    Protection,
    SlotExpired,
    SlotPurpose,
    device_slots,
    keys,
    thumbprints,
    unseal,
)
from tasks import claims, key_releases, key_requests, payloads
from tasks.errors import (
    BadSealing,
    ClaimOver,
    KeyAlreadyGiven,
    NeedsDevice,
    NoSuchCampaign,
    NoSuchKeyRequest,
    NotAHolder,
    NotForYou,
    NotUnderOwnKey,
    SealedElsewhere,
)
from tasks.key_requests import Desk, Request
from tasks.models import Claim, KeyRelease, Microtask
from tests import end_to_end, on_device
from tests.builders import (
    AT_WORK,
    a_campaign,
    a_person,
    an_agency,
    an_owner,
    changed,
    found,
    given_back,
    lapsed,
    one,
    over,
)
from tests.device_keys import a_device
from tests.end_to_end import Waiting
from tests.witnessed import LOG, NORTH, SOUTH, witness
from workers.handlers import claims as handlers


class Scene(Waiting):
    """Somebody whose device asks for the key to an item, and what the owner's browser does."""

    def desk(self, **given: Any) -> Desk:
        """What the owner's browser gets when it looks who waits."""
        asked: dict[str, Any] = {"holder": self.posting.device.thumbprint, "actor": self.owner}
        with transaction() as tx:
            return key_requests.waiting(tx, self.campaign, context=AT_WORK, **(asked | given))

    def request(self) -> Request:
        (request,) = self.desk().requests
        return request

    def release(self, slot: bytes | None = None, **given: Any) -> None:
        """The owner's browser gives the key, or something else in its place."""
        request = None if slot is not None else self.request()
        asked: dict[str, Any] = {
            "claim_id": self.claim,
            "device": self.device.thumbprint,
            "holder": self.posting.device.thumbprint,
            "actor": self.owner,
        }
        if request is not None:
            slot = a_slot(self.posting.private, request)
        with transaction() as tx:
            key_releases.release(tx, self.campaign, slot=slot or b"", context=AT_WORK, **(asked | given))


def a_slot(private: keys.PrivateKey, request: Request, **changed: Any) -> bytes:
    """The item's data key, opened with the campaign's and wrapped for the device that asks."""
    header = Header.from_bytes(request.header)
    now = int(datetime.now(UTC).timestamp())
    dek = device_slots.unwrap(request.slot, header.hash, SlotPurpose.CAMPAIGN, request.key_id, private, now)
    given: dict[str, Any] = {
        "dek": dek,
        "header_hash": header.hash,
        "purpose": SlotPurpose.DEVICE,
        "kid": request.device,
        "public": request.public_key,
        "expires": request.until,
    }
    return device_slots.wrap(**(given | changed))


@pytest.fixture
def posted(database: Engine) -> Scene:
    """Nothing was asked for yet."""
    return Scene(**vars(end_to_end.a_claimed_item("north", contributions=2)))


@pytest.fixture
def scene(posted: Scene) -> Scene:
    """The device asked, and a witness has seen it."""
    assert posted.open().item is None
    witness()
    return posted


def revoke(scene: Scene) -> None:
    """An officer takes the device out of use."""
    officer = a_person(scene.person.agency_slug, roles=(Role.SECURITY_OFFICER,))
    with transaction() as tx:
        device_keys.revoke_seen(tx, scene.device.thumbprint, actor=officer, context=AT_WORK)


def extend(scene: Scene) -> None:
    with transaction() as tx:
        claims.extend(tx, scene.claim, actor=scene.person, context=AT_WORK)


def entries(act: str) -> list[Any]:
    return [row for row in found(select(AuditPending.__table__).order_by(AuditPending.id)) if row.act == act]


def done(act: Callable[[Tx], Any]) -> Any:
    with transaction() as tx:
        return act(tx)


class TestAsking:
    def test_is_on_the_record_once_and_says_for_which_device_until_when(self, posted: Scene) -> None:
        for _ in range(3):
            assert posted.open().item is None
        (entry,) = entries("key.ask")
        until = int(one(select(Claim.expires_at)).timestamp())
        assert entry.detail == {"device": posted.device.thumbprint, "until": until}
        assert (entry.object_kind, entry.object_id) == ("microtask", str(one(select(Claim.microtask_id))))

    def test_leaves_nothing_that_ties_the_device_to_what_its_person_did(self, posted: Scene) -> None:
        """Who gives the key is shown this entry beside the token that says who the person is."""
        posted.open()
        (entry,) = entries("key.ask")
        assert (entry.subject_id, entry.agency_id, entry.session, entry.device_id) == (None,) * 4

    def test_shows_nothing_and_counts_no_view(self, posted: Scene) -> None:
        assert posted.open().item is None
        assert entries("payload.view") == []
        assert one(select(Claim.views)) == 0


class TestWaiting:
    def test_tells_the_item_the_device_and_what_stands_behind_them(self, scene: Scene) -> None:
        desk = scene.desk()
        (request,) = desk.requests
        assert desk.waiting == [request.name]
        assert (request.device, request.public_key) == (
            scene.device.thumbprint,
            keys.public_jwk(scene.device.encryption),
        )
        assert request.until == int(one(select(Claim.expires_at)).timestamp())
        assert Header.from_bytes(request.header).microtask == one(select(Claim.microtask_id))
        assert desk.key is not None
        assert end_to_end.key_in(desk.key, scene.posting.device.encryption).private_numbers() == (
            scene.posting.private.private_numbers()
        )

    def test_tells_no_name_and_no_alias(self, scene: Scene) -> None:
        (request,) = scene.desk().requests
        assert str(scene.person.person_id) not in str(request)
        assert not hasattr(request, "alias")

    def test_holds_for_whoever_verifies_it(self, scene: Scene) -> None:
        request = scene.request()
        vouched, entry = verified(request)
        assert vouched.thumbprint == scene.device.thumbprint
        assert entry > vouched.entry

    def test_waits_for_the_witness(self, posted: Scene) -> None:
        posted.open()
        desk = posted.desk()
        assert (len(desk.requests), len(desk.waiting)) == (0, 1)
        witness(SOUTH)
        assert len(posted.desk().requests) == 1

    def test_hands_out_only_what_is_not_known(self, scene: Scene) -> None:
        request = scene.request()
        again = scene.desk(known={request.name})
        assert (again.key, again.requests, again.waiting) == (None, [], [request.name])

    def test_names_all_and_hands_out_none_where_the_page_is_full(self, scene: Scene) -> None:
        full = scene.desk(most=0)
        assert (full.key, full.requests, len(full.waiting)) == (None, [], 1)
        assert entries("key.list") == []

    def test_looking_hands_out_nothing_that_is_not_recorded(self, scene: Scene) -> None:
        """A page that asks every three seconds only reads, until there is something to hand out."""
        asked = {"holder": scene.posting.device.thumbprint, "actor": scene.owner, "context": AT_WORK}
        with reading() as db:
            desk = key_requests.look(db, scene.campaign, **asked)
            (request,) = desk.requests
            assert key_requests.look(db, scene.campaign, known={request.name}, **asked).requests == []
        assert entries("key.list") == []

    def test_is_on_the_record_where_something_was_handed_out(self, scene: Scene) -> None:
        request = scene.request()
        scene.desk(known={request.name})
        (entry,) = entries("key.list")
        assert (entry.subject_id, entry.detail) == (scene.owner.subject_id, {"requests": 1})

    def test_is_open_to_the_agencys_own_key(self, scene: Scene) -> None:
        key_id = device_key_id(scene.held.processing)
        desk = scene.desk(holder=key_id)
        assert desk.key is not None
        private = end_to_end.key_in(desk.key, scene.held.processing)
        scene.release(a_slot(private, desk.requests[0]), holder=key_id)
        assert on_device.item_on(scene.device, scene.open()) == {"entry": "Entry 1"}
        (entry,) = entries("key.release")
        assert entry.detail == {"device": scene.device.thumbprint, "by": "processing"}

    def test_lists_every_campaign_of_the_agency_for_its_own_key(self, scene: Scene) -> None:
        end_to_end.a_posting(scene.owner, held=scene.held).post()  # nobody asks there
        with transaction() as tx:
            desks = key_requests.of_agency(
                tx, device_key_id(scene.held.processing), actor=scene.owner, context=AT_WORK
            )
        assert [desk.campaign.id for desk in desks] == [scene.campaign]

    def test_of_the_agency_are_handed_out_once_to_who_knows_them(self, scene: Scene) -> None:
        known = {scene.request().name}
        holder = device_key_id(scene.held.processing)
        with transaction() as tx:
            given = {"known": known, "actor": scene.owner, "context": AT_WORK}
            assert key_requests.of_agency(tx, holder, **given) == []
        assert len(entries("key.list")) == 1

    @pytest.mark.parametrize(
        ("who", "error"),
        [
            (lambda scene: scene.person, NotForYou),
            (lambda scene: a_person("north"), NotForYou),
            (lambda scene: an_outsider(), NoSuchCampaign),
        ],
        ids=["contributor", "colleague", "stranger"],
    )
    def test_is_closed_to_everybody_else(
        self, scene: Scene, who: Callable[[Scene], Principal], error: type[DomainError]
    ) -> None:
        with pytest.raises(error):
            scene.desk(actor=who(scene))
        assert entries("key.list") == []

    def test_takes_a_device_that_holds_the_campaigns_key(self, scene: Scene) -> None:
        other = an_owner("north")
        for actor, holder in (
            (other, on_device.device_of(other).thumbprint),
            (other, scene.posting.device.thumbprint),
            (scene.owner, on_device.another_device(scene.owner).thumbprint),
            (scene.owner, "A" * 43),
        ):
            with pytest.raises(NotAHolder):
                scene.desk(actor=actor, holder=holder)

    def test_has_no_place_where_the_server_opens(self, database: Engine) -> None:
        owner = an_owner()
        campaign = a_campaign(owner, level="sensitive", items=1)
        holder = on_device.device_of(owner).thumbprint
        with pytest.raises(NotUnderOwnKey), transaction() as tx:
            key_requests.waiting(tx, campaign, holder, actor=owner, context=AT_WORK)


class TestReleasing:
    def test_opens_the_item_on_that_device(self, scene: Scene) -> None:
        scene.release()
        assert on_device.item_on(scene.device, scene.open()) == {"entry": "Entry 1"}
        assert (scene.desk().requests, scene.desk().waiting) == ([], [])

    def test_is_on_the_record_by_who_gave_it(self, scene: Scene) -> None:
        scene.release()
        (entry,) = entries("key.release")
        assert (entry.subject_id, entry.object_id) == (
            scene.owner.subject_id,
            str(one(select(Claim.microtask_id))),
        )
        assert entry.detail == {"device": scene.device.thumbprint, "by": "device"}

    def test_who_gives_is_read_again(self, scene: Scene) -> None:
        slot = a_slot(scene.posting.private, scene.request())
        past = datetime.now(UTC) - timedelta(minutes=1)
        changed(update(RoleGrant).values(until=past, ended_at=past))
        with pytest.raises(NotForYou):
            scene.release(slot)

    def test_is_done_once_and_the_first_one_stays(self, scene: Scene) -> None:
        first, second = (a_slot(scene.posting.private, request) for request in [scene.request()] * 2)
        scene.release(first)
        with pytest.raises(KeyAlreadyGiven):
            scene.release(second)
        assert bytes(one(select(KeyRelease.wrapped))) == first
        assert len(entries("key.release")) == 1

    @pytest.mark.parametrize(
        "wrong",
        [
            lambda scene, request: {"header_hash": bytes(32)},
            lambda scene, request: {"header_hash": header_of_another_item(scene).hash},
            lambda scene, request: {"expires": request.until + 1},
            lambda scene, request: {"expires": request.until - 1},
            lambda scene, request: {"expires": None},
            lambda scene, request: {"kid": "A" * 43},
            lambda scene, request: {
                "purpose": SlotPurpose.CAMPAIGN,
                "kid": device_key_id(scene.device.encryption),
            },
        ],
        ids=["nothing", "other item", "later", "earlier", "endless", "other device", "other purpose"],
    )
    def test_takes_a_slot_for_this_item_device_and_end_only(
        self, scene: Scene, wrong: Callable[[Scene, Request], dict[str, Any]]
    ) -> None:
        request = scene.request()
        with pytest.raises(BadSealing):
            scene.release(a_slot(scene.posting.private, request, **wrong(scene, request)))
        assert one(select(KeyRelease.wrapped)) is None
        assert entries("key.release") == []

    @pytest.mark.parametrize("slot", [b"", b"no slot", b"a.b.c.d.e"])
    def test_takes_no_other_bytes(self, scene: Scene, slot: bytes) -> None:
        with pytest.raises(BadSealing), transaction() as tx:
            key_releases.release(
                tx,
                scene.campaign,
                scene.claim,
                scene.device.thumbprint,
                slot,
                holder=scene.posting.device.thumbprint,
                actor=scene.owner,
                context=AT_WORK,
            )

    def test_is_for_the_device_that_asked(self, scene: Scene) -> None:
        slot = a_slot(scene.posting.private, scene.request())
        second = a_device(scene.person)
        for device in (second.thumbprint, scene.posting.device.thumbprint, "A" * 43):
            with pytest.raises(NoSuchKeyRequest):
                scene.release(slot, device=device)

    def test_is_for_the_claim_of_this_campaign(self, scene: Scene) -> None:
        slot = a_slot(scene.posting.private, scene.request())
        other = end_to_end.a_posting(scene.owner, held=scene.held)
        other.post()
        with pytest.raises(NoSuchKeyRequest):
            scene.release(slot, claim_id=uuid4())
        with pytest.raises(NoSuchKeyRequest), transaction() as tx:
            key_releases.release(
                tx,
                other.campaign_id,
                scene.claim,
                scene.device.thumbprint,
                slot,
                holder=other.device.thumbprint,
                actor=scene.owner,
                context=AT_WORK,
            )

    @pytest.mark.parametrize("who", [lambda scene: scene.person, lambda scene: a_person("north")])
    def test_is_not_for_who_may_not_read_results(
        self, scene: Scene, who: Callable[[Scene], Principal]
    ) -> None:
        slot = a_slot(scene.posting.private, scene.request())
        with pytest.raises(NotForYou):
            scene.release(slot, actor=who(scene))

    def test_is_not_for_a_reader_who_does_not_hold_the_key(self, scene: Scene) -> None:
        slot, other = a_slot(scene.posting.private, scene.request()), an_owner("north")
        for holder in (on_device.device_of(other).thumbprint, scene.posting.device.thumbprint):
            with pytest.raises(NotAHolder):
                scene.release(slot, actor=other, holder=holder)

    @pytest.mark.parametrize("end", [over, lapsed, lambda claim: None], ids=["over", "lapsed", "given back"])
    def test_ends_with_the_claim(self, scene: Scene, end: Callable[[UUID], Any]) -> None:
        slot = a_slot(scene.posting.private, scene.request())
        if end(scene.claim) is None:
            given_back(scene.claim, scene.person)
        assert scene.desk().waiting == []
        with pytest.raises(ClaimOver):
            scene.release(slot)

    def test_leaves_nothing_behind_when_the_claim_has_ended(self, scene: Scene) -> None:
        scene.release()
        assert done(key_releases.forget_over) == 0
        given_back(scene.claim, scene.person)
        assert done(key_releases.forget_over) == 1
        assert found(select(KeyRelease.claim_id)) == []

    def test_leaves_nothing_behind_after_the_clocks_next_turn(self, scene: Scene) -> None:
        scene.release()
        over(scene.claim)
        done(handlers.end_due)
        assert found(select(KeyRelease.claim_id)) == []


class TestRevocation:
    def test_takes_a_waiting_device_off_the_desk(self, scene: Scene) -> None:
        slot = a_slot(scene.posting.private, scene.request())
        revoke(scene)
        assert (scene.desk().requests, scene.desk().waiting) == ([], [])
        with pytest.raises(NoSuchKeyRequest):
            scene.release(slot)
        assert one(select(KeyRelease.wrapped)) is None

    def test_keeps_back_what_was_given_before(self, scene: Scene) -> None:
        scene.release()
        scene.open()
        revoke(scene)
        with pytest.raises(NeedsDevice):
            scene.open()

    def test_of_the_owners_device_ends_what_it_may_give(self, scene: Scene) -> None:
        slot = a_slot(scene.posting.private, scene.request())
        mine = next(each for each in done(lambda tx: device_keys.live_of(tx, scene.owner.person_id)))
        done(lambda tx: device_keys.revoke(tx, mine.id, actor=scene.owner, context=AT_WORK))
        for act in (scene.desk, lambda: scene.release(slot)):
            with pytest.raises(NotAHolder):
                act()


class TestExtending:
    def test_asks_again_for_what_was_not_given_yet(self, posted: Scene) -> None:
        scene = posted
        waited(timedelta(minutes=6))
        scene.open()
        witness()
        slot = a_slot(scene.posting.private, scene.request())
        extend(scene)
        assert scene.desk().waiting == []
        with pytest.raises(NoSuchKeyRequest):
            scene.release(slot)
        assert scene.open().item is None
        assert len(scene.desk().waiting) == 1
        assert scene.desk().requests == []  # the older entry speaks of another end
        witness()
        scene.release()
        assert scene.open().item is not None

    def test_leaves_what_was_given_until_its_end_and_then_asks_again(self, scene: Scene) -> None:
        scene.release()
        extend(scene)
        assert scene.open().item is not None
        past = int((datetime.now(UTC) - timedelta(seconds=1)).timestamp())
        old = bytes(one(select(KeyRelease.wrapped)))
        header = header_of_item(scene)
        ended = device_slots.wrap(
            bytes(32),
            header.hash,
            SlotPurpose.DEVICE,
            scene.device.thumbprint,
            keys.public_jwk(scene.device.encryption),
            past,
        )
        changed(update(KeyRelease).values(wrapped=ended))
        assert scene.open().item is None
        witness()
        scene.release()
        assert bytes(one(select(KeyRelease.wrapped))) != old
        assert on_device.item_on(scene.device, scene.open()) == {"entry": "Entry 1"}


class TestDowngrade:
    def test_the_server_never_opens_it(self, scene: Scene) -> None:
        campaign = end_to_end.known(scene.campaign)
        row = found(select(Microtask.id, Microtask.payload_id))[0]
        with pytest.raises(SealedElsewhere), transaction() as tx:
            payloads.open_one(tx, campaign, payloads.item(row.id), None, row.payload_id)

    def test_asked_as_level_1_the_server_has_nothing_to_open_it_with(self, scene: Scene) -> None:
        as_server = replace(end_to_end.known(scene.campaign), protection=Protection.SERVER)
        row = found(select(Microtask.id, Microtask.payload_id))[0]
        with pytest.raises(DomainError), transaction() as tx:
            payloads.open_one(tx, as_server, payloads.item(row.id), None, row.payload_id)

    def test_asked_as_level_1_it_is_refused_on_the_device(self, scene: Scene) -> None:
        scene.release()
        part = scene.open().item
        assert part is not None
        header = Header.from_bytes(part.header)
        now = int(datetime.now(UTC).timestamp())
        dek = device_slots.unwrap(
            part.slot, header.hash, part.purpose, part.key_id, scene.device.encryption, now
        )
        with pytest.raises(HeaderMismatch):
            unseal(replace(header, protection=Protection.SERVER), part.envelope, dek)

    def test_a_released_slot_does_not_open_after_its_end(self, scene: Scene) -> None:
        scene.release()
        part = scene.open().item
        assert part is not None
        header, until = Header.from_bytes(part.header), scene_end()
        with pytest.raises(SlotExpired):
            device_slots.unwrap(
                part.slot, header.hash, part.purpose, part.key_id, scene.device.encryption, until
            )


class TestTelling:
    def test_tells_the_holder_once_after_five_minutes(self, scene: Scene) -> None:
        assert done(key_requests.tell) == 0
        waited(timedelta(minutes=6))
        assert done(key_requests.tell) == 1
        assert done(key_requests.tell) == 0
        (notice,) = found(
            select(Notice.person_id, Notice.path, Notice.args).where(Notice.kind == "key.waits")
        )
        assert notice == (scene.owner.person_id, f"/campaigns/{scene.campaign}/key-desk", {})

    def test_tells_again_once_it_was_read(self, scene: Scene) -> None:
        waited(timedelta(minutes=6))
        done(key_requests.tell)
        changed(update(Notice).values(read_at=datetime.now(UTC)))
        assert done(key_requests.tell) == 1

    def test_tells_nobody_once_it_was_given(self, scene: Scene) -> None:
        scene.release()
        waited(timedelta(minutes=6))
        assert done(key_requests.tell) == 0


class TestEvidence:
    """What is handed out with a request does not hold once any of it is changed."""

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("device", "A" * 43),
            ("campaign", str(UUID(int=7, version=4))),
            ("microtask", str(UUID(int=8, version=4))),
            ("until", 4_000_000_000),
        ],
    )
    def test_of_asking_is_for_this_and_nothing_else(self, scene: Scene, field: str, value: Any) -> None:
        request = scene.request()
        with pytest.raises(key_transparency.EntryWrong):
            verified(request, **{field: value})

    def test_of_asking_is_over_with_the_claim(self, scene: Scene) -> None:
        request = scene.request()
        later = datetime.fromtimestamp(request.until, UTC)
        with pytest.raises(asked_keys.AskedTooLate):
            verified(request, now=later)

    @pytest.mark.parametrize("change", ["number", "body", "proof", "checkpoint", "act", "missing", "more"])
    def test_of_asking_is_whole(self, scene: Scene, change: str) -> None:
        request = scene.request()
        shown = dict(request.evidence["asked"])
        entry = dict(shown["entry"])
        enrolment = request.evidence["device"]
        if change == "number":
            entry["number"] += 1
        elif change == "body":
            entry["body"] = entry["body"][:-8] + "AAAAfQ=="
        elif change == "proof":
            entry["proof"] = ["00" * 32, *entry["proof"][1:]]
        elif change == "checkpoint":
            shown["checkpoint"] = shown["checkpoint"].replace("\n— south", "\n— sooth")
            shown["checkpoint"] = shown["checkpoint"].replace("\n— north", "\n— narth")
        elif change == "act":
            entry, shown["checkpoint"] = dict(enrolment["entry"]), enrolment["checkpoint"]
        elif change == "missing":
            del shown["checkpoint"]
        else:
            shown["more"] = 1
        with pytest.raises(key_transparency.EvidenceRefused):
            verified(replace(request, evidence=dict(request.evidence) | {"asked": shown | {"entry": entry}}))

    def test_of_another_log_is_refused(self, scene: Scene) -> None:
        with pytest.raises(key_transparency.CheckpointUnsigned):
            verified(scene.request(), log=OTHER_LOG)

    def test_without_a_trusted_witness_is_refused(self, scene: Scene) -> None:
        with pytest.raises(key_transparency.WitnessMissing):
            verified(scene.request(), trusted=[STRANGER])

    def test_goes_with_its_entry(self, scene: Scene) -> None:
        changed(delete(AuditEntry).where(AuditEntry.act == "key.ask"))
        assert scene.desk().requests == []


OTHER_LOG = replace(LOG, private=NORTH.private)
STRANGER = replace(NORTH, name="elsewhere.example/witness")


def verified(request: Request, **given: Any) -> tuple[key_transparency.Vouched, int]:
    """Both parts of the evidence, checked as whoever gives keys does."""
    now = given.pop("now", datetime.now(UTC))
    trust: dict[str, Any] = {
        "trusted_log_key": given.pop("log", LOG).verifier,
        "trusted_witnesses": [each.verifier for each in given.pop("trusted", (NORTH, SOUTH))],
        "now": now,
    }
    header = Header.from_bytes(request.header)
    asked: dict[str, Any] = {
        "device": request.device,
        "campaign": str(header.campaign),
        "microtask": str(header.microtask),
        "until": request.until,
    }
    issuer = request.evidence["device"]["issuer"]
    entry = asked_keys.verify(request.evidence["asked"], asked_keys.Asked(**(asked | given)), **trust)
    return key_transparency.verify(request.evidence["device"], issuer=issuer, **trust), entry


def an_outsider() -> Principal:
    an_agency("outside", shares=False)
    return a_person("outside", roles=(Role.TASK_OWNER,))


def device_key_id(private: keys.PrivateKey) -> str:
    return thumbprints.of(keys.public_jwk(private))


def header_of_item(scene: Scene) -> Header:
    campaign = end_to_end.known(scene.campaign)
    return payloads.header_of(campaign, payloads.item(one(select(Claim.microtask_id))))


def header_of_another_item(scene: Scene) -> Header:
    campaign = end_to_end.known(scene.campaign)
    mine = one(select(Claim.microtask_id))
    other = one(select(Microtask.id).where(Microtask.id != mine))
    return payloads.header_of(campaign, payloads.item(other))


def scene_end() -> int:
    return int(one(select(Claim.expires_at)).timestamp())


def waited(time: timedelta) -> None:
    """As if the claim had been taken that much earlier."""
    changed(update(Claim).values(expires_at=one(select(Claim.expires_at)) - time))
