"""The officer's search in Chromium: on a phone without scripts, and by keyboard alone."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Browser, Page, expect

from tests.web import serving
from tests.web.stage import Stage


def asked(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def test_on_a_phone_without_scripts_a_search_is_made_followed_and_kept(
    chromium: Browser, stage: Stage, url: str
) -> None:
    with serving.visitor(chromium, stage, url, "haas", width=390, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto("/record")
        page.locator("summary", has_text="Filter").click()
        page.get_by_label("Act", exact=True).select_option("submitted an answer")
        page.get_by_label("Time", exact=True).select_option("Today")
        page.get_by_role("button", name="Search").click()
        page.wait_for_url("**/record?*")
        assert asked(page) == {"act": ["contribution.submit"], "period": ["today"]}
        rows = page.locator("table.record tbody tr:not(.group)")
        expect(rows.first).to_contain_text("submitted an answer")
        pseudonym = rows.first.locator(".who a").inner_text()
        page.get_by_role("link", name=re.compile("^time Today")).click()
        expect(page.get_by_role("link", name=re.compile("^time Today"))).to_have_count(0)
        page.get_by_role("searchbox").fill(pseudonym.upper())
        page.get_by_role("button", name="Search").click()
        page.wait_for_url(f"**pseudonym={pseudonym}*")
        assert asked(page) == {"act": ["contribution.submit"], "pseudonym": [pseudonym]}
        page.locator("summary", has_text="Filter, 2 on").click()
        page.locator("summary", has_text="Save this view").click()
        page.get_by_label("Name of the view").fill("Answers of one")
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_role("status")).to_contain_text("View saved.")
        page.locator("summary", has_text="Filter, 2 on").click()
        page.locator("summary", has_text="Save this view").click()
        page.get_by_role("button", name=re.compile("^Drop.*Answers of one")).click()
        expect(page.get_by_role("status")).to_contain_text("View dropped.")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth") is True


def test_a_stroke_of_the_timeline_is_reached_by_keyboard(chromium: Browser, stage: Stage, url: str) -> None:
    with serving.visitor(chromium, stage, url, "haas") as context:
        page = context.new_page()
        page.goto("/record?act=contribution.submit&period=today")
        page.locator("summary", has_text="Show as table").focus()
        page.keyboard.press("Enter")
        table = page.get_by_role("group", name="Entries over time")
        expect(table).to_be_visible()
        link = table.get_by_role("link").first
        link.focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**since=*")
        expect(page.locator("table.record")).to_contain_text("submitted an answer")
        page.locator("body").press("/")
        expect(page.get_by_role("searchbox")).to_be_focused()
