"""Two browsers, owner and contributor, at sealed work of both levels: read, answered, and taken back in between.

The contributor's keys are made in Chromium and never leave it. The owner's are made here and put into Chromium as keys
that cannot be read out, because the campaign is sealed here, on the owner's device.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Locator, Page, Request, Route, expect
from sqlalchemy import select

from agencies import device_keys, handling
from agencies.device_keys import Offered
from deploy.samples import seed
from marketplace.foundation.db import reading, transaction
from security.canonical import canonical_bytes
from security.labels import Level
from security.log import checkpoints
from security.sealing import Header, base64url, keys, signatures, thumbprints
from tasks import key_requests, payloads
from tasks.models import Contribution, KeyRelease, Result
from tests import end_to_end
from tests.browser.test_axe import found as by_axe
from tests.builders import a_contribution
from tests.device_keys import Device, a_device, new_device
from tests.end_to_end import Posting
from tests.tasks import test_sealed_results as agency
from tests.web import serving
from tests.web import stage as stages
from tests.web.stage import LOG, STRIKES, WITNESSES, Stage

OWNER, CONTRIBUTOR, OFFICER, ADMIN = "ines", "karim", "haas", "felix"
GIVE = re.compile("Give the key ?: Item 1")
WAITING = "The key to this item is with its owner’s side."
NEEDS_DEVICE = "This item is sealed to the device it is opened on."
MAKE = """async () => {
    const link = document.querySelector('link[rel=modulepreload][href$="/device-keys.js"]');
    return await (await import(link.href)).make();
}"""
PUT = """async ({ thumbprint, encryption, signing }) => {
    const named = (name) => ({ name, namedCurve: "P-256" });
    const taken = (jwk, name, use) => crypto.subtle.importKey("jwk", jwk, named(name), false, [use]);
    const encryptionKey = await taken(encryption, "ECDH", "deriveBits");
    const signingKey = await taken(signing, "ECDSA", "sign");
    const person = document.body.dataset.person;
    const public_ = ({ crv, kty, x, y }) => ({ crv, kty, x, y });
    const publics = { encryption: public_(encryption), signing: public_(signing) };
    await new Promise((done, failed) => {
        const opening = indexedDB.open("market-device-keys", 1);
        opening.onupgradeneeded = () => opening.result.createObjectStore("keys", { keyPath: "thumbprint" });
        opening.onerror = failed;
        opening.onsuccess = () => {
            const row = { thumbprint, person, made: Date.now(), encryptionKey, signingKey, ...publics };
            const put = opening.result.transaction("keys", "readwrite").objectStore("keys").add(row);
            put.onsuccess = () => { opening.result.close(); done(); };
            put.onerror = failed;
        };
    });
}"""


@pytest.fixture(scope="module")
def own_stage() -> Iterator[Stage]:
    """A stage of these tests' own: its agency has its sensitive work sealed end to end."""
    home = Path(tempfile.mkdtemp(prefix="market-end-to-end-"))
    yield stages.set_up(home)
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def sealed_stage(own_stage: Stage) -> Iterator[Stage]:
    own_stage.enter()
    with reading() as db:
        known = checkpoints.witnesses(db)
    if not known:  # a record that was never signed has no key that a page could trust
        stages._witnesses(own_stage)
        witness(own_stage)
    yield own_stage
    with transaction() as tx:  # nobody has more than five devices
        for login in (OWNER, CONTRIBUTOR):
            person = own_stage._person(tx, login)
            for each in device_keys.live_of(tx, person.person_id):
                device_keys.revoke(tx, each.id, actor=person, context=seed.CONTEXT)
    own_stage.leave()


@pytest.fixture
def served(sealed_stage: Stage) -> Iterator[str]:
    with serving.served(sealed_stage) as address:
        yield address


def witness(stage: Stage) -> None:
    """The clock's turn, and that of the agencies' witnesses."""
    stage.number_entries()
    stage.seal()


def set_up_contributor(stage: Stage, page: Page, login: str = CONTRIBUTOR) -> str:
    """The browser makes its keys; their person's agency vouches for them. Returns the thumbprint."""
    page.goto("/device-keys")
    made = page.evaluate(MAKE)
    offered = Offered("browser", "Firefox on Linux", made["encryption"], made["signing"], made["salt"])
    unused = keys.new_private()
    a_device(stage.person(login), Device(offered, unused, unused))
    return str(made["thumbprint"])


