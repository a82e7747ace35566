"""What was typed when time ran out: kept sealed, opened where the claim is over, and destroyed there."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import select

from marketplace.foundation.db import reading
from tasks.models import Draft
from tests.browser.test_axe import found as axe_finds
from tests.builders import lapsed
from tests.web import serving
from tests.web.stage import Stage

NOTE = "Canary 5583 sat here."


@pytest.fixture
def maja(chromium: Browser, stage: Stage, url: str) -> Iterator[BrowserContext]:
    with serving.visitor(chromium, stage, url, "maja") as context:
        serving.set_up(context, stage, "maja")
        yield context


@pytest.fixture
def claim(maja: BrowserContext, stage: Stage) -> UUID:
    """A claim that ran out while Maja was writing."""
    found = stage.claim("maja")
    page = maja.new_page()
    page.goto(f"/claims/{found}")
    page.locator("[data-key='1']").check()
    with page.expect_response(lambda answer: answer.url.endswith("/draft")) as saving:
        page.locator("#note").fill(NOTE)
    assert saving.value.status == 204
    page.close()
    return lapsed(found)


def kept(claim: UUID) -> bool:
    with reading() as db:
        return db.scalar(select(Draft.payload_id).where(Draft.claim_id == claim)) is not None


def over(context: BrowserContext, claim: UUID) -> Page:
    page = context.new_page()
    page.goto(f"/claims/{claim}")
    expect(page.get_by_role("heading", name="What you wrote is not lost")).to_be_visible()
    return page


def test_it_is_opened_here_by_keyboard_and_then_destroyed(maja: BrowserContext, claim: UUID) -> None:
    page = over(maja, claim)
    expect(page.get_by_text(NOTE)).to_have_count(0)
    page.get_by_role("button", name="Open it here").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text(NOTE)).to_be_visible()
    expect(page.locator("[data-sealed-draft] dl")).to_contain_text("A species")
    assert axe_finds(page) == ([], [])
    page.get_by_role("button", name="Destroy it").click()
    expect(page.get_by_text("What you wrote is destroyed.")).to_be_visible()
    assert not kept(claim)


def test_a_browser_that_has_no_key_says_where_to_go(
    chromium: Browser, stage: Stage, url: str, claim: UUID
) -> None:
    with serving.visitor(chromium, stage, url, "maja") as elsewhere:
        page = over(elsewhere, claim)
        page.get_by_role("button", name="Open it here").click()
        expect(page.get_by_text("This browser has no key for it.")).to_be_visible()
    assert kept(claim)


def test_what_was_changed_on_the_way_is_not_shown(maja: BrowserContext, claim: UUID) -> None:
    page = over(maja, claim)
    page.route("**/draft?*", lambda route: route.fulfill(json=_for_another_item(route.fetch().json())))
    page.get_by_role("button", name="Open it here").click()
    expect(page.get_by_text("What arrived is not what was sealed")).to_be_visible()
    expect(page.get_by_text(NOTE)).to_have_count(0)


def _for_another_item(found: dict[str, dict[str, dict[str, str]]]) -> dict[str, dict[str, dict[str, str]]]:
    found["saved"]["header"]["microtask"] = "00000000-0000-4000-8000-000000000000"
    return found
