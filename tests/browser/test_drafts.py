"""Nothing typed on the work page is lost by looking elsewhere. (Of sealed work: test_sealed_work.)"""

from __future__ import annotations

from playwright.sync_api import Browser, Page, expect

from tests.web import serving
from tests.web.stage import Stage

PASSAGES = "Which policy field does this passage concern?"
NOTE = "Both would do."


def stored(page: Page) -> str:
    return str(page.evaluate("JSON.stringify([{...sessionStorage}, {...localStorage}])"))


def write(page: Page) -> None:
    page.get_by_role("radio").nth(1).check()
    page.locator("#note").fill(NOTE)


def test_an_open_answer_survives_a_change_of_language(chromium: Browser, stage: Stage, url: str) -> None:
    with serving.visitor(chromium, stage, url, "lena") as context:
        page = context.new_page()
        page.goto(f"/claims/{stage.claim('lena', PASSAGES)}")
        write(page)
        page.get_by_role("button", name="Deutsch").click()
        expect(page.get_by_role("button", name="Länger behalten")).to_be_visible()
        expect(page.locator("#note")).to_have_value(NOTE)
        expect(page.get_by_role("radio").nth(1)).to_be_checked()
        page.get_by_role("button", name="Länger behalten").click()
        expect(page.get_by_role("status")).to_be_visible()
        expect(page.locator("#note")).to_have_value(NOTE)
        page.goto("/my-work")
        page.get_by_role("button", name="Lena Vos").click()
        page.get_by_role("button", name="Abmelden").click()
        page.wait_for_url(url + "/")
        assert NOTE not in stored(page)


def test_keeping_longer_keeps_the_answer_without_javascript(
    chromium: Browser, stage: Stage, url: str
) -> None:
    with serving.visitor(chromium, stage, url, "lena", java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"/claims/{stage.claim('lena', PASSAGES)}")
        expect(page.locator(".keyline kbd").first).to_be_hidden()
        write(page)
        page.get_by_role("button", name="Keep longer").click()
        expect(page.locator("#note")).to_have_value(NOTE)
        expect(page.get_by_role("radio").nth(1)).to_be_checked()
