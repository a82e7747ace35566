"""An agency's own corner in Chromium: axe, the keyboard, and two people who sign without scripts."""

from __future__ import annotations

import re
import uuid

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.test_axe import VIEWS, found, view_id
from tests.web import serving
from tests.web.stage import Stage
from tests.web.test_agency import PAGES


@pytest.mark.parametrize("view", VIEWS[:2], ids=view_id)
@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing_in_an_agencys_corner(
    chromium: Browser, stage: Stage, url: str, path: str, view: dict[str, object]
) -> None:
    with serving.visitor(chromium, stage, url, "felix", bypass_csp=True, **view) as context:
        page = context.new_page()
        page.goto(path)
        for fold in page.locator("details:not([open]) > summary").all():
            fold.click()
        assert found(page) == ([], [])
        assert page.evaluate("document.scrollingElement.scrollWidth") <= view["width"]


def test_axe_finds_nothing_where_a_form_has_faults(chromium: Browser, stage: Stage, url: str) -> None:
    with serving.visitor(chromium, stage, url, "felix", bypass_csp=True, width=390) as context:
        page = context.new_page()
        page.goto("/agency/networks")
        page.get_by_label("In the office").fill("0.0.0.0/0\nnonsense")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("alert")).to_contain_text("too wide")
        assert found(page) == ([], [])


def test_two_administrators_agree_without_javascript(chromium: Browser, stage: Stage, url: str) -> None:
    plain = {"java_script_enabled": False}
    with serving.visitor(chromium, stage, url, "felix", **plain) as one:
        page = one.new_page()
        page.goto("/agency")
        page.get_by_role("link", name="Sharing terms").click()
        page.get_by_label("Other agency").select_option("digital-service")
        page.get_by_label("Up to").select_option("sensitive")
        page.get_by_label("Anything else that both sign").fill("For the flood season.")
        page.get_by_role("button", name="Propose and sign").click()
        expect(page.get_by_text("Missing: an administrator of Digital Service")).to_be_visible()
        expect(page.get_by_role("button", name=re.compile("Sign for"))).to_have_count(0)
        agreement = page.url
    with serving.visitor(chromium, stage, url, "greta", **plain) as other:
        page = other.new_page()
        page.goto(agreement)
        expect(page.get_by_text("For the flood season.")).to_be_visible()
        page.get_by_role("button", name="Sign for Digital Service").click()
        expect(page.get_by_text("Signed. It is in force.")).to_be_visible()


def test_a_unit_is_made_by_keyboard_alone(chromium: Browser, stage: Stage, url: str) -> None:
    name = f"Runways {uuid.uuid4().hex[:6]}"
    with serving.visitor(chromium, stage, url, "felix") as context:
        page = context.new_page()
        page.goto("/agency/units")
        page.get_by_label("Name").focus()
        page.keyboard.type(name)
        page.keyboard.press("Enter")
        expect(page.get_by_role("link", name=name)).to_be_visible()
        page.get_by_role("link", name=name).focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**/agency/units/*")
        page.get_by_role("button", name="End the unit").focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**/agency/units")
        expect(page.get_by_role("link", name=name)).to_have_count(0)