def set_up_owner(stage: Stage, page: Page, login: str = OWNER) -> Device:
    """Keys made here are put into the browser, and vouched for."""
    page.goto("/device-keys")
    made = a_device(stage.person(login), new_device())
    private = {"encryption": keys.private_jwk(made.encryption), "signing": keys.private_jwk(made.signing)}
    page.evaluate(PUT, {"thumbprint": made.thumbprint} | private)
    return made


def posted(stage: Stage, device: Device, protection: str = handling.END_TO_END) -> Posting:
    """A campaign of the owner's, sealed on their device."""
    with transaction() as tx:
        admin = stage._person(tx, ADMIN)
        handling.change(tx, Level.SENSITIVE, {"protection": protection}, actor=admin, context=seed.CONTEXT)
    posting = end_to_end.a_posting(stage.person(OWNER), items=3, device=device, content="Struck")
    posting.post()
    return posting


def revoke(stage: Stage, thumbprint: str) -> None:
    """An officer of the contributor's agency takes the device out of use."""
    with transaction() as tx:
        device_keys.revoke_seen(tx, thumbprint, actor=stage._person(tx, OFFICER), context=seed.CONTEXT)


def start(page: Page, campaign: UUID) -> None:
    page.goto(f"/campaigns/{campaign}")
    page.get_by_role("button", name=re.compile("Start|Go on|Continue")).first.click()
    page.wait_for_url("**/claims/*")


def answer(page: Page, note: str) -> None:
    page.get_by_role("radio").nth(0).check()
    page.locator("#note").fill(note)
    page.get_by_role("button", name="Submit and next").click()


def said(page: Page) -> Locator:
    """What the desk says of its one request."""
    return page.locator("[data-requests] [data-said]")


@pytest.fixture
def contributor(chromium: Browser, sealed_stage: Stage, served: str) -> Iterator[Page]:
    with serving.visitor(chromium, sealed_stage, served, CONTRIBUTOR) as context:
        yield context.new_page()


@pytest.fixture
def owner(chromium: Browser, sealed_stage: Stage, served: str) -> Iterator[Page]:
    with serving.visitor(chromium, sealed_stage, served, OWNER) as context:
        yield context.new_page()


def test_end_to_end_the_owners_browser_lets_the_contributors_read_and_answer(
    sealed_stage: Stage, owner: Page, contributor: Page
) -> None:
    stage = sealed_stage
    posting = posted(stage, set_up_owner(stage, owner))
    thumbprint = set_up_contributor(stage, contributor)

    # One by one: asked for, witnessed, checked, given by a click.
    start(contributor, posting.campaign_id)
    expect(contributor.get_by_text(WAITING)).to_be_visible()
    expect(contributor.get_by_text("Struck 1")).to_have_count(0)
    owner.goto(f"/campaigns/{posting.campaign_id}/key-desk")
    expect(owner.get_by_text("Somebody asked. It shows here once a witness has seen it")).to_be_visible()
    witness(stage)
    expect(said(owner)).to_have_text("Checked. The key can be given.")
    expect(owner.get_by_text("Device confirmed by: Civil Aviation Office")).to_be_visible()
    owner.get_by_role("button", name=GIVE).click()
    expect(said(owner)).to_have_text("The key was given.")
    expect(contributor.get_by_text("Struck 1")).to_be_visible()

    # The answer leaves sealed: only the campaign's key opens it.
    answer(contributor, "Seen from the tower.")
    expect(contributor.get_by_text(WAITING)).to_be_visible()
    with reading() as db:
        row = db.all(
            select(Contribution.__table__).where(Contribution.microtask_id == posting.items[0].microtask_id)
        )[0]
        campaign = end_to_end.known(posting.campaign_id)
        ref = payloads.answer(row.microtask_id, row.id)
        (part,) = payloads.handed_to_campaign(db, campaign, [(ref, row.payload_id)])
    assert row.answer is None
    assert end_to_end.opened_with(posting.private, part)["note"] == "Seen from the tower."

    # By itself, while the page is open; then the device is removed in the middle.
    owner.get_by_label("Give keys while this page is open").check()
    expect(contributor.get_by_text(WAITING)).to_be_visible()
    witness(stage)
    expect(contributor.get_by_text("Struck 2")).to_be_visible()
    revoke(stage, thumbprint)
    contributor.reload()
    expect(contributor.get_by_text(NEEDS_DEVICE)).to_be_visible()
    expect(contributor.get_by_text("Struck 2")).to_have_count(0)
    with reading() as db:
        assert db.all(select(KeyRelease.claim_id).where(KeyRelease.wrapped.is_(None))) == []

    # What was given to it before stays given, and is handed out no more.
    desk = owner.locator("[data-requests] li")
    expect(desk).to_have_count(2)


