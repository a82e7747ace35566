"""Setting up browsers in real ones, at the agency's real sign-in: keys that stay, that nobody reads out, that end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser import ways_in
from tests.browser.test_axe import found
from tests.running import Running

pytestmark = pytest.mark.xdist_group("marketplace")

AGENCY, LOGIN = "Digital Service", "maja"
MODULE = """async (ask) => {
  const preload = document.querySelector('link[rel=modulepreload][href$="device-keys.js"]');
  const keys = await import(preload.href);
  const person = document.body.dataset.person;
  if (ask === "thumbprints") return keys.thumbprints(person);
  const { encryptionKey, signingKey } = await keys.mine(person);
  const read = (key) => crypto.subtle.exportKey("jwk", key).then(() => "read out", (error) => error.name);
  const signature = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, signingKey, new Uint8Array(4));
  return [await read(encryptionKey), await read(signingKey), signature.byteLength];
}"""


FIRST_LINE = """() => {
  const key = document.querySelector("[data-thumbprint] .key-id");
  key.textContent = `-${"b".repeat(42)}`;
  return key.getClientRects()[0].width;
}"""
"""How wide the first line of a key's name is that begins with a hyphen."""


@pytest.fixture
def browsers(chromium: Browser, marketplace: Running) -> Iterator[list[BrowserContext]]:
    """Two browsers of one person, who has no device before and afterwards."""
    contexts = [chromium.new_context(base_url=marketplace.url, bypass_csp=True) for _ in range(2)]
    yield contexts
    contexts.append(chromium.new_context(base_url=marketplace.url))
    last = signed_in(contexts[-1], marketplace)
    last.goto("/device-keys")
    while rows(last).count():
        remove(last)
    for context in contexts:
        context.close()


def signed_in(context: BrowserContext, marketplace: Running) -> Page:
    page = ways_in.in_english(context, marketplace)
    ways_in.sign_in(page, AGENCY, LOGIN)
    return page


def rows(page: Page) -> Any:
    return page.locator("[data-thumbprint]")


def remove(page: Page) -> None:
    before = rows(page).count()
    rows(page).first.get_by_text("Rename or remove").click()
    rows(page).first.get_by_role("button", name="Remove this device").click()
    expect(rows(page)).to_have_count(before - 1)


def asked(page: Page, what: str) -> Any:
    return page.evaluate(MODULE, what)


def test_a_browser_is_set_up_and_stays_so_in_every_tab_and_after_a_reload(
    browsers: list[BrowserContext], marketplace: Running
) -> None:
    page = signed_in(browsers[0], marketplace)
    ways_in.set_up_browser(page, LOGIN, "Laptop at home")
    expect(rows(page)).to_contain_text(["Laptop at home"])
    expect(page.get_by_text("This browser is set up.")).to_be_visible()
    for tab in (page, browsers[0].new_page()):
        tab.goto("/device-keys")
        expect(rows(tab).get_by_text("This browser", exact=True)).to_be_visible()
        expect(tab.get_by_text("This browser is set up.")).to_have_count(0)
        expect(tab.get_by_role("button", name="Set up this browser")).to_be_hidden()
        assert asked(tab, "keys") == ["InvalidAccessError", "InvalidAccessError", 64]
        assert asked(tab, "thumbprints") == [rows(tab).get_attribute("data-thumbprint")]


def test_two_tabs_set_up_two_keys_and_each_sign_in_vouches_for_its_own(
    browsers: list[BrowserContext], marketplace: Running
) -> None:
    first = signed_in(browsers[0], marketplace)
    second = browsers[0].new_page()
    second.goto("/device-keys")
    ways_in.begin_set_up(first, "First")
    ways_in.begin_set_up(second, "Second")
    ways_in.come_back_set_up(second, LOGIN)
    expect(rows(second)).to_contain_text(["Second"])
    ways_in.come_back_set_up(first, LOGIN)
    expect(rows(first)).to_contain_text(["Second", "First"])
    listed = {row.get_attribute("data-thumbprint") for row in rows(first).all()}
    assert set(asked(first, "thumbprints")) == listed
    expect(rows(first).get_by_text("This browser", exact=True)).to_have_count(2)
    expect(first.locator("[data-this]:visible")).to_have_count(1)


def test_another_browser_has_another_key_and_removes_this_one_for_good(
    browsers: list[BrowserContext], marketplace: Running
) -> None:
    page = signed_in(browsers[0], marketplace)
    ways_in.set_up_browser(page, LOGIN, "Lost laptop")
    other = signed_in(browsers[1], marketplace)
    other.goto("/device-keys")
    expect(rows(other)).to_contain_text(["Lost laptop"])
    expect(other.locator("[data-this]:visible")).to_have_count(0)
    expect(other.get_by_role("button", name="Set up this browser")).to_be_visible()
    remove(other)
    page.goto("/device-keys")
    expect(page.get_by_role("button", name="Set up this browser")).to_be_visible()
    page.reload()
    assert asked(page, "thumbprints") == []
    page.goto("/notices")
    expect(page.get_by_role("main")).to_contain_text("A device of yours was removed: “Lost laptop”.")


def test_a_program_is_set_up_by_the_line_that_it_prints(
    browsers: list[BrowserContext], marketplace: Running, tmp_path: Path
) -> None:
    line = marketplace.command("device", "new", "--out", str(tmp_path / "device.json")).stdout
    page = signed_in(browsers[0], marketplace)
    ways_in.set_up_program(page, LOGIN, line)
    expect(rows(page)).to_contain_text(["Import"])
    expect(page.locator("[data-this]:visible")).to_have_count(0)


def test_axe_finds_nothing_on_a_phone_in_the_dark(
    chromium: Browser, browsers: list[BrowserContext], marketplace: Running
) -> None:
    ways_in.set_up_browser(signed_in(browsers[0], marketplace), LOGIN)
    context = chromium.new_context(
        base_url=marketplace.url, bypass_csp=True, color_scheme="dark", viewport={"width": 390, "height": 844}
    )
    page = signed_in(context, marketplace)
    page.goto("/device-keys")
    page.get_by_text("Rename or remove").first.click()
    page.get_by_text("Set up a program", exact=True).click()
    assert found(page) == ([], [])
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 390
    assert page.evaluate(FIRST_LINE) > 50
    context.close()


def test_without_scripts_the_page_says_what_is_missing(chromium: Browser, marketplace: Running) -> None:
    context = chromium.new_context(base_url=marketplace.url, java_script_enabled=False)
    page = signed_in(context, marketplace)
    page.goto("/device-keys")
    assert "<noscript><p" in page.content()
    page.get_by_role("button", name="Set up this browser").click()
    expect(page.locator("#errors")).to_contain_text("Turn JavaScript on to set it up.")
    context.close()
