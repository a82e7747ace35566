"""Somebody at a browser without JavaScript: follows links, fills in forms, keeps cookies. Real HTTP, no shortcuts."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from urllib.parse import urljoin

import requests

from tests.running import PATIENCE

TRIES = 5
"""How often somebody tries a provider that did not answer within the three seconds that it is given."""


@dataclass
class Form:
    """A form of a page as a browser would send it: where, how, with which values filled in already."""

    action: str
    method: str
    values: dict[str, str] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    buttons: list[dict[str, str]] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.words: list[str] = []
        self.links: list[str] = []
        self._open: Form | None = None
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in ("script", "style"):
            self._silent += 1
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag == "form":
            self._open = Form(given.get("action", ""), given.get("method", "get").lower())
            self.forms.append(self._open)
        if self._open is not None and tag in ("input", "textarea", "select") and given.get("name"):
            self._take(given)
        if self._open is not None and tag == "button":
            self._open.buttons.append(given)

    def _take(self, given: dict[str, str]) -> None:
        assert self._open is not None
        self._open.names.add(given["name"])
        if given.get("type") in ("radio", "checkbox") and "checked" not in given:
            return
        self._open.values[given["name"]] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self._silent -= 1
        if tag == "form":
            self._open = None

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.words.append(data)


class Page:
    """A page that was answered."""

    def __init__(self, response: requests.Response) -> None:
        self.response = response
        self.url = response.url
        self.status = response.status_code
        reader = _Reader()
        reader.feed(response.text)
        self.forms, self.links = reader.forms, reader.links
        self.text = " ".join(" ".join(reader.words).split())

    @property
    def goes_on_to(self) -> str:
        """Where the page goes on to by itself."""
        return self.response.headers["Refresh"].removeprefix("0; url=")

    def form(self, ending: str) -> Form:
        """The form whose address, or the address of one of whose buttons, ends so."""
        for form in self.forms:
            if form.action.split("?")[0].endswith(ending):
                return form
            for button in form.buttons:
                if button.get("formaction", "").endswith(ending):
                    return replace(form, action=button["formaction"])
        raise AssertionError(f"no form to …{ending} on {self.url}: {self.text[:300]}")

    def link(self, part: str) -> str:
        """The address of the first link that contains `part`."""
        found = [link for link in self.links if part in link]
        assert found, f"no link with {part} on {self.url}"
        return found[0]


class Person:
    """One person with one browser."""

    def __init__(self, marketplace: str) -> None:
        self.marketplace = marketplace
        self.browser = requests.Session()
        self.browser.trust_env = False
        self.browser.headers["Accept"] = "text/html"
        self.browser.headers["Connection"] = (
            "close"  # an idle one is closed by the server, perhaps as we send
        )
        self.browser.cookies.set("language", "en", domain="127.0.0.1")

    def open(self, address: str, **query: str) -> Page:
        return Page(self.browser.get(urljoin(self.marketplace, address), params=query, timeout=PATIENCE))

    def send(self, page: Page, form: Form, **values: str) -> Page:
        """Fill in and send a form of a page."""
        address = urljoin(page.url, form.action) if form.action else page.url
        filled = form.values | values
        send = self.browser.post if form.method == "post" else self.browser.get
        given = {"data": filled} if form.method == "post" else {"params": filled}
        return Page(send(address, timeout=PATIENCE, **given))

    def go_on(self, page: Page) -> Page:
        """Where a page goes on by itself."""
        return self.open(page.goes_on_to)

    def leave(self, page: Page, ending: str, **values: str) -> Page:
        """Fill in and send the form to …`ending`, by which one leaves for a provider; again where that was too slow.

        "Try again in a moment", the marketplace says then with status 503; on a busy machine that happens.
        """
        for _ in range(TRIES):
            left = self.send(page, page.form(ending), **values)
            if left.status != 503:
                break
            page = self.open(page.url)
        return left

    def vouched_for(self, page: Page, ending: str, login: str, **values: str) -> Page:
        """By the form to …`ending` to the provider, sign in there, and back; again where that was too slow."""
        for _ in range(TRIES):
            back = self._proven(self.go_on(self.leave(page, ending, **values)), login)
            if back.status != 503:
                break
            page = self.open(page.url)
        assert back.url.startswith(self.marketplace), back.text[:400]
        return back

    def _proven(self, there: Page, login: str) -> Page:
        """Through the provider's pages: who one is, and one's key where that is asked for; then back.

        Somebody whom the provider knows from a try before is sent back at once.
        """
        while not there.url.startswith(self.marketplace) and there.status == 200:
            there = self.send(there, next(form for form in there.forms if "login" in form.names), login=login)
        return there

    def sign_in(self, agency: str, login: str) -> Page:
        """Through the agency's own provider, by its pages."""
        return self.vouched_for(self.open("/sign-in"), f"/sign-in/{agency}", login)

    def sign_out(self) -> Page:
        page = self.open("/my-work")
        return self.send(page, page.form("/sign-out"))