def test_end_to_end_a_revoked_device_gets_nothing_that_it_waited_for(
    sealed_stage: Stage, owner: Page, contributor: Page
) -> None:
    stage = sealed_stage
    posting = posted(stage, set_up_owner(stage, owner))
    thumbprint = set_up_contributor(stage, contributor)
    start(contributor, posting.campaign_id)
    expect(contributor.get_by_text(WAITING)).to_be_visible()
    witness(stage)
    owner.goto(f"/campaigns/{posting.campaign_id}/room")
    give = owner.get_by_role("button", name=GIVE)
    expect(give).to_be_visible()
    revoke(stage, thumbprint)
    expect(give).to_have_count(0)
    expect(owner.get_by_text("Nobody waits for a key.")).to_be_visible()
    expect(contributor.get_by_text(NEEDS_DEVICE)).to_be_visible()
    with transaction() as tx:
        desk = key_requests.waiting(
            tx,
            posting.campaign_id,
            posting.device.thumbprint,
            actor=stage.person(OWNER),
            context=seed.CONTEXT,
        )
    assert (desk.requests, desk.waiting) == ([], [])


def test_the_desk_refuses_evidence_that_no_witness_stands_behind(
    sealed_stage: Stage, owner: Page, contributor: Page
) -> None:
    """The page came from before: whatever the marketplace says of keys later, it checks by those it was loaded with."""
    stage = sealed_stage
    posting = posted(stage, set_up_owner(stage, owner))
    set_up_contributor(stage, contributor)

    def forged(route: Any) -> None:
        answer = route.fetch()
        told = answer.json()
        for each in told["requests"]:
            lines = each["evidence"]["asked"]["checkpoint"].split("\n")
            kept = [line for line in lines if "/witness" not in line]
            strange = replace(LOG, kind=WITNESSES["haas"].kind, name="strange.example/witness")
            text = "\n".join(kept[:3]) + "\n"
            each["evidence"]["asked"]["checkpoint"] = "\n".join(kept) + strange.sign(text, 1).text
        route.fulfill(response=answer, json=told)

    owner.route("**/key-desk/requests*", forged)
    start(contributor, posting.campaign_id)
    expect(contributor.get_by_text(WAITING)).to_be_visible()
    witness(stage)
    owner.goto(f"/campaigns/{posting.campaign_id}/key-desk")
    expect(said(owner)).to_have_text("Not given: no witness has confirmed the record.")
    expect(owner.get_by_role("button", name="Give the key")).to_have_count(0)


def test_a_desk_that_is_full_asks_for_no_more_and_says_so(sealed_stage: Stage, owner: Page) -> None:
    posting = posted(sealed_stage, set_up_owner(sealed_stage, owner))
    names = [f"{number:016}" for number in range(151)]
    asked: list[str] = []

    def crowded(route: Route) -> None:
        asked.append(route.request.url)
        known = parse_qs(urlsplit(route.request.url).query).get("known", [""])[0].split(".")
        fresh = [] if "full=1" in asked[-1] else [name for name in names[:150] if name not in known]
        requests = [{"name": name, "number": 1, "evidence": {}} for name in fresh]
        route.fulfill(json={"key": None, "requests": requests, "waiting": names})

    owner.route("**/key-desk/requests*", crowded)
    owner.goto(f"/campaigns/{posting.campaign_id}/key-desk")
    expect(owner.get_by_text("More people wait.")).to_be_visible()
    expect(owner.locator("[data-requests] li")).to_have_count(150)
    assert ["full=1" in url for url in asked] == [False, True]


DISTRUSTED = "It is not shown that the owner’s agency sealed this item, so nothing is opened:"
CHANGED = "What arrived is not what was sealed, so nothing is shown."
Told = dict[str, Any]


