"""The development identity providers, spoken to as the marketplace and a browser do: code flow with PKCE."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import pytest
import requests
from joserfc import jwt
from joserfc.jwk import KeySet

from deploy.identity import demo, registry
from deploy.identity.process import command

MARKETPLACE = 8099
MFA = "urn:marketplace:acr:mfa"


@dataclass
class Providers:
    home: Path
    process: subprocess.Popen[str]
    known: dict[str, dict[str, Any]]


class Forms(HTMLParser):
    """Every form of a page as action and fields; a named button counts as a field of its own form."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.loaded: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {key: value or "" for key, value in attrs}
        if tag == "form":
            self.found.append((values["action"], {}))
        if tag in ("input", "button") and values.get("name") and self.found:
            self.found[-1][1].setdefault(values["name"], values.get("value", ""))
        self.loaded += [values[key] for key in ("src", "srcset") if key in values]


@dataclass
class Browser:
    """A person's browser at one provider, on behalf of the marketplace."""

    provider: dict[str, Any]
    slug: str
    http: requests.Session = field(default_factory=requests.Session)
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    def begin(self, **extra: str) -> requests.Response:
        challenge = base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=")
        query = {
            "client_id": self.provider["client_id"],
            "response_type": "code",
            "scope": "openid profile email",
            "redirect_uri": self.redirect_uri,
            "state": "the-state",
            "nonce": "the-nonce",
            "code_challenge": challenge.decode(),
            "code_challenge_method": "S256",
        }
        query = {key: value for key, value in {**query, **extra}.items() if value}
        return self.follow(
            self.http.get(f"{self.provider['issuer']}/auth?{urlencode(query)}", allow_redirects=False)
        )

    def post(self, page: requests.Response, **values: str) -> requests.Response:
        action = Forms(page.text).found[0][0]
        return self.follow(self.http.post(urljoin(page.url, action), data=values, allow_redirects=False))

    def follow(self, answer: requests.Response) -> requests.Response:
        """Go where redirects lead, until a page or until they leave for the marketplace."""
        while answer.is_redirect and not answer.headers["location"].startswith(
            f"http://127.0.0.1:{MARKETPLACE}"
        ):
            answer = self.http.get(urljoin(answer.url, answer.headers["location"]), allow_redirects=False)
        return answer

    def token(self, answer: requests.Response, **extra: str) -> requests.Response:
        back = parse_qs(urlsplit(answer.headers["location"]).query)
        data = {
            "grant_type": "authorization_code",
            "code": back["code"][0],
            "redirect_uri": self.redirect_uri,
            "code_verifier": self.verifier,
        }
        credentials = (self.provider["client_id"], self.provider["client_secret"])
        return requests.post(f"{self.provider['issuer']}/token", data={**data, **extra}, auth=credentials)

    def claims(self, answer: requests.Response) -> dict[str, Any]:
        """The verified claims of the ID token that this redirect's code buys."""
        keys = KeySet.import_key_set(requests.get(f"{self.provider['issuer']}/jwks").json())
        return jwt.decode(self.token(answer).json()["id_token"], keys, algorithms=["RS256"]).claims

    @property
    def redirect_uri(self) -> str:
        return f"http://127.0.0.1:{MARKETPLACE}/sign-in/{self.slug}/callback"


