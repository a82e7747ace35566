"""Who may do what where: every route, written down a second time, apart from the tables that the program uses.

A row says how the route is called, which roles may enter, and what then decides about the thing itself (`thing`, a
function of agency and zone). Whoever adds a route adds its row; whoever loosens a rule has to loosen it here too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from security.principal import Role

IN, ROLE, RULE, HIDDEN = "in", "role", "rule", "hidden"
"""Let in; not with this role; a rule refuses and says why; not there for this person."""

Thing = Callable[[str, str], str]
"""The outcome for somebody of an agency in a zone, once their role let them in."""

C, T, A = Role.CONTRIBUTOR, Role.TASK_OWNER, Role.APPRAISER
OFFICERS = frozenset({Role.SECURITY_OFFICER, Role.MARKETPLACE_OFFICER})
EVERY = frozenset(Role)
READERS = frozenset({C, T, A})
NUMBERS = frozenset({Role.AGENCY_ADMIN, Role.DATA_PROTECTION, Role.WORKS_COUNCIL})
ADMIN = frozenset({Role.AGENCY_ADMIN})


def anything(agency: str, zone: str) -> str:
    """Nothing but the role decides: what is shown or made is the person's own."""
    return IN


def known(agency: str, zone: str) -> str:
    """The campaign: its agency and the one it shares with know of it."""
    return HIDDEN if agency == "stranger" else IN


def taken(agency: str, zone: str) -> str:
    """Taking and opening an item: the owner's agency wants the office."""
    return HIDDEN if agency == "stranger" else IN if zone == "office" else RULE


def read(agency: str, zone: str) -> str:
    """Results: only the owner's agency, in the office or by VPN."""
    if agency == "stranger":
        return HIDDEN
    return IN if agency == "own" and zone in ("office", "vpn") else RULE


def of_own_agency(agency: str, zone: str) -> str:
    """Something of one agency, which is not there for others."""
    return IN if agency == "own" else HIDDEN


def nobodys(agency: str, zone: str) -> str:
    """Something that is somebody else's, whoever asks."""
    return HIDDEN


@dataclass(frozen=True)
class Row:
    """How a route is called and who gets how far. `path` and `body` name things of the scene in braces."""

    call: str
    roles: frozenset[Role]
    thing: Thing = anything
    body: Mapping[str, Any] = field(default_factory=dict)

    @property
    def method(self) -> str:
        return self.call.split()[0]

    @property
    def path(self) -> str:
        return self.call.split()[1]

    def expected(self, role: Role, agency: str, zone: str) -> str:
        return self.thing(agency, zone) if role in self.roles else ROLE


ANSWER = {"kind": "bird"}
ANY = "00000000-0000-4000-8000-000000000000"

ROWS: Mapping[str, Row] = {
    # one's own
    "web.sign_out": Row("POST /sign-out", EVERY),
    "web.notices": Row("GET /notices", EVERY),
    "web.open_notice": Row(f"POST /notices/{ANY}/read", EVERY, nobodys),
    "web.my_work": Row("GET /my-work", EVERY),
    "api.me": Row("GET /api/v1/me", EVERY),
    "api.list_claims": Row("GET /api/v1/claims", EVERY),
    # work
    "web.board": Row("GET /work", READERS),
    "web.campaign": Row("GET /campaigns/{campaign}", READERS, known),
    "web.claim_next": Row("POST /campaigns/{fresh}/claims", frozenset({C}), taken),
    "web.claim": Row("GET /claims/{claim}", frozenset({C}), taken),
    "web.submit": Row("POST /claims/{claim}/contribution", frozenset({C}), taken, ANSWER),
    "web.extend": Row("POST /claims/{claim}/extend", frozenset({C}), taken),
    "web.release": Row("POST /claims/{claim}/release", frozenset({C}), known),
    "api.list_campaigns": Row("GET /api/v1/campaigns", READERS),
    "api.get_campaign": Row("GET /api/v1/campaigns/{campaign}", READERS, known),
    "api.claim_next": Row("POST /api/v1/campaigns/{fresh}/claims", frozenset({C}), taken),
    "api.claim_one": Row("POST /api/v1/microtasks/{open_item}/claims", frozenset({C}), taken),
    "api.get_claim": Row("GET /api/v1/claims/{claim}", frozenset({C}), known),
    "api.open_item": Row("GET /api/v1/claims/{claim}/payload", frozenset({C}), taken),
    "api.submit": Row("POST /api/v1/claims/{claim}/contribution", frozenset({C}), taken, {"answer": ANSWER}),
    "api.extend": Row("POST /api/v1/claims/{claim}/extend", frozenset({C}), taken),
    "api.release": Row("POST /api/v1/claims/{claim}/release", frozenset({C}), known),
    "api.post_campaign": Row("POST /api/v1/campaigns", frozenset({T})),
    # results
    "web.campaigns": Row("GET /campaigns", frozenset({T, A})),
    "web.room": Row("GET /campaigns/{campaign}/room", frozenset({T, A}), read),
    "web.results": Row("GET /campaigns/{campaign}/results", frozenset({T, A}), read),
    "web.result": Row("GET /campaigns/{campaign}/results/{settled}", frozenset({T, A}), read),
    "web.results_csv": Row("GET /campaigns/{campaign}/results.csv", frozenset({T}), read),
    "api.list_results": Row("GET /api/v1/campaigns/{campaign}/results", frozenset({T, A}), read),
    "api.get_result": Row("GET /api/v1/campaigns/{campaign}/results/{settled}", frozenset({T, A}), read),
    "api.export_results": Row("GET /api/v1/campaigns/{campaign}/results.csv", frozenset({T}), read),
    # the record, numbers, operation
    "web.record": Row("GET /record", OFFICERS),
    "web.numbers": Row("GET /numbers", NUMBERS),
    "web.approve_number": Row("POST /numbers/members/approve", frozenset({Role.WORKS_COUNCIL})),
    "web.withdraw_number": Row("POST /numbers/members/withdraw", frozenset({Role.WORKS_COUNCIL})),
    "web.operation": Row("GET /operation", frozenset({Role.OPERATOR})),
    "web.retry_job": Row("POST /operation/jobs/1/retry", frozenset({Role.OPERATOR})),
}
