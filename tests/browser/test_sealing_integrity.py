"""The page's scripts are pinned by hash: whatever else is sent under their addresses does not run in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page

from marketplace.web import assets
from tests.browser.sealing_programs import opened, site

EVIL = b"\nglobalThis.evil = true;\n"
SCRIPTS = ("sealing.js", *assets.load()["sealing.js"].imports)


def loaded_scripts(page: Page) -> list[str]:
    return page.evaluate("performance.getEntriesByType('resource').map((entry) => entry.name)")


def test_a_page_loads_each_script_once(chromium: Browser) -> None:
    with site(chromium) as context:
        page = opened(context, "sealing.js")
        page.wait_for_function("() => Boolean(globalThis.answer)")
        names = [address.rpartition("/")[2] for address in loaded_scripts(page)]
        assert sorted(name for name in names if name in SCRIPTS) == sorted(SCRIPTS)


@pytest.mark.parametrize("changed", SCRIPTS)
def test_a_changed_script_does_not_run_nor_does_what_imports_it(chromium: Browser, changed: str) -> None:
    """`test.js` of the page imports sealing.js, which imports all the others: nothing may come of it."""

    def sent(asset: assets.Asset) -> bytes:
        return asset.body + (EVIL if asset.name == changed else b"")

    with site(chromium, sent) as context:
        page = context.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.goto("/sealing.js")
        assert page.evaluate("[globalThis.evil ?? null, globalThis.answer ?? null]") == [None, None]
        assert any("integrity" in text and changed in text for text in said), said


def test_an_unchanged_page_does_run(chromium: Browser) -> None:
    with site(chromium, lambda asset: asset.body) as context:
        assert opened(context, "sealing.js").evaluate("typeof globalThis.answer") == "function"
