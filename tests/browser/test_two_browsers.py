"""Two browsers, owner and contributor, through both levels of sealed work, at what `./run` starts.

Every browser is set up as people do it: keys made there, and the agency's real sign-in with a second factor. In the
middle the contributor's device is removed; the item that was in hand opens no more until the browser is set up again.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser import ways_in
from tests.builders import a_form, a_spec
from tests.journeys.program import Program, let_open, sealed_end_to_end
from tests.running import Running, eventually

pytestmark = pytest.mark.xdist_group("marketplace")

OWNER = "ines"
FIRST, SECOND = "Canary of the tower", "Canary of the apron"
NOTE, AGAIN = "Seen from the tower.", "Seen from the apron."
NEEDS_DEVICE = "This item is sealed to the device it is opened on."
WAITING = "The key to this item is with its owner’s side."
SETTINGS = """
name = "{name}"
title = "What was struck?"
purpose = "So that airports know."
instructions = "Read the entry. Choose."
level = "sensitive"
contributions = 1

[form]
note = true

[[form.questions]]
name = "kind"
kind = "choice"
label = "What is it?"
cannot_tell = "unclear"
options = [
  {{ value = "bird", label = "A bird" }},
  {{ value = "unclear", label = "Can't tell" }},
]

[[form.fields]]
name = "entry"
label = "Entry"
column = "entry"
required = true
"""
ITEMS = f"entry\n{FIRST}\n{SECOND}\n"


@dataclass
class Owner:
    """The owner's browser, and the key file of a program of theirs; both are set up."""

    page: Page
    key_file: Path


@pytest.fixture(scope="module")
def visit(chromium: Browser, marketplace: Running) -> Iterator[Callable[[str, str], Page]]:
    """Open a browser of its own for somebody, signed in at their agency."""
    contexts = []

    def signed_in(agency: str, login: str) -> Page:
        context = chromium.new_context(base_url=marketplace.url)
        contexts.append(context)
        page = ways_in.in_english(context, marketplace)
        ways_in.sign_in(page, agency, login)
        return page

    yield signed_in
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def owner(
    visit: Callable[[str, str], Page], marketplace: Running, tmp_path_factory: pytest.TempPathFactory
) -> Owner:
    page = visit("Civil Aviation", OWNER)
    ways_in.set_up_browser(page, OWNER)
    file = tmp_path_factory.mktemp("owner") / "device.json"
    line = marketplace.command("device", "new", "--out", str(file)).stdout
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    ways_in.set_up_program(page, OWNER, line)
    return Owner(page, file)


def start(page: Page, campaign: str) -> None:
    page.goto(f"/campaigns/{campaign}")
    page.get_by_role("button", name=re.compile("Start|Continue")).first.click()
    page.wait_for_url("**/claims/*")


def set_up_here(page: Page, login: str) -> None:
    """From an item that says that it needs a device, by the agency's sign-in, and back to the item."""
    expect(page.get_by_text(NEEDS_DEVICE)).to_be_visible()
    shows_nothing(page)
    item = page.url
    page.get_by_role("link", name="Set up this browser").click()
    page.get_by_role("button", name="Set up this browser").click()
    ways_in.confirm(page, login)
    page.wait_for_url(item)


def answer(page: Page, note: str) -> None:
    page.get_by_role("radio").first.check()
    page.locator("#note").fill(note)
    page.get_by_role("button", name="Submit and next").click()


def is_refused(page: Page) -> None:
    """With a device that was removed meanwhile an answer is not taken, and the item opens no more."""
    item = page.url
    answer(page, "Too late.")
    expect(page.get_by_role("heading", name="Set up this browser first")).to_be_visible()
    shows_nothing(page)
    page.goto(item)


def shows_nothing(page: Page) -> None:
    """Nothing of an item stands on the page, hidden or not."""
    for text in (FIRST, SECOND):
        assert text not in page.content()


def reads_the_result(page: Page, campaign: str, text: str, note: str) -> None:
    """The owner opens the results one after the other, each in this browser, until the one with this item."""
    results = f"/campaigns/{campaign}/results"

    def settled() -> list[str]:
        page.goto(results)
        links = page.locator("main a[href*='/results/']:not([href$='.csv'])")
        found = {str(each.get_attribute("href")) for each in links.all()}
        return sorted(found) if len(found) == 2 else []

    for address in eventually(settled, "both items are settled"):
        page.goto(address)
        expect(page.locator("[data-result]")).to_have_text("A bird")
        if page.locator("[data-field=entry]").first.inner_text() == text:
            expect(page.locator("ol.trace li")).to_contain_text([note])
            return
    raise AssertionError(f"no result for {text}")


