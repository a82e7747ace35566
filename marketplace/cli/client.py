"""The API as commands call it: with a person's token, over HTTP, with patience that ends."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Iterator
from functools import wraps
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
import requests
from requests.auth import AuthBase

from marketplace.foundation.settings import read_env_file

CONNECT, ANSWER = 5.0, 300.0
"""Seconds to reach the marketplace, and to wait for its answer: large imports take their time."""
TRIES = 3
WAY_TO_ONE = (
    "For people of the demo: export MARKET_TOKEN=$(marketplace demo token ines). Personal tokens come later."
)


class Bearer(AuthBase):
    """The token; set as `auth`, so that no .netrc of the machine takes its place."""

    def __init__(self, token: str) -> None:
        self.token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self.token}"
        return request


class Refusal(click.ClickException):
    """The marketplace said no; `problem` is its document."""

    def __init__(self, problem: dict[str, Any]) -> None:
        super().__init__(f"{said(problem)} (reference {problem['reference']})")
        self.problem = problem

    @property
    def over(self) -> bool:
        """Whether the token is accepted no more: it does not come back by waiting."""
        return bool(self.problem["type"] == "/problems/token-refused")

    @property
    def passing(self) -> bool:
        """Whether the same may be taken a little later."""
        return self.problem.get("status") in (429, 503)


def said(problem: dict[str, Any]) -> str:
    """Title and detail of a problem as sentences; one of them where the detail begins by saying the title again. Each
    reason of a rule with its code, and with what would help.
    """
    if problem["type"] == "/problems/token-refused":
        return f"{problem['title']}: it is unknown, over or revoked. {WAY_TO_ONE}"
    title, detail = problem["title"].rstrip("."), problem["detail"]
    sentence = detail if detail.startswith(title) else f"{title}. {detail}"
    return " ".join([sentence, *(_reason(each) for each in problem.get("reasons", ()))])


def _reason(reason: dict[str, Any]) -> str:
    remedy = (reason.get("remedy") or "").replace("_", " ")
    return f"Reason: {reason['code']}" + (f"; what helps: {remedy}." if remedy else ".")


class Client:
    """Calls to one marketplace, acting for one person."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url.rstrip("/")
        self.session = requests.Session()
        self.session.auth = Bearer(token)
        # A proxy of the machine has no business between us and a marketplace on the same machine.
        self.session.trust_env = not is_here(url)

    def get(self, path: str, **query: Any) -> requests.Response:
        """GET under /api/v1. Raises Refusal, and ClickException where nobody answers."""
        return self._sent("GET", path, params=query)

    def post(self, path: str, body: bytes = b"", *, key: str | None = None) -> requests.Response:
        """POST a JSON text, or nothing; "try again" is tried again with the same Idempotency-Key.

        That is a fresh one where none is given.
        """
        headers = {"Idempotency-Key": key or str(uuid.uuid4()), "Content-Type": "application/json"}
        return self._sent("POST", path, data=body, headers=headers)

    def _sent(self, method: str, path: str, **given: Any) -> requests.Response:
        for left in reversed(range(TRIES)):
            answer = self._answer(method, path, **given)
            if answer.status_code != 503 or left == 0:
                break
            time.sleep(min(5, int(answer.headers.get("Retry-After", "1"))))
        if answer.ok:
            return answer
        raise _refusal(answer)

    def _answer(self, method: str, path: str, **given: Any) -> requests.Response:
        try:
            return self.session.request(
                method, f"{self.url}/api/v1{path}", timeout=(CONNECT, ANSWER), allow_redirects=False, **given
            )
        except requests.ReadTimeout:
            raise click.ClickException(
                f"{self.url} did not answer within {ANSWER:.0f} seconds. Whether it was done is not known: "
                "look with `marketplace campaign list` before you repeat it."
            ) from None
        except requests.RequestException as error:
            raise click.ClickException(
                f"Nobody answers at {self.url} ({type(error).__name__}). Is the marketplace running? "
                "Name another one with --url."
            ) from None


def for_a_person(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command --url and --token, and the Client they make as its first argument."""

    @click.option(
        "--url", default=default_url, help="The marketplace. Default: the one that ./run starts here."
    )
    @click.option(
        "--token",
        envvar="MARKET_TOKEN",
        help="Your token. Better: put it into the environment as MARKET_TOKEN; other people on this machine can "
        "read command lines.",
    )
    @wraps(command)
    def with_client(*args: Any, url: str, token: str | None, **kwargs: Any) -> Any:
        if not token:
            raise click.UsageError(f"A token is needed: set MARKET_TOKEN. {WAY_TO_ONE}")
        if not token.isascii() or not token.isprintable():
            raise click.UsageError("The token contains characters that no token has.")
        _check_url(url)
        return command(Client(url, token), *args, **kwargs)

    return with_client


def default_url() -> str:
    """Where this machine's marketplace listens, as its settings.env and the environment say."""
    home = Path(os.environ.get("MARKET_HOME") or "var")
    values = {**read_env_file(home / "settings.env"), **os.environ}
    return values.get("MARKET_PUBLIC_URL") or f"http://127.0.0.1:{values.get('MARKET_PORT') or 8000}"


def is_here(url: str) -> bool:
    """Whether an address is on this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def places(errors: Any, at: str = "") -> Iterator[tuple[str, str]]:
    """What to mend, flat: (`form.questions.0.options`, sentence)."""
    if isinstance(errors, dict):
        for name, below in errors.items():
            if name == "_schema":  # marshmallow's word for the thing as a whole
                yield from places(below, at)
            else:
                yield from places(below, f"{at}.{name}" if at else str(name))
    elif isinstance(errors, list):
        for sentence in errors:
            yield at, str(sentence)
    else:
        yield at, str(errors)


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise click.UsageError(f"{url} is not the address of a marketplace, such as https://tasks.example")
    if parts.scheme == "http" and not is_here(url):
        raise click.UsageError("A token travels by https only. Use an address that begins with https://")


def _refusal(answer: requests.Response) -> click.ClickException:
    try:
        return Refusal(answer.json())
    except (ValueError, KeyError, TypeError, AttributeError):
        sentence = f"The answer (status {answer.status_code}) is not one of a marketplace. Check --url."
        return click.ClickException(sentence)
