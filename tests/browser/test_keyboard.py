"""The work by keyboard alone: one key per answer, and every single key can be turned off."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.web import serving
from tests.web.stage import Stage

PASSAGES = "Which policy field does this passage concern?"


@pytest.fixture
def work(chromium: Browser, stage: Stage, url: str) -> Iterator[Page]:
    """Lena on the work page."""
    claim_id = stage.claim("lena", PASSAGES)
    with serving.visitor(chromium, stage, url, "lena") as context:
        page = context.new_page()
        page.goto(f"/claims/{claim_id}")
        yield page


def test_keyboard_answers_an_item_and_goes_to_the_next(work: Page) -> None:
    before = work.url
    work.keyboard.press("3")
    expect(work.get_by_label("Economy, money and taxes")).to_be_checked()
    work.keyboard.press("Enter")
    work.wait_for_url(lambda url: "/claims/" in url and url != before)
    expect(work.get_by_text("Your answer is in.")).to_be_visible()


def test_keyboard_gives_back(work: Page) -> None:
    work.keyboard.press("s")
    work.wait_for_url("**/work")
    expect(work.get_by_text("nobody is told")).to_be_visible()


def test_keyboard_opens_the_instructions_and_lists_the_keys(work: Page) -> None:
    work.keyboard.press("i")
    expect(work.locator("#instructions")).to_have_attribute("open", "")
    work.keyboard.press("?")
    expect(work.get_by_role("dialog", name="Keys on this page")).to_be_visible()
    work.keyboard.press("3")
    work.keyboard.press("Escape")
    expect(work.get_by_role("dialog")).to_be_hidden()
    expect(work.get_by_label("Economy, money and taxes")).not_to_be_checked()


def test_keyboard_is_silent_while_somebody_writes(work: Page) -> None:
    work.get_by_label("Note for the owner").fill("")
    work.keyboard.type("3 sis?")
    expect(work.get_by_label("Note for the owner")).to_have_value("3 sis?")
    expect(work.get_by_label("Economy, money and taxes")).not_to_be_checked()


def test_keyboard_sends_from_the_note_with_control(work: Page) -> None:
    before = work.url
    work.keyboard.press("2")
    work.get_by_label("Note for the owner").fill("Both would do.")
    work.keyboard.press("Control+Enter")
    work.wait_for_url(lambda url: "/claims/" in url and url != before)


def test_keyboard_shortcuts_can_be_turned_off_and_stay_off(work: Page) -> None:
    work.get_by_role("button", name="Turn keys off").click()
    work.reload()
    work.locator("main").focus()
    work.keyboard.press("3")
    expect(work.get_by_label("Economy, money and taxes")).not_to_be_checked()
    work.get_by_role("button", name="Turn keys on").click()
    work.locator("main").focus()
    work.keyboard.press("3")
    expect(work.get_by_label("Economy, money and taxes")).to_be_checked()


def test_keyboard_focus_goes_to_the_error_summary(work: Page) -> None:
    work.keyboard.press("Enter")
    expect(work.get_by_role("alert")).to_be_focused()
    work.keyboard.press("Tab")
    work.keyboard.press("Enter")
    expect(work.locator("#q-field")).to_be_focused()


def test_keyboard_tab_reaches_everything_in_order(work: Page) -> None:
    """From the skip link to the last choice at the foot, and the focus is always seen."""
    reached: list[str] = []
    for _ in range(60):
        work.keyboard.press("Tab")
        name = work.evaluate(
            "() => { const at = document.activeElement; return at === document.body ? '' :"
            " at.textContent.trim().slice(0, 30) || at.name || at.tagName }"
        )
        if not name:
            break
        seen = work.evaluate(
            "() => { const box = document.activeElement.getBoundingClientRect();"
            " return box.width > 0 && box.bottom > 0 && box.top < innerHeight }"
        )
        assert seen, name
        reached.append(name)
    assert reached[0] == "Skip to main content"
    assert "Français" in reached
    order = [reached.index(name) for name in ("Keep longer", "answer.field", "answer.note")]
    assert order == sorted(order)


def test_keyboard_starts_the_next_suitable_from_the_board(chromium: Browser, stage: Stage, url: str) -> None:
    with serving.visitor(chromium, stage, url, "maja") as context:
        page = context.new_page()
        page.goto("/work")
        page.keyboard.press("/")
        expect(page.get_by_role("searchbox")).to_be_focused()
        page.keyboard.type("n")
        expect(page.get_by_role("searchbox")).to_have_value("n")
        page.goto("/work")
        page.keyboard.press("n")
        page.wait_for_url("**/claims/*")