@pytest.fixture(scope="module")
def providers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Providers]:
    home = tmp_path_factory.mktemp("identity")
    settings = registry.server_settings(home, demo.agencies(), MARKETPLACE)
    process = subprocess.Popen(command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin
    assert process.stdout
    process.stdin.write(json.dumps(settings) + "\n")
    process.stdin.flush()
    ready = json.loads(process.stdout.readline())
    known = registry.ensure(home, demo.agencies())
    assert ready == {"ready": {slug: entry["issuer"] for slug, entry in known.items()}}
    yield Providers(home, process, known)
    process.stdin.close()
    assert process.wait(timeout=10) == 0
    process.stdout.close()


@pytest.fixture
def browser(providers: Providers) -> Iterator[Browser]:
    slug = "civil-aviation"
    with closing(requests.Session()) as http:
        yield Browser(providers.known[slug], slug, http)


def test_signing_in_yields_an_id_token_with_the_agencys_claims(browser: Browser) -> None:
    claims = browser.claims(browser.post(browser.begin(), login="ines"))

    assert claims["iss"] == browser.provider["issuer"]
    assert claims["aud"] == "marketplace"
    assert claims["nonce"] == "the-nonce"
    assert claims["sub"] == browser.provider["subjects"]["ines"]
    assert (claims["name"], claims["email"]) == ("Ines Albers", "ines@aviation.example")
    assert (claims["locale"], claims["organisation"]) == ("de", "civil-aviation")
    assert (claims["acr"], claims["amr"]) == ("urn:marketplace:acr:sfa", ["pwd"])
    assert time.time() - claims["auth_time"] < 60


def test_userinfo_says_the_same_person(browser: Browser) -> None:
    token = browser.token(browser.post(browser.begin(), login="haas")).json()["access_token"]
    info = requests.get(
        f"{browser.provider['issuer']}/me", headers={"Authorization": f"Bearer {token}"}
    ).json()

    assert info["sub"] == browser.provider["subjects"]["haas"]
    assert info["name"] == "Lena Haas"


def test_the_redirect_names_the_issuer_and_the_state(browser: Browser) -> None:
    back = parse_qs(urlsplit(browser.post(browser.begin(), login="karim").headers["location"]).query)

    assert back["iss"] == [browser.provider["issuer"]]
    assert back["state"] == ["the-state"]


def test_the_typed_email_works_too_and_an_unknown_login_is_said_so(browser: Browser) -> None:
    refused = browser.post(browser.begin(), login="nobody")
    assert refused.status_code == 422
    assert "Nobody here has this login" in refused.text
    assert browser.post(refused, login=" Karim@aviation.example ").status_code == 303


def test_a_second_sign_in_needs_no_page_but_prompt_login_shows_it(browser: Browser) -> None:
    first = browser.claims(browser.post(browser.begin(), login="ines"))
    assert browser.claims(browser.begin())["sub"] == first["sub"]
    assert "Choose who you are" in browser.begin(prompt="login").text


def test_max_age_asks_again_and_renews_the_time_of_sign_in(browser: Browser) -> None:
    first = browser.claims(browser.post(browser.begin(), login="ines"))
    page = browser.begin(max_age="0")
    assert "Choose who you are" in page.text
    assert browser.claims(browser.post(page, login="ines"))["auth_time"] >= first["auth_time"]


def test_two_factors_are_asked_for_and_stated(browser: Browser) -> None:
    page = browser.post(browser.begin(acr_values=MFA), login="ines")
    assert "Confirm with your key" in page.text
    claims = browser.claims(browser.post(page, **Forms(page.text).found[0][1]))
    assert (claims["acr"], claims["amr"]) == (MFA, ["pwd", "hwk", "mfa"])


def test_stepping_up_asks_the_person_who_is_signed_in_only_for_the_key(browser: Browser) -> None:
    browser.post(browser.begin(), login="ines")
    page = browser.begin(acr_values=MFA)
    assert "Ines Albers, this needs a second proof" in page.text
    assert browser.claims(browser.post(page, **Forms(page.text).found[0][1]))["acr"] == MFA


def test_cancelling_goes_back_with_an_error(browser: Browser) -> None:
    back = parse_qs(urlsplit(browser.post(browser.begin(), cancel="yes").headers["location"]).query)
    assert back["error"] == ["access_denied"]


@pytest.mark.parametrize(
    ("missing", "error"),
    [
        ({"code_challenge": "", "code_challenge_method": ""}, "invalid_request"),
        ({"response_type": "id_token"}, "unsup"),
    ],
)
def test_only_the_code_flow_with_pkce_is_spoken(
    browser: Browser, missing: dict[str, str], error: str
) -> None:
    answer = browser.begin(**missing)
    assert error in answer.headers.get("location", answer.text)


def test_a_wrong_verifier_buys_nothing(browser: Browser) -> None:
    answer = browser.token(browser.post(browser.begin(), login="ines"), code_verifier="x" * 43)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_a_code_works_once(browser: Browser) -> None:
    back = browser.post(browser.begin(), login="ines")
    assert browser.token(back).status_code == 200
    assert browser.token(back).json()["error"] == "invalid_grant"


def test_a_foreign_redirect_address_is_refused_on_the_spot(browser: Browser) -> None:
    answer = browser.begin(redirect_uri="http://127.0.0.1:9/callback")
    assert answer.status_code == 400
    assert "This did not work" in answer.text


def test_signing_out_ends_the_session_and_returns_to_the_marketplace(browser: Browser) -> None:
    back = browser.post(browser.begin(), login="ines")
    home = f"http://127.0.0.1:{MARKETPLACE}/"
    query = urlencode(
        {"id_token_hint": browser.token(back).json()["id_token"], "post_logout_redirect_uri": home}
    )
    page = browser.http.get(f"{browser.provider['issuer']}/session/end?{query}")
    (_, fields) = Forms(page.text).found[0]
    left = browser.post(page, xsrf=fields["xsrf"], logout="yes")
    assert left.headers["location"] == home
    assert "Choose who you are" in browser.begin().text


def test_one_browser_is_signed_in_at_two_agencies_at_once(providers: Providers) -> None:
    with closing(requests.Session()) as http:
        agencies = [
            Browser(providers.known[slug], slug, http) for slug in ("civil-aviation", "digital-service")
        ]
        agencies[0].post(agencies[0].begin(), login="ines")
        agencies[1].post(agencies[1].begin(), login="tom")
        names = [one.claims(one.begin())["name"] for one in agencies]
        assert names == ["Ines Albers", "Tom Reyes"]


def test_pages_load_nothing_and_are_guarded(browser: Browser) -> None:
    page = browser.begin()
    assert Forms(page.text).loaded == []
    assert "<script" not in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'none'")


def test_registry_is_private_and_stays_the_same(providers: Providers) -> None:
    files = [providers.home / "identity.json", providers.home / "secrets" / "identity-keys.json"]
    assert [stat.S_IMODE(file.stat().st_mode) for file in files] == [0o600, 0o600]
    before = [file.read_bytes() for file in files]
    registry.ensure(providers.home, demo.agencies())
    assert [file.read_bytes() for file in files] == before


def test_a_taken_port_is_said_in_a_sentence(providers: Providers) -> None:
    settings = registry.server_settings(providers.home, demo.agencies(), MARKETPLACE)
    second = subprocess.run(
        command(), input=json.dumps(settings) + "\n", capture_output=True, text=True, timeout=30
    )
    assert second.returncode == 1
    assert second.stderr.startswith("The identity providers cannot start: port")


def test_logins_are_unique_over_all_agencies() -> None:
    logins = [person.login for agency in demo.agencies() for person in agency.people]
    assert len(set(logins)) == len(logins)
