"""Posting sealed work in Chromium: files are read, sealed and signed in the browser, and nothing else leaves it."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, Route, expect
from sqlalchemy import select

from agencies import agency_keys, device_keys, handling
from agencies.models import Person
from deploy.samples import seed
from marketplace.foundation.db import reading, transaction
from security.labels import Level
from security.principal import Principal, Role
from security.sealing import Header, SlotPurpose, keys, recovery, thumbprints, unseal
from tasks import facts, key_holders, payloads, table
from tasks.errors import BadRows
from tasks.models import Campaign, Microtask, Payload, PayloadSlot
from tests import end_to_end, on_device
from tests.browser.test_axe import found as by_axe
from tests.builders import AT_WORK, a_form, a_person
from tests.device_keys import Device, a_device, identity_of
from tests.web import serving
from tests.web import stage as stages
from tests.web.stage import Stage

OWNER, ADMIN = "ines", "felix"
SETTINGS = """
name = "Struck"
title = "What was struck?"
purpose = "So that airports know."
instructions = "Read the entry. Choose."
level = "sensitive"
contributions = 1
due = 2030-01-31

[[form.questions]]
name = "kind"
kind = "choice"
label = "What is it?"
cannot_tell = "unclear"
options = [
  { value = "bird", label = "A bird" },
  { value = "unclear", label = "Can't tell" },
]

[[form.fields]]
name = "entry"
label = "Entry"
column = "Species name"
required = true
"""
ITEMS = 'Species name;size\n"Canary; ""grey"" gull";small\n\u00a0Canary bat é ;big\n'


@pytest.fixture(scope="module")
def own_stage() -> Iterator[Stage]:
    """A stage of these tests' own: its agency has its sensitive work sealed end to end, and keys of its own."""
    home = Path(tempfile.mkdtemp(prefix="market-post-sealed-"))
    made = stages.set_up(home)
    made.enter()
    with transaction() as tx:
        admin = made._person(tx, ADMIN)
        change = {"protection": handling.END_TO_END}
        handling.change(tx, Level.SENSITIVE, change, actor=admin, context=seed.CONTEXT)
    stages._witnesses(made)
    witness(made)
    made.leave()
    yield made
    shutil.rmtree(home, ignore_errors=True)


def witness(stage: Stage) -> None:
    """The clock's turn, and that of the agencies' witnesses: what stands behind devices is shown from now on."""
    stage.number_entries()
    stage.seal()


@pytest.fixture
def stage(own_stage: Stage) -> Iterator[Stage]:
    own_stage.enter()
    yield own_stage
    own_stage.leave()


@pytest.fixture
def ines(chromium: Browser, stage: Stage, url: str) -> Iterator[BrowserContext]:
    with serving.visitor(chromium, stage, url, OWNER) as context:
        serving.set_up(context, stage, OWNER)
        yield context


def choose(page: Page, settings: str = SETTINGS, items: str | bytes = ITEMS) -> None:
    page.goto("/campaigns/sealed/new")
    given = items.encode() if isinstance(items, str) else items
    page.get_by_label("Settings (campaign.toml)").set_input_files(
        {"name": "campaign.toml", "mimeType": "application/toml", "buffer": settings.encode()}
    )
    page.get_by_label("Items (CSV, UTF-8)").set_input_files(
        {"name": "items.csv", "mimeType": "text/csv", "buffer": given}
    )


def seal(page: Page) -> None:
    page.get_by_role("button", name="Seal and post").click()


def campaigns() -> list[UUID]:
    with reading() as db:
        return [row.id for row in db.all(select(Campaign.id).where(Campaign.name == "Struck"))]


def private_key(campaign_id: UUID, device: Device) -> keys.PrivateKey:
    with transaction() as tx:
        campaign = facts.campaign(tx, campaign_id)
        part = payloads.key_part(tx, campaign, SlotPurpose.DEVICE, device.thumbprint)
    return end_to_end.key_in(part, device.encryption)


def items_of(campaign_id: UUID, private: keys.PrivateKey) -> list[Any]:
    with reading() as db:
        campaign = facts.campaign(db, campaign_id)
        rows = db.all(
            select(Microtask.id, Microtask.payload_id)
            .where(Microtask.campaign_id == campaign_id)
            .order_by(Microtask.number)
        )
        wanted = [(payloads.item(row.id), row.payload_id) for row in rows]
        parts = payloads.handed_to_campaign(db, campaign, wanted)
    return [end_to_end.opened_with(private, part) for part in parts]


