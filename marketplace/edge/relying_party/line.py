"""The line to one provider. When it is silent, its own agency waits, and nobody else does.

No lock is held while a call is under way. Two calls that have been waiting for a second mean that the provider is
stuck: further ones are answered at once, so that one slow provider cannot hold every thread of the process.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from authlib.integrations.base_client import OAuthError
from requests.exceptions import RequestException

from agencies.errors import ProviderUnreachable
from marketplace.foundation import outbound
from marketplace.foundation.outbound import Answer, Reach
from security import oidc

T = TypeVar("T")

STUCK_AFTER = 1.0
"""Seconds after which a call counts as stuck."""
MOST_STUCK = 2
QUIET = 2.0
"""Seconds in which a provider that was silent is not called again."""

_TOKEN_ERRORS = frozenset({
    "invalid_client", "invalid_grant", "invalid_request", "invalid_scope", "unauthorized_client",
    "unsupported_grant_type",
})  # fmt: skip


class Line:
    """Calls to one provider, through `outbound` only."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._lock = threading.Lock()
        self._calls: dict[object, float] = {}
        self._quiet_until = 0.0

    def fetch(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        """One request. Raises ProviderUnreachable for silence, AnswerRefused for what must not be taken."""
        with self._under_way():
            try:
                return outbound.fetch(method, url, self._reach, headers=headers, body=body)
            except outbound.TookTooLong:
                self._quiet_until = time.monotonic() + QUIET
                raise ProviderUnreachable(error="TookTooLong") from None
            except outbound.NoAnswer:
                raise ProviderUnreachable(error="NoAnswer") from None
            except outbound.OutboundFailed as error:
                raise oidc.AnswerRefused(error=type(error).__name__) from None

    def document(self, url: str) -> dict[str, Any]:
        """A JSON object that the provider publishes. Raises ProviderUnreachable, AnswerRefused."""
        answer = self.fetch("GET", url)
        if answer.status >= 500 or answer.status == 429:
            raise ProviderUnreachable(error=f"status {answer.status}")
        if answer.status != 200:
            raise oidc.AnswerRefused(error=f"status {answer.status}")
        return json_object(answer.body)

    @contextmanager
    def _under_way(self) -> Iterator[None]:
        call, now = object(), time.monotonic()
        with self._lock:
            stuck = sum(now - began > STUCK_AFTER for began in self._calls.values())
            if stuck >= MOST_STUCK or now < self._quiet_until:
                raise ProviderUnreachable(error="TookTooLong")
            self._calls[call] = now
        try:
            yield
        finally:
            with self._lock:
                del self._calls[call]


def json_object(body: bytes) -> dict[str, Any]:
    """The JSON object in an answer. Raises AnswerRefused."""
    try:
        content = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        raise oidc.AnswerRefused(error="NoJson") from None
    if not isinstance(content, dict):
        raise oidc.AnswerRefused(error="NoObject")
    return content


def reached(call: Callable[[], T]) -> T:
    """Let Authlib call; its errors become ours. What a provider writes as free text goes no further."""
    try:
        return call()
    except OAuthError as error:
        code = str(error.error)
        raise oidc.CodeRefused(error=code if code in _TOKEN_ERRORS else "other") from None
    except RequestException as error:
        raise ProviderUnreachable(error=type(error).__name__) from None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise oidc.AnswerRefused(error=type(error).__name__) from None
