"""A program that acts for a person through the API, by token."""

from __future__ import annotations

import uuid
from typing import Any

import requests

from tests.running import PATIENCE, Running


class Program:
    """The API of one marketplace with one person's token."""

    def __init__(self, marketplace: Running, login: str) -> None:
        self.url = marketplace.url + "/api/v1"
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.headers["Connection"] = "close"  # an idle one is closed by the server, perhaps as we send
        self.http.headers["Authorization"] = f"Bearer {marketplace.token(login)}"

    def get(self, path: str) -> Any:
        answer = self.http.get(self.url + path, timeout=PATIENCE)
        assert answer.status_code < 400, answer.text
        return answer.json()

    def post(self, path: str, body: Any = None, key: str | None = None) -> requests.Response:
        headers = {"Idempotency-Key": key or uuid.uuid4().hex}
        return self.http.post(
            self.url + path, json=body if body is not None else {}, headers=headers, timeout=PATIENCE
        )

    def campaign(self, name: str) -> str:
        """The id of the campaign whose name or title contains `name`."""
        listed = self.get("/campaigns")
        rows = listed["can"] + listed["away"] + listed["own"]
        found = [row["id"] for row in rows if name in row["name"] or name in row["title"]]
        assert found, f"no campaign {name}"
        return str(found[0])

    def claim(self, campaign: str) -> str:
        answer = self.post(f"/campaigns/{campaign}/claims")
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def submit(self, claim: str, **answer: str) -> requests.Response:
        return self.post(f"/claims/{claim}/contribution", {"answer": answer})