def test_files_become_a_sealed_campaign_and_nothing_else_leaves(ines: BrowserContext, stage: Stage) -> None:
    page = ines.new_page()
    sent: list[str] = []

    def keep(request: Request) -> None:
        sent.append(request.post_data or "")

    page.on("request", keep)
    choose(page)
    before = set(campaigns())
    seal(page)
    page.wait_for_url("**/room")
    expect(page.get_by_role("heading", name="Sealed end to end")).to_be_visible()
    expect(page.get_by_role("status").get_by_text("2 items were posted.")).to_be_visible()
    page.reload()
    expect(page.get_by_text("2 items were posted.")).to_have_count(0)
    [made] = set(campaigns()) - before
    assert any("envelope" in body for body in sent)
    assert not [body for body in sent if "Canary" in body]
    device = on_device.device_of(stage.person(OWNER))
    private = private_key(made, device)
    expected = table.items(ITEMS, {"fields": [{"name": "entry", "column": "Species name", "required": True}]})
    assert items_of(made, private) == expected


def test_the_agencys_own_keys_get_the_campaigns(ines: BrowserContext, stage: Stage) -> None:
    held = end_to_end.agency_keys_of(stage.person(OWNER))
    page = ines.new_page()
    choose(page)
    before = set(campaigns())
    seal(page)
    page.wait_for_url("**/room")
    [made] = set(campaigns()) - before
    with transaction() as tx:
        campaign = facts.campaign(tx, made)
        part = payloads.key_part(tx, campaign, SlotPurpose.PROCESSING, held.processing_id)
        slot = tx.all(
            select(PayloadSlot.wrapped, Payload.body, Payload.header)
            .join(Payload, Payload.id == PayloadSlot.payload_id)
            .where(PayloadSlot.payload_id == campaign.key_payload_id, PayloadSlot.kind == "recovery")
        )[0]
    public = campaign.public_key
    assert keys.public_jwk(end_to_end.key_in(part, held.processing)) == public
    header = Header.from_bytes(bytes(slot.header))
    dek = recovery.unwrap(bytes(slot.wrapped), header.hash, held.recovery.public.key_id, held.recovery)
    assert keys.public_jwk(keys.parse_private(unseal(header, bytes(slot.body), dek))) == public


def test_larger_files_go_in_batches_and_one_that_broke_off_goes_on(
    ines: BrowserContext, stage: Stage
) -> None:
    page = ines.new_page()
    small: list[int] = []

    def little_room(route: Route) -> None:
        """The page as it is, with room for two items or three in a request."""
        answer = route.fetch()
        body = answer.text().replace('data-largest="33554432"', 'data-largest="3000"')
        small.append(body.count('data-largest="3000"'))
        route.fulfill(response=answer, body=body)

    def broken(route: Route) -> None:
        """It arrives, and no answer comes back: the browser cannot know."""
        route.fetch()
        route.abort()

    page.route("**/campaigns/sealed/new", little_room, times=1)
    page.route("**/sealed/items", broken, times=1)
    rows = [f"Canary {number}" for number in range(1, 10)]
    choose(page, items="Species name\n" + "\n".join(rows) + "\n")
    assert small == [1]
    before = set(campaigns())
    seal(page)
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("of 9 items are known to be in.")
    expect(alert).to_contain_text("The marketplace did not answer, so nobody knows")
    assert by_axe(page) == ([], [])
    alert.get_by_role("button", name="Go on").click()
    page.wait_for_url("**/room")
    expect(page.get_by_role("status").get_by_text("9 items were posted.")).to_be_visible()
    [made] = set(campaigns()) - before
    private = private_key(made, on_device.device_of(stage.person(OWNER)))
    assert items_of(made, private) == [{"entry": row} for row in rows]


def test_what_may_have_arrived_is_not_called_unsent(ines: BrowserContext, stage: Stage) -> None:
    """The first request arrives and its answer does not; or something on the way answers in the marketplace's place."""
    page = ines.new_page()
    answers = [502, None]

    def broken(route: Route) -> None:
        route.fetch()
        status = answers.pop(0)
        if status is None:
            route.abort()
        else:
            route.fulfill(status=status, content_type="text/html", body="<p>Bad gateway")

    page.route("**/campaigns/sealed", broken, times=2)
    choose(page)
    before = set(campaigns())
    seal(page)
    alert = page.get_by_role("alert")
    for _ in range(2):
        expect(alert).to_contain_text("0 of 2 items are known to be in.")
        expect(alert).to_contain_text("nobody knows whether what was sent last has arrived")
        alert.get_by_role("button", name="Go on").click()
    page.wait_for_url("**/room")
    [made] = set(campaigns()) - before
    assert len(items_of(made, private_key(made, on_device.device_of(stage.person(OWNER))))) == 2


