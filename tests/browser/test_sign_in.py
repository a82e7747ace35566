"""The way in through real sign-in pages: finding the agency, the first sign-in, and where one is signed in."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser import ways_in
from tests.browser.test_axe import found
from tests.running import Running

pytestmark = pytest.mark.xdist_group("marketplace")


@pytest.fixture
def browsers(chromium: Browser, marketplace: Running) -> Iterator[list[BrowserContext]]:
    """Two browsers of their own."""
    contexts = [chromium.new_context(base_url=marketplace.url, bypass_csp=True) for _ in range(2)]
    yield contexts
    for context in contexts:
        context.close()


@pytest.fixture
def page(browsers: list[BrowserContext], marketplace: Running) -> Page:
    return ways_in.in_english(browsers[0], marketplace)


def test_keyboard_finds_the_agency_by_mail_address_and_signs_in(page: Page, marketplace: Running) -> None:
    page.goto("/sign-in")
    page.keyboard.press("Tab")  # the link to the main content
    for _ in range(6):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "find":
            break
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url + (request.post_data or "")))
    page.keyboard.type("somebody@digital.example")
    expect(page.get_by_role("button", name=re.compile("Digital Service"))).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("Civil Aviation"))).to_be_hidden()
    page.keyboard.press("Enter")
    ways_in.give_login(page, "maja")
    page.wait_for_url(f"{marketplace.url}/work")
    assert not [each for each in sent if "somebody" in each]
    page.goto("/sessions")
    expect(page.get_by_role("main").get_by_role("listitem").first).to_contain_text("Chrome on Linux")


def test_the_agency_is_found_without_javascript(chromium: Browser, marketplace: Running) -> None:
    context = chromium.new_context(base_url=marketplace.url, java_script_enabled=False)
    page = ways_in.in_english(context, marketplace)
    page.goto("/sign-in")
    page.get_by_role("searchbox").fill("somebody@archive.example")
    page.get_by_role("button", name="Find").click()
    page.wait_for_url(re.compile(r"q=%40archive\.example"))
    expect(page.get_by_role("button", name=re.compile("Digital Service"))).to_have_count(0)
    page.get_by_role("button", name=re.compile("National Archive")).click()
    ways_in.give_login(page, "nora")
    page.wait_for_url(re.compile(re.escape(marketplace.url)))
    context.close()


def test_another_session_is_ended_from_the_list(
    browsers: list[BrowserContext], page: Page, marketplace: Running
) -> None:
    elsewhere = ways_in.in_english(browsers[1], marketplace)
    ways_in.sign_in(page, "Digital Service", "tom")
    ways_in.sign_in(elsewhere, "Digital Service", "tom")
    page.get_by_role("button", name="Tom Reyes").click()
    page.get_by_role("link", name="Where you are signed in").click()
    rows = page.get_by_role("main").get_by_role("listitem")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("This one")
    assert found(page) == ([], [])
    rows.nth(1).get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("status")).to_contain_text("Signed out there")
    expect(rows).to_have_count(1)
    elsewhere.goto("/my-work")
    elsewhere.wait_for_url("**/sign-in?then=*")


def test_axe_finds_nothing_on_the_ways_in(page: Page, marketplace: Running) -> None:
    for path in ("/sign-in?q=archive", "/sign-in?q=zeppelin", "/sign-in?invitation=one"):
        page.goto(path)
        assert found(page) == ([], []), path


def test_a_sign_in_that_was_cancelled_is_told_in_a_sentence(page: Page, marketplace: Running) -> None:
    page.goto("/sign-in")
    page.get_by_role("button", name=re.compile("Digital Service")).click()
    page.get_by_role("button", name="Cancel and go back").click()
    page.wait_for_url(re.compile(re.escape(marketplace.url)))
    expect(page.get_by_role("heading", level=1)).to_have_text("The sign-in was cancelled")
    assert found(page) == ([], [])