def test_server_sealed_work_is_done_on_devices_and_stops_with_them(
    visit: Callable[[str, str], Page], owner: Owner, marketplace: Running
) -> None:
    spec = a_spec(name="Tower, sealed", level="sensitive", contributions=1, form=a_form())
    campaign = Program(marketplace, OWNER).post_campaign(spec, ITEMS)

    person = visit("Digital Service", "lena")
    start(person, campaign)
    set_up_here(person, "lena")
    expect(person.get_by_text(FIRST)).to_be_visible()
    answer(person, NOTE)
    expect(person.get_by_text(SECOND)).to_be_visible()

    # The person removes the device, in another tab.
    devices = person.context.new_page()
    row = row_of_this(devices)
    row.get_by_text("Rename or remove").click()
    row.get_by_role("button", name="Remove this device").click()
    expect(devices.get_by_role("button", name="Set up this browser")).to_be_visible()
    is_refused(person)
    set_up_here(person, "lena")
    expect(person.get_by_text(SECOND)).to_be_visible()
    answer(person, AGAIN)
    expect(person.get_by_text("Your answer is in.")).to_be_visible()

    for text, note in ((FIRST, NOTE), (SECOND, AGAIN)):
        reads_the_result(owner.page, campaign, text, note)


def test_end_to_end_the_owners_browser_lets_devices_in_and_alone_reads_the_answers(
    visit: Callable[[str, str], Page], owner: Owner, marketplace: Running
) -> None:
    with sealed_end_to_end(marketplace):
        seen_by_witnesses(marketplace)
        campaign = post_in_the_browser(owner.page)
    let_open(marketplace, campaign)
    desk = owner.page
    desk.goto(f"/campaigns/{campaign}/key-desk")

    # One key by a click, once what stands behind the request is witnessed and checked.
    person = visit("Civil Aviation", "karim")
    start(person, campaign)
    set_up_here(person, "karim")
    expect(person.get_by_text(WAITING)).to_be_visible()
    shows_nothing(person)
    expect(desk.get_by_text("Device confirmed by: Civil Aviation Office")).to_be_visible()
    desk.get_by_role("button", name="Give the key").click()
    expect(person.get_by_text(FIRST)).to_be_visible()
    answer(person, NOTE)

    # The next by itself; then the officer of the contributor's agency removes the device.
    desk.get_by_label("Give keys while this page is open").check()
    expect(person.get_by_text(SECOND)).to_be_visible()
    officer = visit("Civil Aviation", "haas")
    thumbprint = row_of_this(person.context.new_page()).get_attribute("data-thumbprint")
    remove_as_officer(officer, "haas", str(thumbprint))
    is_refused(person)
    set_up_here(person, "karim")
    expect(person.get_by_text(SECOND)).to_be_visible()
    answer(person, AGAIN)
    expect(person.get_by_text("Your answer is in.")).to_be_visible()

    words = ("campaign", "settle", campaign, "--device", str(owner.key_file))
    assert marketplace.command(*words, login=OWNER).stdout == "2 items settled\n"
    for text, note in ((FIRST, NOTE), (SECOND, AGAIN)):
        reads_the_result(owner.page, campaign, text, note)
    owner.page.goto(f"/campaigns/{campaign}/results")
    expect(owner.page.get_by_text(f"marketplace campaign export {campaign}")).to_be_visible()
    expect(owner.page.get_by_role("link", name="Download results")).to_have_count(0)


def seen_by_witnesses(marketplace: Running) -> None:
    """The owner's program gets the key from their browser once it is shown that both are theirs."""
    spec = {"spec": a_spec(level="sensitive")}

    def shown() -> bool:
        told = Program(marketplace, OWNER).post("/campaigns/sealed/check", spec).json()
        return all(each["evidence"] for each in told["devices"])

    eventually(shown, "witnesses have seen the owner's devices")


def post_in_the_browser(page: Page) -> str:
    """Both files chosen, sealed and posted. Returns the campaign's id."""
    page.goto("/campaigns/sealed/new")
    settings = SETTINGS.format(name="Tower, end to end").encode()
    page.get_by_label("Settings (campaign.toml)").set_input_files(
        {"name": "campaign.toml", "mimeType": "application/toml", "buffer": settings}
    )
    page.get_by_label("Items (CSV, UTF-8)").set_input_files(
        {"name": "items.csv", "mimeType": "text/csv", "buffer": ITEMS.encode()}
    )
    page.get_by_role("button", name="Seal and post").click()
    page.wait_for_url("**/room")
    return page.url.split("/")[-2]


def row_of_this(page: Page) -> Locator:
    """Among the devices of whoever is signed in here, this browser."""
    page.goto("/device-keys")
    return page.locator("[data-thumbprint]").filter(has=page.locator("[data-this]:visible"))


def remove_as_officer(officer: Page, login: str, thumbprint: str) -> None:
    """From the list of devices; it takes a fresh sign-in with a second factor."""
    officer.goto("/record/device-keys")
    row = officer.get_by_role("row").filter(has_text=thumbprint)
    row.get_by_role("link", name="Remove").click()
    officer.get_by_role("button", name="Remove this device").click()
    officer.get_by_role("button", name="Sign in again").click()
    ways_in.confirm(officer, login)
    officer.get_by_role("button", name="Send it now").click()
    expect(row).to_contain_text("Removed on")
