"""The main job in a real Chromium: sign in, choose with a number key, submit with Enter, read the result."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import ways_in
from tests.running import Running, eventually

pytestmark = pytest.mark.xdist_group("marketplace")

SPEECHES = "Which policy field does this passage concern?"


@pytest.fixture
def visit(chromium: Browser, marketplace: Running):  # type: ignore[no-untyped-def]
    """Open a browser of its own for somebody, signed in at their agency by its real pages."""
    contexts = []

    def sign_in(agency: str, login: str, **options: object) -> Page:
        context = chromium.new_context(base_url=marketplace.url, **options)
        contexts.append(context)
        context.add_cookies([{"name": "language", "value": "en", "url": marketplace.url}])
        page = context.new_page()
        page.goto("/sign-in")
        page.get_by_role("button", name=re.compile(agency)).click()
        page.get_by_label(re.compile("login|name", re.IGNORECASE)).fill(login)
        page.get_by_label(re.compile("login|name", re.IGNORECASE)).press("Enter")
        page.wait_for_url(re.compile(re.escape(marketplace.url) + "/(work|record)"))
        return page

    yield sign_in
    for context in contexts:
        context.close()


def start(page: Page, title: str) -> None:
    page.goto("/work")
    page.get_by_role("link", name=title).first.click()
    page.get_by_role("button", name=re.compile("Start")).first.click()
    page.wait_for_url("**/claims/*")


def answer_by_keyboard(page: Page, key: str) -> None:
    before = page.url
    page.keyboard.press(key)
    page.keyboard.press("Enter")
    page.wait_for_function("before => location.href !== before", arg=before)


def test_two_people_answer_by_keyboard_and_the_owner_sees_the_settled_result(visit, marketplace) -> None:  # type: ignore[no-untyped-def]
    for agency, login in [("Digital Service", "lena"), ("Civil Aviation", "karim")]:
        person = visit(agency, login)
        expect(person.get_by_role("heading", level=1)).to_be_visible()
        start(person, SPEECHES)
        expect(person.get_by_role("radio").first).to_be_visible()
        answer_by_keyboard(person, "3")

    owner = visit("National Archive", "nora")
    owner.goto("/campaigns")
    owner.get_by_role("link", name=re.compile("State of the Union|Which policy")).first.click()
    results = owner.url.replace("/room", "/results")

    def settled() -> bool:
        owner.goto(results)
        return (
            owner.get_by_role("link", name=re.compile("Economy")).count() > 0 or "2 of 2" in owner.content()
        )

    eventually(settled, "the first passage settles")
    owner.locator("main a[href*='/results/']:not([href$='.csv'])").first.click()
    expect(owner.locator("main")).to_contain_text("Economy, money and taxes")
    expect(owner.locator("main")).to_contain_text(re.compile(r"2 of 2|\b[a-z]+-\d{4}\b"))

    with owner.expect_download() as download:
        owner.goto(results)
        owner.get_by_role("link", name=re.compile("Download")).first.click()
    text = download.value.path().read_text(encoding="utf-8")
    assert "economy" in text.splitlines()[1]


def test_the_officer_sees_views_claims_and_submissions_by_pseudonym(visit) -> None:  # type: ignore[no-untyped-def]
    person = visit("Digital Service", "lena")
    ways_in.set_up_browser(person, "lena")
    start(person, "Does the entry name what was struck?")
    expect(person.get_by_role("radio").first).to_be_visible()
    answer_by_keyboard(person, "1")
    officer = visit("Civil Aviation", "haas", color_scheme="dark")

    def recorded() -> bool:
        officer.goto("/record")
        text = officer.locator("table.record").inner_text().lower()
        return "submit" in text and "view" in text and "claim" in text

    eventually(recorded, "claim, view and submission are numbered")
    assert "Lena" not in officer.locator("main").inner_text()
