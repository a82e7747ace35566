"""Authlib speaks through `requests`; this makes `requests` speak through our line and nothing else."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from authlib.integrations.requests_client import OAuth2Session
from requests import PreparedRequest, Response
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from marketplace.edge.relying_party.line import Line

_PASSED_ON = ("Authorization", "Content-Type")


class LineAdapter(BaseAdapter):
    """An adapter of `requests` whose only way out is a provider's line."""

    def __init__(self, line: Line) -> None:
        super().__init__()
        self._line = line

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        """Send one prepared request; timeouts, certificates and proxies are not the caller's to choose."""
        body = request.body.encode() if isinstance(request.body, str) else request.body
        headers = {name: str(request.headers[name]) for name in _PASSED_ON if name in request.headers}
        answer = self._line.fetch(str(request.method), str(request.url), headers=headers, body=body)
        response = Response()
        response.status_code = answer.status
        response.headers = CaseInsensitiveDict(answer.headers)
        response.raw = BytesIO(answer.body)
        response.url = str(request.url)
        response.request = request
        response.encoding = "utf-8"
        return response

    def close(self) -> None:
        """Nothing stays open."""


def through(line: Line, session: OAuth2Session) -> OAuth2Session:
    """Put a session on the line: no proxy, no credential file and no cookie of the environment."""
    session.trust_env = False
    session.adapters.clear()
    session.mount("https://", LineAdapter(line))
    session.mount("http://", LineAdapter(line))
    return session
