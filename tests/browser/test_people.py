"""Pages about people in Chromium: nothing for axe, no sideways scroll, and a colleague invited without scripts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import select

from agencies import secondments
from agencies.people_models import Move
from marketplace.foundation.db import transaction
from tests.browser.test_axe import VIEWS, found, view_id
from tests.builders import AT_WORK
from tests.builders import found as rows
from tests.web import serving
from tests.web.stage import Stage

PAGES = ("people", "person", "clearance", "invitations", "moves", "my-roles")


@pytest.fixture
def way(stage: Stage) -> Stage:
    """The stage with somebody on the way from one agency to another."""
    if not rows(select(Move.id).where(Move.state == "open")):
        karim, felix = stage.person("karim"), stage.person("felix")
        until = datetime.now(UTC) + timedelta(days=60)
        with transaction() as tx:
            to = "digital-service"
            secondments.propose(tx, karim.membership_id, to, until=until, actor=felix, context=AT_WORK)
    return stage


def address(stage: Stage, name: str) -> tuple[str, str]:
    """Who looks at a page, and where it is."""
    maja, karim = stage.person("maja").membership_id, stage.person("karim").membership_id
    return {
        "people": ("greta", "/agency/people"),
        "person": ("greta", f"/agency/people/{maja}"),
        "clearance": ("haas", f"/agency/people/{karim}"),
        "invitations": ("greta", "/agency/invitations"),
        "moves": ("greta", "/agency/moves"),
        "my-roles": ("karim", "/my-roles"),
    }[name]


@pytest.mark.parametrize("view", VIEWS[:3], ids=view_id)
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(chromium: Browser, way: Stage, url: str, name: str, view: dict[str, Any]) -> None:
    login, path = address(way, name)
    with serving.visitor(chromium, way, url, login, **view) as context:
        page = context.new_page()
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == 200
        assert found(page) == ([], [])
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")


def test_a_colleague_is_invited_without_javascript(chromium: Browser, way: Stage, url: str) -> None:
    with serving.visitor(chromium, way, url, "greta", java_script_enabled=False) as context:
        page = context.new_page()
        page.goto("/agency/people")
        page.get_by_role("link", name="Invite somebody").click()
        page.get_by_label("Task owner").first.check()
        page.get_by_label("Note for yourselves").first.fill("for the new colleague")
        page.get_by_role("button", name="Make a link").click()
        link = page.get_by_label("Link", exact=True).input_value()
        expect(page.get_by_role("row", name="for the new colleague")).to_be_visible()
        page.reload()
        expect(page.get_by_label("Link", exact=True)).to_have_count(0)
    with serving.visitor(chromium, way, url, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(link[link.index("/invitation/") :])
        expect(page.get_by_role("heading", name="You are invited to Digital Service")).to_be_visible()
        expect(page.get_by_text("contributor, task owner")).to_be_visible()
        # Opening it used nothing up; with scripts, which axe needs, it is the same page.
    with serving.visitor(chromium, way, url) as context:
        page = context.new_page()
        page.goto(link[link.index("/invitation/") :])
        assert found(page) == ([], [])


def test_keyboard_gives_a_role(chromium: Browser, way: Stage, url: str) -> None:
    maja = way.person("maja").membership_id
    with serving.visitor(chromium, way, url, "greta") as context:
        page = context.new_page()
        page.goto(f"/agency/people/{maja}")
        page.get_by_label("Give a role").focus()
        page.keyboard.type("Line")
        for _ in range(12):
            if page.evaluate("document.activeElement.type") == "submit":
                break
            page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.get_by_role("row", name="Line manager")).to_be_visible()
        page.get_by_role("row", name="Line manager").get_by_role("button").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("row", name="Line manager")).to_have_count(0)
