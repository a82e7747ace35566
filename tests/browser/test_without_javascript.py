"""Every core act in Chromium with scripts off."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from tests.web import serving
from tests.web.stage import Stage

PASSAGES = "Which policy field does this passage concern?"


@pytest.fixture
def plain(chromium: Browser, stage: Stage, url: str) -> Iterator[BrowserContext]:
    """Lena, whose browser runs no scripts."""
    with serving.visitor(chromium, stage, url, "lena", java_script_enabled=False) as context:
        yield context


def test_filtering_works_without_javascript(plain: BrowserContext) -> None:
    page = plain.new_page()
    page.goto("/work")
    page.get_by_label("National Archive").check()
    page.get_by_role("button", name="Apply filters").click()
    page.wait_for_url("**/work?agency=national-archive*")
    page.get_by_role("link", name="agency National Archive").click()
    expect(page.get_by_role("link", name="agency National Archive")).to_have_count(0)


def test_work_from_board_to_next_item_without_javascript(plain: BrowserContext) -> None:
    page = plain.new_page()
    page.goto("/work")
    page.get_by_role("link", name=PASSAGES).click()
    page.get_by_role("button", name="Start").or_(
        page.get_by_role("button", name="Continue where you were")
    ).click()
    page.wait_for_url("**/claims/*")
    first = page.url
    page.get_by_role("button", name="Submit and next").click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_label("Law, rights and justice").check()
    page.get_by_role("button", name="Submit and next").click()
    page.wait_for_url(lambda url: "/claims/" in url and "/contribution" not in url and url != first)
    page.get_by_role("button", name="Give back").click()
    page.wait_for_url("**/work")
    expect(page.get_by_text("nobody is told")).to_be_visible()


def test_menus_open_without_javascript(plain: BrowserContext) -> None:
    page = plain.new_page()
    page.goto("/my-work")
    expect(page.get_by_role("button", name="Sign out")).to_be_hidden()
    page.get_by_role("button", name="Lena Vos").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/my-work")
    page.get_by_role("button", name="Menu").click()
    expect(page.get_by_role("link", name="Find work").first).to_be_visible()


def test_language_and_appearance_are_chosen_without_javascript(plain: BrowserContext) -> None:
    page = plain.new_page()
    page.goto("/my-work")
    page.get_by_role("button", name="Français").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Mon travail")
    page.get_by_role("button", name="Sombre").click()
    expect(page.locator("html")).to_have_attribute("data-color-scheme", "dark")


def test_charts_have_tables_without_javascript(chromium: Browser, stage: Stage, url: str) -> None:
    with serving.visitor(chromium, stage, url, "ines", java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"/campaigns/{stage.campaign()}/room")
        page.get_by_text("Show as table").first.click()
        expect(page.get_by_role("columnheader", name="In all")).to_be_visible()