def evidence_of(device: Device) -> Any:
    """What the marketplace has to show for a device."""
    assert device.id is not None
    with reading() as db:
        return json.loads(json.dumps(device_keys.evidence(db, device.id)))


@dataclass
class Liar:
    """A marketplace that changes what it says of an item on the way. `strange`: enrolled, at another agency."""

    posting: Posting
    owners: Device
    mine: str
    strange: Device
    server: keys.PrivateKey = field(default_factory=keys.new_private)
    lie: Callable[[Told], None] | None = None

    def answer(self, route: Route) -> None:
        answer = route.fetch()
        told = answer.json()
        if self.lie is not None:
            self.lie(told)
        route.fulfill(response=answer, json=told)

    def sealed_by_another_agency(self, told: Told) -> None:
        self._signed_by(told, self.strange, self._key_id)
        told["evidence"][self.strange.thumbprint] = evidence_of(self.strange)

    def said_to_be_the_owners(self, told: Told) -> None:
        self._signed_by(told, self.strange, self._key_id)
        told["item"]["signer"] = self.owners.thumbprint
        told["evidence"][self.owners.thumbprint]["signing_key"] = keys.public_jwk(self.strange.signing)

    def under_another_thumbprint(self, told: Told) -> None:
        told["item"]["signer"] = self.mine

    def without_evidence(self, told: Told) -> None:
        del told["evidence"][self.owners.thumbprint]

    def unsigned(self, told: Told) -> None:
        told["item"] |= {"signer": None, "signature": None}

    def to_its_own_key(self, told: Told) -> None:
        public = keys.public_jwk(self.server)
        told["answer"] |= {"public_key": public, "key_id": thumbprints.of(public)}

    def to_its_own_key_under_the_campaigns_name(self, told: Told) -> None:
        told["answer"]["public_key"] = keys.public_jwk(self.server)

    def signed_for_no_key(self, told: Told) -> None:
        self._signed_by(told, self.owners, None)

    def for_another_item(self, told: Told) -> None:
        told["answer"]["header"]["microtask"] = str(self.posting.items[1].microtask_id)

    def with_another_device(self, told: Told) -> None:
        public = keys.public_jwk(self.strange.encryption)
        told["draft"]["devices"].append({"thumbprint": self.strange.thumbprint, "public_key": public})
        told["evidence"][self.strange.thumbprint] = evidence_of(self.strange)

    @property
    def _key_id(self) -> str:
        return thumbprints.of(keys.public_jwk(self.posting.private))

    def _signed_by(self, told: Told, device: Device, campaign_key: str | None) -> None:
        """As if this device had sealed the item, for answers to this key."""
        sign_anew(told["item"], device, campaign_key)


def sign_anew(part: Told, device: Device, campaign_key: str | None) -> None:
    header = Header.from_bytes(canonical_bytes(part["header"]))
    digest = sha256(base64url.decoded(part["envelope"])).digest()
    signature = signatures.sign(header.hash, digest, device.signing, campaign_key)
    part |= {"signature": base64url.encoded(signature), "signer": device.thumbprint}


STRANGE = "no agency here uses the sign-in service that confirmed the device."


def with_other_issuers(route: Route) -> None:
    """The work page, as it would come to somebody whose devices another sign-in service confirms."""
    answer = route.fetch()
    text = re.sub(r'data-issuers="[^"]*"', 'data-issuers="https://elsewhere.example"', answer.text())
    route.fulfill(response=answer, body=text)


LIES: dict[Callable[[Liar, Told], None], str] = {
    Liar.sealed_by_another_agency: STRANGE,
    Liar.said_to_be_the_owners: "these are not the keys of that device.",
    Liar.without_evidence: "the evidence of the device cannot be read.",
    Liar.unsigned: "the evidence of the device cannot be read.",
    Liar.under_another_thumbprint: CHANGED,
    Liar.to_its_own_key: CHANGED,
    Liar.signed_for_no_key: CHANGED,
    Liar.for_another_item: CHANGED,
}


