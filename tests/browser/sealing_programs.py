"""sealing.js as browsers get it, run by Node and by Chromium: `program.ask("seal", header=…)` gives what it says.

The scripts are taken from `marketplace.web.assets`, with the addresses that pages use. Nothing of the marketplace has
to run: Chromium's requests are answered from here, under the headers that our pages have.
"""

from __future__ import annotations

import json
import subprocess
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, Route

from deploy.setup import node
from marketplace.edge.headers import POLICY
from marketplace.web import assets

HERE = Path(__file__).parent
ORIGIN = "http://localhost"
"""A secure context to browsers, so that WebCrypto is there."""


class Refused(Exception):
    """A SealingError of sealing.js. `code` is its name."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Program(Protocol):
    """Something that runs sealing.js."""

    def ask(self, act: str, **given: Any) -> Any:
        """What `act` of sealing_acts.js gives. Raises Refused; AssertionError for any other failure."""


def to_text(data: bytes) -> str:
    return b64encode(data).decode()


def to_bytes(text: str) -> bytes:
    return b64decode(text, validate=True)


@contextmanager
def in_node(folder: Path) -> Iterator[Program]:
    """Node with our scripts laid out in `folder` as a site would have them."""
    loaded = assets.load()
    for name, asset in loaded.items():
        if name.endswith(".js"):
            file = folder / "assets" / asset.digest / name
            file.parent.mkdir(parents=True)
            file.write_bytes(asset.body)
    (folder / "package.json").write_text('{"type": "module"}', encoding="utf-8")
    sealing = folder / "assets" / loaded["sealing.js"].digest / "sealing.js"
    with subprocess.Popen(
        [node.binary(), HERE / "sealing_node.mjs", sealing.as_uri()],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8",
    ) as process:  # fmt: skip
        yield _InNode(process)
        assert process.stdin
        process.stdin.close()


class _InNode:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def ask(self, act: str, **given: Any) -> Any:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps({"act": act, **given}) + "\n")
        self.process.stdin.flush()
        return _told(json.loads(self.process.stdout.readline()))


@contextmanager
def in_chromium(browser: Browser) -> Iterator[Program]:
    """A page in a profile of its own that has loaded sealing.js."""
    with site(browser) as context:
        yield _InChromium(opened(context, "sealing.js"))


class _InChromium:
    def __init__(self, page: Page) -> None:
        self.page = page

    def ask(self, act: str, **given: Any) -> Any:
        return _told(self.page.evaluate("(asked) => answer(asked)", {"act": act, **given}))


def _told(answer: Mapping[str, Any]) -> Any:
    if "refused" in answer:
        raise Refused(answer["refused"])
    assert "gives" in answer, answer
    return answer["gives"]


@contextmanager
def site(
    browser: Browser, sent: Callable[[assets.Asset], bytes] = lambda asset: asset.body
) -> Iterator[BrowserContext]:
    """A profile in which http://localhost/NAME is an empty page that loads the script NAME as our pages do.

    `sent` gives the bytes that go out for an asset: those it should have, or others.
    """
    loaded = assets.load()
    context = browser.new_context(base_url=ORIGIN)
    context.route("**/*", lambda route: _respond(route, loaded, sent))
    try:
        yield context
    finally:
        context.close()


def opened(context: BrowserContext, name: str) -> Page:
    """A page that loads the script."""
    page = context.new_page()
    page.goto(f"/{name}")
    return page


def _respond(route: Route, loaded: Mapping[str, assets.Asset], sent: Callable[[assets.Asset], bytes]) -> None:
    path = urlsplit(route.request.url).path.removeprefix("/")
    name = path.rpartition("/")[2]
    if path.startswith("assets/") and name in loaded and loaded[name].digest in path:
        route.fulfill(body=sent(loaded[name]), content_type="text/javascript")
    elif path in loaded:
        route.fulfill(
            body=_page(loaded, path),
            content_type="text/html; charset=utf-8",
            headers={"Content-Security-Policy": POLICY},
        )
    elif path == "test.js":
        sealing = loaded["sealing.js"]
        body = (
            f'import * as sealing from "/assets/{sealing.digest}/sealing.js";\n'
            'import { answering } from "/sealing_acts.js";\nglobalThis.answer = answering(sealing);\n'
        )
        route.fulfill(body=body, content_type="text/javascript")
    elif path in ("sealing_acts.js", "sealing_fuzz.js"):
        route.fulfill(body=(HERE / path).read_bytes(), content_type="text/javascript")
    else:
        route.fulfill(status=404)


def _page(loaded: Mapping[str, assets.Asset], name: str) -> str:
    """A page as our templates would write it; that of sealing.js also lets a test ask."""
    app = Flask("addresses")
    app.add_url_rule("/assets/<digest>/<name>", "web.asset")
    with app.test_request_context():
        scripts = assets.module(loaded, name)
    test = '<script type="module" src="/test.js"></script>' if name == "sealing.js" else ""
    return f'<!doctype html><html lang="en"><title>Test</title>{scripts}{test}<body data-person="">'
