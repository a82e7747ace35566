"""The relying party against a certified provider, in the running marketplace: pushed requests, keys, signing out."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.journeys.person import Page, Person
from tests.running import PATIENCE, Running, eventually

pytestmark = pytest.mark.xdist_group("marketplace")


def leaving(person: Person, agency: str) -> str:
    """The address that the browser is sent to for signing in."""
    page = person.open("/sign-in")
    left = person.leave(page, f"/sign-in/{agency}")
    assert left.status == 200, left.text[:400]
    return left.goes_on_to


def test_the_request_is_pushed_and_the_browser_carries_a_reference(marketplace: Running) -> None:
    asked = parse_qs(urlsplit(leaving(Person(marketplace.url), "digital-service")).query)
    assert set(asked) == {"client_id", "request_uri"}


@pytest.mark.parametrize(("agency", "login"), [("national-archive", "nora"), ("digital-service", "tom")])
def test_signing_in_with_a_key_and_with_a_secret(marketplace: Running, agency: str, login: str) -> None:
    person = Person(marketplace.url)
    person.sign_in(agency, login)
    assert person.open("/notices").status == 200


def test_our_keys_are_public_and_only_public(marketplace: Running) -> None:
    def keys(agency: str) -> list[dict[str, str]]:
        answer = requests.get(f"{marketplace.url}/sign-in/{agency}/keys", timeout=PATIENCE)
        found: list[dict[str, str]] = answer.json()["keys"]
        return found

    (key,) = keys("national-archive")
    assert (key["kty"], key["use"], "d" in key) == ("EC", "sig", False)
    assert keys("digital-service") == []


def test_signing_out_ends_the_session_at_the_provider_and_in_other_browsers(marketplace: Running) -> None:
    """Two browsers share one session at the provider, as two programs on one desk may."""
    first, second = Person(marketplace.url), Person(marketplace.url)
    first.sign_in("civil-aviation", "karim")
    for cookie in first.browser.cookies:
        if cookie.name.startswith("civil-aviation_"):
            second.browser.cookies.set_cookie(cookie)
    second.open(leaving(second, "civil-aviation"))
    assert second.open("/notices").status == 200

    page = signed_out_everywhere(first)
    assert page.url.startswith(f"{marketplace.url}/signed-out?state=")
    assert "You are signed out here and at your agency" in page.text
    eventually(lambda: "/sign-in" in second.open("/notices").url, "the other browser is signed out")


def signed_out_everywhere(person: Person) -> Page:
    """Sign out here, go on to the provider as the page says, and confirm there."""
    here = person.sign_out()
    asking = person.go_on(here)
    form = next(form for form in asking.forms if "xsrf" in form.names)
    return person.send(asking, form, logout="yes")