def test_a_contributors_browser_trusts_no_key_that_the_server_merely_names(
    sealed_stage: Stage, owner: Page, contributor: Page
) -> None:
    """Each lie on a page loaded anew: nothing is shown, and nothing leaves the page."""
    stage = sealed_stage
    owners = set_up_owner(stage, owner)
    posting = posted(stage, owners)
    mine = set_up_contributor(stage, contributor)
    liar = Liar(posting, owners, mine, a_device(stage.person("tom"), new_device()))
    start(contributor, posting.campaign_id)
    expect(contributor.get_by_text(WAITING)).to_be_visible()
    witness(stage)
    owner.goto(f"/campaigns/{posting.campaign_id}/key-desk")
    owner.get_by_role("button", name=GIVE).click()
    expect(contributor.get_by_text("Struck 1")).to_be_visible()
    contributor.route("**/item?*", liar.answer)
    sent: list[str] = []
    contributor.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    states = contributor.locator("[data-states]")
    for lie, sentence in LIES.items():
        liar.lie = partial(lie, liar)
        contributor.reload()
        expect(states.get_by_text(sentence)).to_be_visible()
        expect(states.get_by_text(DISTRUSTED)).to_be_visible(visible=sentence is not CHANGED)
        expect(contributor.get_by_text("Struck 1")).to_have_count(0)
        expect(contributor.locator("#note")).to_be_hidden()

    # One's own device counts as confirmed by the sign-in services that the page names, and not by just any.
    liar.lie = None
    contributor.route("**/claims/*", with_other_issuers)
    contributor.reload()
    expect(states.get_by_text(STRANGE)).to_be_visible()
    contributor.unroute("**/claims/*")

    # Without the module that checks nothing is opened either.
    liar.lie = None
    contributor.route("**/end-to-end-work.js", lambda route: route.abort())
    contributor.reload()
    expect(states.get_by_text(CHANGED)).to_be_visible()
    contributor.unroute("**/end-to-end-work.js")

    # The name of the campaign's key beside another key shows when something is to be sealed to it.
    liar.lie = liar.to_its_own_key_under_the_campaigns_name
    contributor.reload()
    contributor.get_by_role("radio").nth(0).check()
    contributor.get_by_role("button", name="Submit and next").click()
    expect(states.get_by_text(CHANGED)).to_be_visible()
    assert [url for url in sent if "/contribution" in url] == []

    # A draft goes to devices of its author, and not to one that the server adds.
    liar.lie = liar.with_another_device
    contributor.reload()
    with contributor.expect_response("**/draft") as saving:
        contributor.locator("#note").fill("Seen from the tower.")
    body = parse_qs(saving.value.request.post_data or "")
    assert list(json.loads(body["slots"][0])) == [mine]


def test_a_result_that_no_device_of_the_agency_signed_is_not_shown(sealed_stage: Stage, owner: Page) -> None:
    stage = sealed_stage
    device = set_up_owner(stage, owner)
    posting = posted(stage, device)
    a_contribution(posting.campaign_id, stage.person(CONTRIBUTOR), "bird")
    agency.keep(posting, agency.decided(posting, agency.undecided(posting)))
    strange = a_device(stage.person("tom"), new_device())
    witness(stage)
    key_id = thumbprints.of(keys.public_jwk(posting.private))

    def by_a_strange_device(told: Told) -> None:
        sign_anew(told["value"], strange, key_id)
        told["evidence"][strange.thumbprint] = evidence_of(strange)

    lies: list[tuple[Callable[[Told], None], str]] = [
        (by_a_strange_device, "no agency here uses the sign-in service that confirmed the device."),
        (lambda told: told["value"].update(signer=None), "the evidence of the device cannot be read."),
        (lambda told: told["evidence"].clear(), "the evidence of the device cannot be read."),
        (lambda told: told["key"].update(signature=None), CHANGED),
        (lambda told: sign_anew(told["item"], device, None), CHANGED),
        (lambda told: told["value"].update(signature=told["item"]["signature"]), CHANGED),
    ]
    said: list[Callable[[Told], None]] = []

    def lying(route: Route) -> None:
        answer = route.fetch()
        told = answer.json()
        said[-1](told)
        route.fulfill(response=answer, json=told)

    with reading() as db:
        item = db.scalar(select(Result.microtask_id).where(Result.campaign_id == posting.campaign_id))
    owner.goto(f"/campaigns/{posting.campaign_id}/results/{item}")
    expect(owner.locator("[data-result]")).not_to_be_empty()
    owner.route("**/parts?*", lying)
    for lie, sentence in lies:
        said.append(lie)
        owner.reload()
        expect(owner.locator("[data-states]").get_by_text(sentence)).to_be_visible()
        for place in ("[data-result]", "ol.trace", "[data-field] >> nth=0"):
            expect(owner.locator(place)).to_be_empty()


