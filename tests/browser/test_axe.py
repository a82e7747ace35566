"""Every page in Chromium by axe-core: no violation, and nothing incomplete that is not explained; no sideways scroll.

A pairwise cover of width, light or dark, and language; the gallery (`python -m tests.web.gallery`) is for the eye.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest
from playwright.sync_api import Browser, Error, Page

from marketplace.web.assets import INSTALLED
from tests.web import gallery, serving
from tests.web.stage import Stage
from tests.web.test_every_page import NAMES

VIEWS = (
    {"width": 1280, "appearance": "light", "language": "en"},
    {"width": 390, "appearance": "dark", "language": "de"},
    {"width": 320, "appearance": "light", "language": "fr"},
    {"width": 1280, "appearance": "dark", "language": "nl"},
)
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]
EXPLAINED = (
    # Text on charts is SVG, whose background axe cannot read; the chart tokens are chosen at 4.5 : 1 on the panel.
    ("color-contrast", "<text"),
    # Designsystemet draws the arrow of a select as a background picture; its text has the colours of every input.
    ("color-contrast", "<select"),
)
"""What axe cannot decide, and why it is right: rule and beginning of the element."""
RUN = """tags => axe.run(document, {
    runOnly: {type: 'tag', values: tags},
    rules: {'target-size': {enabled: true}},
    resultTypes: ['violations', 'incomplete'],
    selectors: false,
}).then(({violations, incomplete}) => ({violations, incomplete}))"""
"""Every rule runs on every element. A selector for each of those that are right was four fifths of the time."""


@cache
def axe() -> str:
    return (INSTALLED / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


def found(page: Page) -> tuple[list[str], list[str]]:
    """Violations, and what axe could not decide and nobody explained: rule and element."""
    # On phones the buttons are docked over what scrolls below them; axe is to judge what lies below as well.
    page.evaluate("document.querySelector('.dock')?.style.setProperty('position', 'static')")
    page.evaluate(axe())
    result: dict[str, Any] = page.evaluate(RUN, TAGS)
    return (
        [f"{rule['id']}: {node['html'][:160]}" for rule in result["violations"] for node in rule["nodes"]],
        [
            f"{rule['id']}: {node['html'][:160]}"
            for rule in result["incomplete"]
            for node in rule["nodes"]
            if not any(rule["id"] == known and node["html"].startswith(tag) for known, tag in EXPLAINED)
        ],
    )


def view_id(view: dict[str, Any]) -> str:
    return "-".join(str(part) for part in view.values())


@pytest.fixture(scope="module")
def profiles(chromium: Browser) -> Iterator[Callable[[int], Page]]:
    """For each width one page that goes from address to address: a new one each time costs a second of processor."""
    opened: dict[int, Page] = {}

    def of(width: int) -> Page:
        if width not in opened:
            opened[width] = serving.profile(chromium, width, bypass_csp=True).new_page()
        return opened[width]

    yield of
    for page in opened.values():
        page.context.close()


@pytest.fixture(scope="module")
def addresses() -> dict[str, tuple[str | None, str]]:
    """Who looks at a page, and its address, by the page's name. Filled by the first test."""
    return {}


@pytest.mark.parametrize("view", VIEWS, ids=view_id)
@pytest.mark.parametrize("name", NAMES)
def test_axe_finds_nothing(
    profiles: Callable[[int], Page],
    addresses: dict[str, tuple[str | None, str]],
    stage: Stage,
    url: str,
    name: str,
    view: dict[str, Any],
) -> None:
    if not addresses:
        addresses.update({known: (login, path) for known, login, path in gallery.pages(stage)})
    login, path = addresses[name]
    page = profiles(view["width"])
    serving.enter(page.context, stage, url, login, view["language"], view["appearance"])
    complaints: list[Error] = []

    def hear(error: Error) -> None:
        complaints.append(error)

    page.on("pageerror", hear)
    page.goto(url + path)
    violations, undecided = found(page)
    page.remove_listener("pageerror", hear)
    assert violations == []
    assert undecided == []
    assert complaints == []
    widest = page.evaluate("document.scrollingElement.scrollWidth")
    assert widest <= view["width"]


def test_axe_finds_nothing_with_everything_open(chromium: Browser, stage: Stage, url: str) -> None:
    given = {"width": 390, "appearance": "dark", "bypass_csp": True}
    with serving.visitor(chromium, stage, url, "maja", **given) as context:
        serving.set_up(context, stage, "maja")
        page = context.new_page()
        page.goto("/work")
        page.get_by_role("button", name="Menu").click()
        assert found(page)[0] == []
        page.keyboard.press("Escape")
        page.get_by_text("Filter", exact=True).click()
        assert found(page)[0] == []
        page.goto(f"/claims/{stage.claim('maja')}")
        page.get_by_text("Show 4 more fields").click()
        page.get_by_text("Instructions", exact=True).click()
        page.get_by_role("button", name="Submit and next").click()
        page.get_by_text("Choose one of the options.").wait_for()
        assert found(page)[0] == []


def test_the_policy_of_the_page_is_kept(chromium: Browser, stage: Stage, url: str) -> None:
    """No page asks for anything that its Content-Security-Policy forbids."""
    complaints: list[str] = []
    with serving.visitor(chromium, stage, url, "ines") as context:
        page = context.new_page()
        page.on(
            "console", lambda message: complaints.append(message.text) if message.type == "error" else None
        )
        for name, login, path in gallery.pages(stage):
            if login in ("ines", None) and name != "not-found":
                page.goto(path)
        page.goto("/work")
        page.get_by_label("Up to 2").check()
        page.wait_for_url("**/work?minutes=2")
    assert complaints == []