def test_a_marketplace_that_names_other_keys_gets_none_of_them_sealed_to(
    ines: BrowserContext, stage: Stage
) -> None:
    """Another key under this device's name; a colleague's device under one's own; another key of the agency's."""
    owner = stage.person(OWNER)
    device = on_device.device_of(owner)
    end_to_end.agency_keys_of(owner)
    spy = keys.public_jwk(keys.new_private())
    colleague = a_device(a_colleague(owner))
    witness(stage)
    assert colleague.id is not None
    with transaction() as tx:
        evidence = device_keys.evidence(tx, colleague.id)
    assert evidence is not None
    stranger = {"thumbprint": colleague.thumbprint, "name": "Mine", "evidence": evidence, "public_key": spy}

    lies: dict[str, Any] = {}

    def lying(route: Route) -> None:
        answer = route.fetch()
        told = answer.json()
        own = [each | {"public_key": spy} for each in told["devices"]]
        route.fulfill(response=answer, json=told | {"devices": [*own, stranger]} | lies)

    page = ines.new_page()
    page.route("**/campaigns/sealed/check", lying)
    before = set(campaigns())
    with reading() as db:
        offline = agency_keys.current(db, owner.agency_id, agency_keys.RECOVERY)
    assert offline is not None
    told = {"key_id": offline.key_id, "suite": offline.suite, "public_key": spy}
    for lie, said in (
        ({"recovery": told}, "This could not be sealed"),
        ({"recovery": told | {"key_id": thumbprints.of(spy)}}, "not those that this page names"),
        ({"processing": None}, "not those that this page names"),
    ):
        lies.clear()
        lies.update(lie)
        choose(page)
        seal(page)
        expect(page.get_by_role("alert")).to_contain_text(said)
        assert set(campaigns()) == before
    posted: list[Any] = []
    page.on("request", lambda sent: posted.append(sent) if sent.url.endswith("/campaigns/sealed") else None)
    lies.clear()
    choose(page)
    seal(page)
    expect(page.locator("[data-left]")).to_contain_text("did not get the key")
    expect(page.locator("[data-left]")).to_contain_text("“Mine”")
    assert by_axe(page) == ([], [])
    slots = json.loads(posted[0].post_data)["key"]["slots"]
    assert [each["key_id"] for each in slots if each["kind"] == "device"] == [device.thumbprint]
    page.get_by_role("link", name="To the campaign").click()
    page.wait_for_url("**/room")
    [made] = set(campaigns()) - before
    assert keys.public_jwk(private_key(made, device)) == known_key(made)


def test_another_browser_that_is_shown_to_be_of_the_same_person_gets_the_key(
    chromium: Browser, stage: Stage, url: str
) -> None:
    owner = stage.person(OWNER)
    unseen = on_device.another_device(owner, name="Tablet")
    laptop, desktop = a_device(owner, name="Laptop"), a_device(owner, name="Desktop")
    witness(stage)
    before = set(campaigns())
    with serving.visitor(chromium, stage, url, OWNER) as context:
        serving.set_up(context, stage, OWNER, laptop)
        page = context.new_page()
        choose(page)
        seal(page)
        expect(page.locator("[data-left]")).to_contain_text("“Tablet”")
        expect(page.locator("[data-holders]")).to_have_text(
            "Of your devices, this one gets the key, and those that are shown to be yours: “Desktop”."
        )
    [made] = set(campaigns()) - before
    for device in (laptop, desktop):
        assert keys.public_jwk(private_key(made, device)) == known_key(made)
    with transaction() as tx:
        for each in device_keys.live_of(tx, owner.person_id):
            if each.thumbprint in {unseen.thumbprint, laptop.thumbprint, desktop.thumbprint}:
                device_keys.revoke(tx, each.id, actor=owner, context=AT_WORK)


def known_key(campaign_id: UUID) -> Any:
    return end_to_end.known(campaign_id).public_key


def test_bad_rows_are_listed_and_nothing_is_posted(ines: BrowserContext, stage: Stage) -> None:
    page = ines.new_page()
    choose(page, items="Species name,size\nGull,small\n,small\nBat\n")
    before = campaigns()
    seal(page)
    alert = page.get_by_role("alert")
    expect(alert.get_by_role("listitem")).to_have_text(
        ["Line 3: The cell in “Species name” is empty.", "Line 4: There are 1 cells, and the header has 2."]
    )
    assert campaigns() == before
    assert by_axe(page) == ([], [])


def test_settings_that_do_not_fit_are_listed(ines: BrowserContext, stage: Stage) -> None:
    page = ines.new_page()
    choose(page, settings=SETTINGS.replace("contributions = 1", "contributions = 0"))
    seal(page)
    expect(page.get_by_role("alert")).to_contain_text("contributions: Must be a whole number from 1 to 99.")
    choose(page, settings="name = ")
    seal(page)
    expect(page.get_by_role("alert")).to_contain_text("This is not valid TOML")


