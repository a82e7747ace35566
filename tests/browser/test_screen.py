"""The rules at the screen in Chromium: closing when nothing moves, and a mark that is in nobody's way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from marketplace.web import assets
from marketplace.web.screen import Screen
from tests.application import _routes_and_pages
from tests.browser.test_axe import found

HOME = "http://commons.example"
ITEM = "Struck on final approach"
CODE = "K7QX-2M9P-0TRD-5HWA"
PAGE = """<!doctype html><html lang="en" data-size="sm" data-color-scheme="{scheme}"><head><title>A sealed item</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/assets/market.css"><script type="module" src="/assets/screen.js"></script></head>
<body><main id="main"><div class="wrap"><div class="head"><h1>Item 3</h1></div>{screen}
<section class="panel" data-sealed-item aria-label="Item"></section>
<form class="panel"><div class="body"><label for="note">Note</label> <input class="ds-input" id="note"></div></form>
</div></main></body></html>"""
SHOW = """(words) => {
    const text = document.createElement('p');
    text.className = 'subtle small body';
    text.textContent = words;
    document.querySelector('[data-sealed-item]').append(text);
    window.heard = [];
    for (const kind of ['market:close', 'market:open']) {
        document.addEventListener(kind, (event) => { window.heard.push(kind); event.preventDefault(); });
    }
    document.dispatchEvent(new CustomEvent('market:shown'));
}"""


@cache
def files() -> Any:
    return assets.load()


def rendered(screen: Screen) -> str:
    app = _routes_and_pages()
    with app.test_request_context("/", headers={"Accept-Language": "en"}):
        return str(app.jinja_env.get_template("parts/screen.html").render(screen=screen))


Opened = Callable[..., Page]


@pytest.fixture
def opened(chromium: Browser) -> Iterator[Opened]:
    """Opens a page with an item that is shown, under these rules, at noon."""
    contexts = []

    def open_page(
        minutes: int | None = 10, code: str | None = CODE, *, shown: bool = True, **given: Any
    ) -> Page:
        scheme = given.pop("scheme", "light")
        context = chromium.new_context(base_url=HOME, **given)
        contexts.append(context)
        page = context.new_page()
        body = PAGE.format(scheme=scheme, screen=rendered(Screen(minutes, code)))

        def answer(route: Route) -> None:
            name = route.request.url.rpartition("/")[2]
            if name in files():
                route.fulfill(body=files()[name].body, content_type=files()[name].content_type)
            else:
                route.fulfill(body=body, content_type="text/html; charset=utf-8")

        page.route("**/*", answer)
        page.clock.install(time="2026-11-02T12:00:00Z")
        page.goto("/claims/1")
        if shown:
            page.evaluate(SHOW, ITEM)
        return page

    yield open_page
    for context in contexts:
        context.close()


def is_open(page: Page) -> bool:
    return page.get_by_text(ITEM).count() == 1


def asks(page: Page) -> bool:
    return page.get_by_role("alertdialog").count() == 1


def heard(page: Page) -> list[str]:
    kinds: list[str] = page.evaluate("window.heard")
    return kinds


def test_an_item_closes_when_nothing_moves(opened: Opened) -> None:
    page = opened(10)
    page.clock.run_for("08:58")
    assert (is_open(page), asks(page)) == (True, False)
    page.clock.run_for("00:04")
    assert (is_open(page), asks(page)) == (True, True)
    page.clock.run_for("01:00")
    assert (is_open(page), asks(page)) == (False, False)
    assert heard(page) == ["market:close"]
    closed = page.locator("[data-screen-closed]")
    expect(closed).to_be_visible()
    expect(closed).to_be_focused()
    expect(closed).to_contain_text("Closed after 10 minutes in which nothing moved.")
    expect(page.get_by_role("status")).to_have_text("The item was closed after 10 minutes.")


@pytest.mark.parametrize("key", ["Enter", "Space", "Escape"])
def test_one_key_keeps_it_open(opened: Opened, key: str) -> None:
    page = opened(10)
    page.focus("#note")
    page.clock.run_for("09:30")
    assert asks(page)
    expect(page.get_by_role("button", name="Keep it open")).to_be_focused()
    page.keyboard.press(key)
    page.clock.run_for("00:01")
    assert (is_open(page), asks(page)) == (True, False)
    expect(page.locator("#note")).to_be_focused()
    page.clock.run_for("08:50")
    assert (is_open(page), asks(page)) == (True, False)


def test_a_browser_that_tells_late_of_the_answer_keeps_it_open(opened: Opened) -> None:
    page = opened(10)
    page.evaluate("document.addEventListener('close', (event) => event.stopImmediatePropagation(), true)")
    page.clock.run_for("09:30")
    page.keyboard.press("Escape")
    page.clock.run_for("08:50")
    assert (is_open(page), asks(page)) == (True, False)


@pytest.mark.parametrize(
    "sign",
    [
        lambda page: page.keyboard.press("a"),
        lambda page: page.mouse.move(200, 200),
        lambda page: page.dispatch_event("body", "wheel"),
        lambda page: page.focus("#note"),
        lambda page: page.evaluate("getSelection().selectAllChildren(document.querySelector('h1'))"),
    ],
    ids=["key", "pointer", "wheel", "focus", "selection"],
)
def test_whoever_is_there_is_not_asked(opened: Opened, sign: Callable[[Page], None]) -> None:
    page = opened(10)
    page.clock.run_for("08:00")
    sign(page)
    page.clock.run_for("08:00")
    assert (is_open(page), asks(page)) == (True, False)


def test_moving_the_pointer_is_no_answer_to_the_question(opened: Opened) -> None:
    page = opened(10)
    page.clock.run_for("09:30")
    page.mouse.move(200, 200)
    page.clock.run_for("00:40")
    assert not is_open(page)


def test_a_laptop_that_slept_closes_when_it_wakes(opened: Opened) -> None:
    page = opened(10)
    page.clock.fast_forward("03:00:00")
    assert not is_open(page)


def test_waking_by_a_key_does_not_show_the_item_again(opened: Opened) -> None:
    page = opened(10)
    page.clock.pause_at("2026-11-02T12:00:05Z")
    page.clock.set_fixed_time("2026-11-02T15:00:00Z")
    page.keyboard.press("a")
    assert not is_open(page)


def test_a_short_time_warns_halfway(opened: Opened) -> None:
    page = opened(1)
    page.clock.run_for("00:31")
    assert asks(page)
    page.clock.run_for("00:30")
    assert not is_open(page)


def test_open_again_asks_whoever_shows_the_item(opened: Opened) -> None:
    page = opened(1)
    page.clock.run_for("02:00")
    page.get_by_role("button", name="Open again").press("Enter")
    assert heard(page) == ["market:close", "market:open"]
    page.evaluate(SHOW, ITEM)
    expect(page.locator("[data-screen-closed]")).to_be_hidden()
    page.clock.run_for("01:10")
    assert not is_open(page)


def test_before_an_item_is_shown_nothing_closes(opened: Opened) -> None:
    page = opened(1, shown=False)
    page.clock.run_for("05:00")
    assert not asks(page)
    expect(page.locator("[data-screen-closed]")).to_be_hidden()


def test_without_the_rule_nothing_closes(opened: Opened) -> None:
    page = opened(None)
    page.clock.run_for("05:00:00")
    assert is_open(page)


def test_nothing_is_in_the_way_of_reading_selecting_and_copying(opened: Opened) -> None:
    page = opened(10)
    mark = page.locator(".screen-mark")
    expect(mark).to_have_attribute("aria-hidden", "true")
    drawn = "getComputedStyle(document.querySelector('.screen-mark'), '::before').content"
    assert CODE in page.evaluate(drawn)
    box = page.get_by_text(ITEM).bounding_box()
    assert box is not None
    hit = "([x, y]) => document.elementFromPoint(x, y).textContent"
    assert page.evaluate(hit, [box["x"] + 20, box["y"] + 5]) == ITEM
    page.keyboard.press("Control+a")
    selected = page.evaluate("getSelection().toString()")
    assert ITEM in selected
    assert CODE not in selected
    for kind in ("copy", "cut", "paste", "contextmenu", "selectstart", "dragstart", "keydown"):
        free = f"document.body.dispatchEvent(new Event('{kind}', {{bubbles: true, cancelable: true}}))"
        assert page.evaluate(free), kind
    tree = page.locator("body").aria_snapshot()
    assert ITEM in tree
    assert CODE not in tree
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing(opened: Opened, scheme: str, width: int) -> None:
    page = opened(10, scheme=scheme, viewport={"width": width, "height": 800}, bypass_csp=True)
    page.clock.resume()
    assert found(page) == ([], [])
    page.clock.fast_forward("09:30")
    expect(page.get_by_role("alertdialog")).to_be_visible()
    assert found(page)[0] == []  # what lies below the dialog it cannot decide
    page.clock.fast_forward("01:00")
    expect(page.locator("[data-screen-closed]")).to_be_visible()
    assert found(page) == ([], [])


CONTRAST = """() => {
    const canvas = document.createElement('canvas').getContext('2d');
    const rgb = (colour) => {
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
    };
    const light = (channels) => {
        const linear = (c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
        const [r, g, b] = channels.map((c) => linear(c / 255));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const mark = getComputedStyle(document.querySelector('.screen-mark'), '::before');
    const under = (channels) => channels.map((c, at) => c * (1 - mark.opacity) + rgb(mark.color)[at] * mark.opacity);
    const text = rgb(getComputedStyle(document.querySelector('[data-sealed-item] p')).color);
    const ground = rgb(getComputedStyle(document.querySelector('[data-sealed-item]')).backgroundColor);
    const pairs = [[text, ground], [under(text), under(ground)], [text, under(ground)], [under(text), ground]];
    return pairs.map(([one, other]) => {
        const [darker, brighter] = [light(one), light(other)].sort((a, b) => a - b);
        return (brighter + 0.05) / (darker + 0.05);
    });
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_quiet_text_keeps_its_contrast_under_the_mark(opened: Opened, scheme: str) -> None:
    page = opened(10, scheme=scheme)
    assert min(page.evaluate(CONTRAST)) >= 4.5