def test_the_campaigns_key_goes_to_no_device_that_the_server_merely_names(
    sealed_stage: Stage, owner: Page
) -> None:
    stage = sealed_stage
    owners = set_up_owner(stage, owner)
    posting = posted(stage, owners)
    strange = a_device(stage.person("tom"), new_device())
    second = a_device(stage.person(OWNER), new_device(name="Tower laptop"))
    witness(stage)
    told: Any = None

    def forged(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json=answer.json() | {"devices": told})

    owner.route("**/key/offer", forged)
    given: list[Request] = []
    owner.on("request", lambda request: given.append(request) if request.url.endswith("/key/give") else None)
    button = owner.get_by_role("button", name=re.compile("Give it the key ?: Tower laptop"))
    lies = {
        "these are not the keys of that device.": evidence_of(owners),
        "no witness of the record has confirmed yet": None,
    }
    states = owner.locator("[data-state]")
    owner.goto(f"/campaigns/{posting.campaign_id}/key")
    for sentence, evidence in lies.items():
        told = [{"thumbprint": second.thumbprint, "evidence": evidence}]
        button.click()
        expect(states.get_by_text(sentence)).to_be_visible()
    told = [{"thumbprint": strange.thumbprint, "evidence": evidence_of(strange)}]
    owner.get_by_label("E-mail address").fill("karim@example.org")
    owner.unroute("**/key/offer")
    owner.route("**/key/offer", lambda route: route.fulfill(json={"key": None, "devices": told}))
    owner.get_by_role("button", name="Give the key").click()
    expect(states.get_by_text("no agency here uses the sign-in service")).to_be_visible()
    assert given == []

    # What is so is given.
    owner.unroute("**/key/offer")
    button.click()
    expect(owner.get_by_text("The key was given.")).to_be_visible()
    with reading() as db:
        held = key_requests.holding(db, end_to_end.known(posting.campaign_id), stage.person(OWNER))
    assert second.thumbprint in held


def left(place: Locator) -> float:
    box = place.bounding_box()
    assert box is not None
    return box["x"]


@pytest.mark.parametrize("width", [390, 1280])
def test_the_desk_is_for_everybody(
    chromium: Browser, sealed_stage: Stage, served: str, contributor: Page, width: int
) -> None:
    stage = sealed_stage
    with serving.visitor(chromium, stage, served, OWNER, width=width, appearance="dark") as context:
        page = context.new_page()
        posting = posted(stage, set_up_owner(stage, page))
        set_up_contributor(stage, contributor)
        start(contributor, posting.campaign_id)
        expect(contributor.get_by_text(WAITING)).to_be_visible()
        witness(stage)
        page.goto(f"/campaigns/{posting.campaign_id}/key-desk")
        give = page.get_by_role("button", name=GIVE)
        expect(give).to_be_visible()
        assert left(page.locator("[data-requests] li p").first) == left(page.locator("#key-desk"))
        violations, incomplete = by_axe(page)
        assert (violations, incomplete) == ([], [])
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.get_by_label("Give keys while this page is open").focus()
        page.keyboard.press("Tab")
        expect(give).to_be_focused()
        page.keyboard.press("Enter")
        expect(said(page)).to_have_text("The key was given.")


def test_server_sealed_the_contributor_reads_answers_and_stops_when_the_device_is_removed(
    sealed_stage: Stage, contributor: Page
) -> None:
    stage = sealed_stage
    thumbprint = set_up_contributor(stage, contributor)
    start(contributor, stage.campaign(STRIKES))
    first = contributor.locator("[data-field]").first
    expect(first).not_to_be_empty()
    expect(first).to_be_visible()
    before = contributor.url
    answer(contributor, "Seen from the tower.")
    contributor.wait_for_function("before => location.href !== before", arg=before)
    expect(first).to_be_visible()
    with reading() as db:
        rows = db.all(select(Contribution.answer, Contribution.payload_id))
    assert any(row.payload_id for row in rows)
    revoke(stage, thumbprint)
    answer(contributor, "Too late.")
    expect(contributor.get_by_role("heading", name="Set up this browser first")).to_be_visible()
    contributor.go_back()
    contributor.reload()
    expect(contributor.get_by_text(NEEDS_DEVICE)).to_be_visible()