def test_work_of_another_level_is_not_sealed_here(ines: BrowserContext, stage: Stage) -> None:
    page = ines.new_page()
    choose(page, settings=SETTINGS.replace('"sensitive"', '"internal"'))
    seal(page)
    expect(page.get_by_role("alert")).to_contain_text("does not have work of this level sealed end to end")


def test_a_browser_without_keys_is_told_what_to_do(chromium: Browser, stage: Stage, url: str) -> None:
    with serving.visitor(chromium, stage, url, OWNER) as context:
        page = context.new_page()
        page.goto("/campaigns/sealed/new")
        expect(page.get_by_role("link", name="Set up this browser")).to_be_visible()
        assert by_axe(page) == ([], [])


TEXTS = (
    ITEMS,
    "a,b\n1,2\n",
    "a,b\r\n1,2\r\n\r\n3,4",
    '\ufeffa,b\n"1\n1",2\n,2\n',
    "a;b\n1;2\n",
    "a\n\n\n1\n",
    "",
    "\n",
    "a,a\n1,2\n",
    "b\n1\n",
    "a,b\n1\n",
    'a,b\n"1,2\n',
    'a,b\n"1"x,2\n',
    "a,b\n1,2,3\n\n,2\n",
    "a,b\n" + "x" * 20_001 + ",2\n",
    "a,b\n" + "😀" * 20_000 + ",2\n",
    "a,b\n\x00,2\n",
    "a,b\n e\u0301 ,2\n",
    "a,b\n",
)


def test_the_browser_reads_files_as_the_server_does(ines: BrowserContext, stage: Stage) -> None:
    page = ines.new_page()
    page.goto("/campaigns/sealed/new")
    form = a_form(fields=[{"name": "entry", "label": "A", "column": "a", "lead": True, "required": True}])
    read = """async ([texts, form]) => {
        const link = document.querySelector('link[rel=modulepreload][href$="/csv.js"]');
        const { items } = await import(link.href);
        return texts.map((text) => items(text, form, { cell: 20000, rows: 100000 }));
    }"""
    for text, found in zip(TEXTS, page.evaluate(read, [list(TEXTS), form]), strict=True):
        try:
            expected, lines = table.items(text, form), []
        except BadRows as bad:
            expected, lines = None, [error["row"] for error in bad.facts["errors"]]
        assert [error["line"] for error in found["errors"]] == lines, json.dumps(text[:40])
        if expected is not None:
            assert found["items"] == expected, json.dumps(text[:40])


def test_the_key_is_given_to_a_colleague_and_taken_back(ines: BrowserContext, stage: Stage) -> None:
    owner = stage.person(OWNER)
    device = on_device.device_of(owner)
    held = end_to_end.agency_keys_of(owner)
    posting = end_to_end.a_posting(owner, device=device, held=held)
    posting.post()
    colleague = a_colleague(owner, "Kari Nordmann")
    theirs = a_device(colleague)
    witness(stage)
    page = ines.new_page()
    page.goto(f"/campaigns/{posting.campaign_id}/key")
    here = page.locator(f'[data-thumbprint="{device.thumbprint}"]')
    expect(here.get_by_text("This browser", exact=True)).to_be_visible()
    expect(page.locator("[data-this]:visible")).to_have_count(1)
    assert by_axe(page) == ([], [])
    page.get_by_label("E-mail address").fill(stage_email(colleague.person_id))
    page.get_by_role("button", name="Give the key", exact=True).click()
    expect(page.get_by_role("listitem").filter(has_text="Kari Nordmann")).to_contain_text("Holds the key")
    assert keys.public_jwk(private_key(posting.campaign_id, theirs)) == keys.public_jwk(posting.private)
    page.get_by_role("listitem").filter(has_text="Kari Nordmann").get_by_role("button").click()
    expect(page.get_by_text("The key was taken back.")).to_be_visible()
    with transaction() as tx:
        left = key_holders.listing(tx, posting.campaign_id, actor=owner, context=AT_WORK)
    assert left.colleagues == []


def a_colleague(owner: Principal, name: str = "Somebody") -> Principal:
    """Another task owner of the agency, who signs in at the same service."""
    known_as = (identity_of(owner)[0], name)
    return a_person(owner.agency_slug, roles=(Role.TASK_OWNER,), name=name, identity=known_as)


def stage_email(person_id: UUID) -> str:
    with reading() as db:
        email: str = db.scalar(select(Person.email).where(Person.id == person_id))
    return email
