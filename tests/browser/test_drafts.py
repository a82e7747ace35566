"""Nothing typed on the work page is lost by looking elsewhere, and nothing sealed is left on the device."""

from __future__ import annotations

from playwright.sync_api import Browser, Dialog, Page, expect

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


def test_a_sealed_answer_is_not_kept_and_leaving_is_asked_about(
    chromium: Browser, stage: Stage, url: str
) -> None:
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    with serving.visitor(chromium, stage, url, "maja") as context:
        page = context.new_page()
        page.goto(f"/claims/{stage.claim('maja')}")
        write(page)
        assert NOTE not in stored(page)
        page.on("dialog", stay)
        page.get_by_role("link", name="Help").click(no_wait_after=True)
        page.wait_for_timeout(300)
        assert asked == ["beforeunload"]
        expect(page.locator("#note")).to_have_value(NOTE)
        page.get_by_role("button", name="Keep longer").click()
        expect(page.get_by_role("status")).to_be_visible()
        expect(page.locator("#note")).to_have_value(NOTE)
        assert asked == ["beforeunload"]


def test_keeping_longer_keeps_the_answer_without_javascript(
    chromium: Browser, stage: Stage, url: str
) -> None:
    with serving.visitor(chromium, stage, url, "karim", java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"/claims/{stage.claim('karim')}")
        expect(page.locator(".keyline kbd").first).to_be_hidden()
        write(page)
        page.get_by_role("button", name="Keep longer").click()
        expect(page.locator("#note")).to_have_value(NOTE)
        expect(page.get_by_role("radio").nth(1)).to_be_checked()
