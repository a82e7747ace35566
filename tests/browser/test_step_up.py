"""Signing in again in the middle of a form, at the agency's real sign-in: nothing that was typed is lost."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser import ways_in
from tests.browser.test_axe import found
from tests.running import Running

pytestmark = pytest.mark.xdist_group("marketplace")

OPEN, SEALED = "Which policy field does this passage concern?", "Does the entry name what was struck?"
NOTE = "Both would do."
LOGIN, ADMIN = "lena", "greta"


@pytest.fixture
def visit(chromium: Browser, marketplace: Running) -> Iterator[Any]:
    """Lena at an item of this campaign, in a browser of her own."""
    contexts = []

    def signed_in(context: BrowserContext) -> Page:
        page = ways_in.in_english(context, marketplace)
        ways_in.sign_in(page, "Digital Service", LOGIN)
        return page

    def set_up(context: BrowserContext) -> None:
        """The second factor that this takes is of another day's session."""
        ways_in.set_up_browser(signed_in(context), LOGIN)
        context.clear_cookies()

    def at_work(title: str, **options: Any) -> Page:
        context = chromium.new_context(base_url=marketplace.url, **options)
        contexts.append(context)
        if title == SEALED:
            set_up(context)
        page = signed_in(context)
        page.goto("/work")
        page.get_by_role("link", name=title).first.click()
        page.get_by_role("button", name=re.compile("Start|Go on|Continue")).first.click()
        expect(page.get_by_role("radio").first).to_be_visible()
        return page

    yield at_work
    for context in contexts:
        context.close()


def write_and_submit(page: Page) -> str:
    """Answer the item. Returns its address."""
    address = page.url
    page.get_by_role("radio").nth(1).check()
    page.locator("#note").fill(NOTE)
    page.get_by_role("button", name="Submit and next").click()
    expect(page.get_by_role("button", name="Sign in again")).to_be_visible()
    return address


@pytest.mark.parametrize("scripts", [True, False], ids=["with_javascript", "without_javascript"])
def test_an_open_answer_is_sent_after_signing_in_again(
    visit: Any, marketplace: Running, scripts: bool
) -> None:
    page = visit(OPEN, java_script_enabled=scripts)
    with ways_in.asking_for_a_fresh_sign_in(marketplace, ADMIN):
        item = write_and_submit(page)
        expect(page.get_by_role("main")).not_to_contain_text(NOTE)
        page.get_by_role("button", name="Sign in again").click()
        ways_in.confirm(page, LOGIN)
        page.wait_for_url("**/resume/*")
        send = page.get_by_role("button", name="Send it now")
        expect(send).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.get_by_text("Your answer is in.")).to_be_visible()
        assert page.url != item


def test_a_sealed_answer_stays_on_the_device_and_is_there_again(visit: Any, marketplace: Running) -> None:
    page = visit(SEALED)
    with ways_in.asking_for_a_fresh_sign_in(marketplace, ADMIN):
        item = write_and_submit(page)
        page.get_by_role("button", name="Sign in again").click()
        ways_in.confirm(page, LOGIN)
        page.wait_for_url(item)
        expect(page.locator("#note")).to_have_value(NOTE)
        expect(page.get_by_role("radio").nth(1)).to_be_checked()
        assert NOTE not in page.evaluate("JSON.stringify([{...sessionStorage}, {...localStorage}])")
        page.get_by_role("button", name="Submit and next").click()
        expect(page.get_by_text("Your answer is in.")).to_be_visible()


def test_axe_finds_nothing_on_the_refusal_and_on_the_way_back(visit: Any, marketplace: Running) -> None:
    page = visit(OPEN, bypass_csp=True, color_scheme="dark", viewport={"width": 390, "height": 844})
    with ways_in.asking_for_a_fresh_sign_in(marketplace, ADMIN):
        write_and_submit(page)
        assert found(page) == ([], [])
        assert page.evaluate("document.scrollingElement.scrollWidth") <= 390
        page.get_by_role("button", name="Sign in again").click()
        ways_in.confirm(page, LOGIN)
        page.wait_for_url("**/resume/*")
        assert found(page) == ([], [])
        assert page.evaluate("document.scrollingElement.scrollWidth") <= 390


def test_keyboard_opens_a_page_that_was_refused(visit: Any, marketplace: Running) -> None:
    page = visit(OPEN)
    item = page.url
    with ways_in.asking_for_a_fresh_sign_in(marketplace, ADMIN):
        page.goto(item)
        expect(page.get_by_role("button", name="Sign in again")).to_be_focused()
        page.keyboard.press("Enter")
        ways_in.confirm(page, LOGIN)
        page.wait_for_url(item)
        expect(page.get_by_role("radio").first).to_be_visible()


def test_an_administrator_invites_after_signing_in_again(chromium: Browser, marketplace: Running) -> None:
    """Without scripts: the form waits, comes back with one button, and is done once."""
    context = chromium.new_context(base_url=marketplace.url, java_script_enabled=False)
    page = ways_in.in_english(context, marketplace)
    ways_in.sign_in(page, "Digital Service", ADMIN)
    page.goto("/agency/invitations")
    page.get_by_label("Note for yourselves").first.fill("asked to sign in again")
    page.get_by_role("button", name="Make a link").click()
    page.get_by_role("button", name="Sign in again").click()
    ways_in.confirm(page, ADMIN)
    page.wait_for_url("**/resume/*")
    page.get_by_role("button", name="Send it now").click()
    expect(page.get_by_label("Link", exact=True)).to_be_visible()
    expect(page.get_by_role("row", name="asked to sign in again")).to_have_count(1)
    context.close()
