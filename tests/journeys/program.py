"""A program that acts for a person through the API, by token; sealed work is opened and sealed with its own key."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from agencies.device_keys import offering
from deploy.identity import demo
from tests import on_device
from tests.device_keys import Device, new_device
from tests.journeys.person import Person
from tests.running import PATIENCE, Running

_devices: dict[tuple[Path, str], Device] = {}
"""The one key that all programs of a person at a marketplace use: a person may have five."""


class Program:
    """The API of one marketplace with one person's token."""

    def __init__(self, marketplace: Running, login: str) -> None:
        self.marketplace, self.login = marketplace, login
        self.url = marketplace.url + "/api/v1"
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.headers["Connection"] = "close"  # an idle one is closed by the server, perhaps as we send
        self.http.headers["Authorization"] = f"Bearer {marketplace.token(login)}"
        self.opened: dict[str, dict[str, Any]] = {}
        """What came with the sealed items of claims: under which header and to which key an answer is sealed."""

    def get(self, path: str, **query: str) -> Any:
        answer = self.http.get(self.url + path, params=query, timeout=PATIENCE)
        assert answer.status_code < 400, answer.text
        return answer.json()

    def post(self, path: str, body: Any = None, key: str | None = None) -> requests.Response:
        headers = {"Idempotency-Key": key or uuid.uuid4().hex}
        return self.http.post(
            self.url + path, json=body if body is not None else {}, headers=headers, timeout=PATIENCE
        )

    def post_campaign(self, spec: Any, csv: str) -> str:
        """A campaign that is posted and opened. Returns its id."""
        return self.opened_by_approver(self.post("/campaigns", {"spec": spec, "csv": csv}))

    def opened_by_approver(self, posted: requests.Response) -> str:
        """What was posted, approved by the administrator of the civil aviation's demo. Returns the campaign's id."""
        assert posted.status_code == 201, posted.text
        campaign = str(posted.json()["id"])
        let_open(self.marketplace, campaign)
        return campaign

    @property
    def device(self) -> Device:
        """The person's key, set up at the sign-in of their agency."""
        place = (self.marketplace.home, self.login)
        if place not in _devices:
            _devices[place] = _enrolled(self.marketplace, self.login)
        return _devices[place]

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

    def item(self, claim: str) -> Any:
        """The item of a claim; a sealed one is opened with the person's key."""
        if not self.get(f"/claims/{claim}")["campaign"]["sealed"]:
            return self.get(f"/claims/{claim}/payload")["item"]
        sealed = self.get(f"/claims/{claim}/payload", device=self.device.thumbprint)["sealed"]
        self.opened[claim] = sealed
        return on_device.read(self.device, sealed["item"])

    def submit(self, claim: str, **answer: str) -> requests.Response:
        """Submit an answer, sealed where the campaign is."""
        if claim not in self.opened:
            self.item(claim)
        terms = self.opened.get(claim)
        body = (
            {"answer": answer}
            if terms is None
            else {"sealed": on_device.submission(self.device, terms["answer"], answer)}
        )
        return self.post(f"/claims/{claim}/contribution", body)

    def result(self, campaign: str, microtask: str) -> Any:
        """A sealed result as the person's key opens it: {"item", "value", "trace": [answer, …]}."""
        path = f"/campaigns/{campaign}/results/{microtask}"
        sealed = self.get(path, device=self.device.thumbprint)["sealed"]
        return {
            "item": on_device.read(self.device, sealed["item"]),
            "value": on_device.read(self.device, sealed["value"]),
            "trace": [on_device.read(self.device, step["answer"]) for step in sealed["trace"]],
        }


@contextmanager
def sealed_end_to_end(marketplace: Running) -> Iterator[None]:
    """While this lasts, the Civil Aviation Office has sensitive work that it posts sealed end to end."""
    words = ("agency", "handling", "set", "sensitive", "--protection")
    marketplace.command(*words, "end_to_end", login="felix")
    try:
        yield
    finally:
        marketplace.command(*words, "server", login="felix")


def _enrolled(marketplace: Running, login: str) -> Device:
    made = new_device("Program", "program")
    agency = next(each.slug for each in demo.agencies() if login in {person.login for person in each.people})
    person = Person(marketplace.url)
    person.sign_in(agency, login)
    public = offering.line_of(made.offered.encryption, made.offered.signing, made.offered.salt)
    given = {"kind": made.offered.kind, "name": made.offered.name, "public": public}
    back = person.vouched_for(person.open("/device-keys"), "/device-keys", login, **given)
    assert made.thumbprint in back.text, back.text[:400]
    return made


def let_open(marketplace: Running, campaign: str) -> None:
    """The administrator of the civil aviation's demo approves a campaign of it."""
    moved = Program(marketplace, "felix").post(f"/campaigns/{campaign}/move", {"act": "approve"})
    assert moved.status_code == 200, moved.text
