"""HTTP to Vault's or OpenBao's API: one token, one mount, patience that ends, errors without secrets.

Not `foundation.outbound`: the operator chose this address, and opening a sealed item should not cost a new TLS
connection each time. What is the same: no proxy, no credential file of the environment, no redirect, a largest answer.
"""

import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import requests

from agencies.keys import secret_files
from agencies.keys.errors import (
    KeyServiceConfused,
    KeyServiceRefuses,
    KeyServiceSealed,
    KeyServiceUnreachable,
)

CONNECT, ANSWER = 3.0, 10.0
"""Seconds to reach the service, and to wait for each part of its answer."""
LARGEST_ANSWER = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and JSON of an answer; `errors` are the service's own sentences, for decisions and never for show."""

    status: int
    content: Mapping[str, Any]

    @property
    def data(self) -> Mapping[str, Any]:
        data = self.content.get("data")
        return data if isinstance(data, dict) else {}

    @property
    def errors(self) -> str:
        errors = self.content.get("errors")
        return " ".join(str(each) for each in errors) if isinstance(errors, list) else ""


class VaultClient:
    """Calls below one mount. Safe for threads and after a fork: each thread of each process has connections of its own.

    The token is read for every call: agents that renew it write another one into the file.
    """

    def __init__(
        self,
        address: str,
        token_file: Path,
        mount: str,
        authorities: Path | None = None,
        patience: tuple[float, float] = (CONNECT, ANSWER),
    ) -> None:
        self._below = f"{address.rstrip('/')}/v1/{mount.strip('/')}"
        self._token_file = token_file
        self._trust = str(authorities) if authorities else True
        self._patience = patience
        self._own = threading.local()

    def __repr__(self) -> str:
        return f"VaultClient({self._below!r})"

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        """One call. Answers 200 to 204, 400 and 404 are returned, as what they mean depends on what was asked.

        Raises KeyServiceUnreachable, KeyServiceSealed, KeyServiceRefuses, KeyServiceConfused, SecretFileUnreadable.
        """
        answer = self._sent(method, path, body)
        if answer.status in (200, 204, 400, 404):
            return answer
        if answer.status == 403:
            raise KeyServiceRefuses()
        if answer.status == 503 and "sealed" in answer.errors:
            raise KeyServiceSealed()
        if answer.status in (412, 429) or answer.status >= 500:
            raise KeyServiceUnreachable(problem=str(answer.status))
        raise KeyServiceConfused(status=answer.status)

    def _sent(self, method: str, path: str, body: Mapping[str, Any] | None) -> Answer:
        headers = {"X-Vault-Token": secret_files.read(self._token_file), "X-Vault-Request": "true"}
        data = None if body is None else orjson.dumps(body)
        try:
            with self._session().request(
                method,
                f"{self._below}/{path}",
                data=data,
                headers=headers,
                timeout=self._patience,
                allow_redirects=False,
                stream=True,
            ) as response:
                return Answer(response.status_code, _content(response))
        except requests.RequestException as error:
            # Its text could hold the address with what somebody wrote into it, and its request holds the token.
            raise KeyServiceUnreachable(problem=type(error).__name__) from None

    def _session(self) -> requests.Session:
        mine: tuple[int, requests.Session] | None = getattr(self._own, "session", None)
        if mine is None or mine[0] != os.getpid():
            session = requests.Session()
            session.trust_env = False
            session.verify = self._trust
            mine = self._own.session = (os.getpid(), session)
        return mine[1]


def _content(response: requests.Response) -> Mapping[str, Any]:
    """The JSON object of an answer; empty where it has none. Raises KeyServiceConfused."""
    body = b""
    for part in response.iter_content(64 * 1024):
        body += part
        if len(body) > LARGEST_ANSWER:
            raise KeyServiceConfused(status=response.status_code)
    try:
        content = orjson.loads(body) if body else {}
    except ValueError:
        content = None
    if isinstance(content, dict):
        return content
    if response.status_code < 300:
        raise KeyServiceConfused(status=response.status_code)
    return {}
