"""Who may do what where: every route, written down a second time, apart from the tables that the program uses.

A row says how the route is called, which roles may enter, and what then decides about the thing itself (`thing`, a
function of agency and zone). Whoever adds a route adds its row; whoever loosens a rule has to loosen it here too.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from security import notes
from security.principal import Role

IN, ROLE, RULE, HIDDEN = "in", "role", "rule", "hidden"
"""Let in; not with this role; a rule refuses and says why; not there for this person."""

Thing = Callable[[Role, str, str], str]
"""The outcome for somebody of an agency in a zone, once their role let them in."""

C, T, A = Role.CONTRIBUTOR, Role.TASK_OWNER, Role.APPRAISER
OFFICERS = frozenset({Role.SECURITY_OFFICER, Role.MARKETPLACE_OFFICER})
EVERY = frozenset(Role)
OFFICER = frozenset({Role.SECURITY_OFFICER})
READERS = frozenset({C, T, A})
NUMBERS = frozenset({Role.AGENCY_ADMIN, Role.DATA_PROTECTION, Role.WORKS_COUNCIL})
ADMIN = frozenset({Role.AGENCY_ADMIN})
CONFIRMERS = ADMIN | {Role.LINE_MANAGER}
WHO_IS_HERE = ADMIN | {Role.SECURITY_OFFICER}
AGREED = ADMIN | {Role.SECURITY_OFFICER, Role.DATA_PROTECTION}
LET_IN = frozenset({T, Role.SECURITY_OFFICER})
PRIVACY = frozenset({Role.DATA_PROTECTION})
OPENERS = OFFICER | PRIVACY


def anything(role: Role, agency: str, zone: str) -> str:
    """Nothing but the role decides: what is shown or made is the person's own."""
    return IN


def known(role: Role, agency: str, zone: str) -> str:
    """The campaign: its agency and the one it shares with know of it."""
    return HIDDEN if agency == "stranger" else IN


def taken(role: Role, agency: str, zone: str) -> str:
    """Taking and opening an item: the owner's agency wants the office."""
    return HIDDEN if agency == "stranger" else IN if zone == "office" else RULE


def read(role: Role, agency: str, zone: str) -> str:
    """Results: only the owner's agency, in the office or by VPN."""
    if agency == "stranger":
        return HIDDEN
    return IN if agency == "own" and zone in ("office", "vpn") else RULE


def of_own_agency(role: Role, agency: str, zone: str) -> str:
    """Something of one agency, which is not there for others."""
    return IN if agency == "own" else HIDDEN


def ours(role: Role, agency: str, zone: str) -> str:
    """Something about the campaign that only the agency of its owner decides."""
    return {"own": IN, "guest": RULE, "stranger": HIDDEN}[agency]


def moved_on(role: Role, agency: str, zone: str) -> str:
    """A campaign that is open already, submitted anew: too late for its agency's task owners, not for others to do."""
    return HIDDEN if agency == "stranger" else IN if (role, agency) == (T, "own") else RULE


def signed_by_own(role: Role, agency: str, zone: str) -> str:
    """Terms that `own` proposed and thereby signed: the other side signs, and nobody signs twice."""
    return {"own": RULE, "guest": IN, "stranger": HIDDEN}[agency]


def moved(role: Role, agency: str, zone: str) -> str:
    """A move to `guest`: nobody moves to where they are."""
    return RULE if agency == "guest" else IN


def no_partner(role: Role, agency: str, zone: str) -> str:
    """A longer stay for a person of `own` who is no partner."""
    return RULE if agency == "own" else HIDDEN


def confirmed(role: Role, agency: str, zone: str) -> str:
    """Signing rules takes a second factor that is fresh; nobody here has one, and nothing less will do."""
    return RULE


def oneself_or_admin(role: Role, agency: str, zone: str) -> str:
    """A role of the contributor of `own`: they may give it up, and their administrator may end it."""
    if agency != "own":
        return HIDDEN
    return IN if role in (C, Role.AGENCY_ADMIN) else ROLE


def never(role: Role, agency: str, zone: str) -> str:
    """Another person's hat, and a second factor where the provider names none."""
    return RULE


def no_device(role: Role, agency: str, zone: str) -> str:
    """Something sealed to a device of the reader's; nobody here has one."""
    return HIDDEN if agency == "stranger" else RULE


def nobodys(role: Role, agency: str, zone: str) -> str:
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
        return self.thing(role, agency, zone) if role in self.roles else ROLE


ANOTHER_WITNESS = str(notes.signer("another.example/witness", notes.WITNESS, bytes(32)).verifier)
ANSWER = {"kind": "bird"}
HAPPENED = {"title": "A laptop was lost", "known_at": "2026-08-01T08:00", "outcome": "refused"}
LOOKED_UP = {"kind": "name", "wanted": "Nemo", "purpose": "court", "ticket": "A 12"}
INSIDER = {"agency": "guest", "email": "nobody@guest.example", "until": "{next_month}"}
ANY = "00000000-0000-4000-8000-000000000000"
A_KEY = {
    "crv": "P-256", "kty": "EC", "x": "pjFg-dqwRyGcUizDMhuDrCTzKhj7K7x_bBZQUmeC3-U",
    "y": "sfclVrYSwWkyER7LJ1mn7lwXVsCcdi2l2jSgqVY-Vvs",
}  # fmt: skip
A_DRAFT = {"envelope": "AAAA", "signature": "AAAA", "signer": "A", "slots": "{{}}"}
A_KEY_IN_A_FORM = "{" + json.dumps(A_KEY) + "}"
"""In braces twice: what stands in braces once names a thing of the scene."""
A_DECISION = {
    "microtask": ANY, "envelope": "AA", "key_id": "A", "slot": "A", "signature": "AA", "signer": "A", "agreeing": 1,
    "answers": 1, "tied": False, "rule": "majority-1", "trace": [ANY],
}  # fmt: skip
"""A result that is well formed, and of no item there is."""

ROWS: Mapping[str, Row] = {
    # one's own
    "web.sign_out": Row("POST /sign-out", EVERY),
    "web.notices": Row("GET /notices", EVERY),
    "web.open_notice": Row(f"POST /notices/{ANY}/read", EVERY, nobodys),
    "web.my_work": Row("GET /my-work", EVERY),
    "api.me": Row("GET /api/v1/me", EVERY),
    "api.list_claims": Row("GET /api/v1/claims", EVERY),
    "web.step_up": Row("POST /step-up", EVERY, never, {"factor": "multi"}),
    "web.resume": Row(f"GET /resume/{ANY}", EVERY, nobodys),
    "web.sessions": Row("GET /sessions", EVERY),
    "web.end_session": Row("POST /sessions/0123456789abcdef/end", EVERY, nobodys),
    "web.end_other_sessions": Row("POST /sessions/end-others", EVERY),
    "web.device_keys": Row("GET /device-keys", EVERY),
    "web.begin_device_key": Row("POST /device-keys", EVERY, body={"name": "Laptop", "public": "nothing"}),
    "web.rename_device_key": Row("POST /device-keys/{device}/name", EVERY, nobodys, {"name": "Laptop"}),
    "web.remove_device_key": Row("POST /device-keys/{device}/remove", EVERY, nobodys),
    "web.devices_seen": Row("GET /record/device-keys", OFFICERS),
    "web.choose_device_seen": Row("GET /record/device-keys/{thumbprint}/remove", OFFICERS, of_own_agency),
    "web.remove_device_seen": Row("POST /record/device-keys/{thumbprint}/remove", OFFICERS, of_own_agency),
    "web.remove_devices_of": Row("POST /agency/people/{contributor}/devices/remove", ADMIN, of_own_agency),
    "api.list_device_keys": Row("GET /api/v1/device-keys", EVERY),
    "api.remove_device_key": Row("POST /api/v1/device-keys/{device}/remove", EVERY, nobodys),
    "api.watch_device_keys": Row("GET /api/v1/agency/device-keys", OFFICERS),
    "web.my_skills": Row("GET /my-skills?q=law", EVERY),
    "web.declare_skill": Row("POST /my-skills", EVERY, anything, {"skill": "law"}),
    "web.drop_skill": Row("POST /my-skills/remove", EVERY, nobodys, {"skill": "maths"}),
    "web.want_skill": Row("POST /my-skills/wanted", EVERY, anything, {"skill": "law"}),
    "web.want_skill_no_more": Row("POST /my-skills/wanted/remove", EVERY, nobodys, {"skill": "maths"}),
    "web.people_skills": Row("GET /agency/skills", CONFIRMERS),
    "web.person_skills": Row("GET /agency/skills/{contributor}", CONFIRMERS, of_own_agency),
    "web.confirm_skill": Row(
        "POST /agency/skills/{contributor}/confirm", CONFIRMERS, of_own_agency, {"skill": "law"}
    ),
    "web.withdraw_skill": Row(
        "POST /agency/skills/{contributor}/withdraw", CONFIRMERS, of_own_agency, {"skill": "law"}
    ),
    "api.find_skills": Row("GET /api/v1/skills?q=law", EVERY),
    "api.list_my_skills": Row("GET /api/v1/me/skills", EVERY),
    "api.declare_skill": Row("POST /api/v1/me/skills", EVERY, anything, {"skill": "law"}),
    "api.drop_skill": Row("POST /api/v1/me/skills/remove", EVERY, nobodys, {"skill": "maths"}),
    "api.want_skill": Row("POST /api/v1/me/wanted-skills", EVERY, anything, {"skill": "law"}),
    "api.want_skill_no_more": Row("POST /api/v1/me/wanted-skills/remove", EVERY, nobodys, {"skill": "maths"}),
    "api.list_skills_of_person": Row("GET /api/v1/people/{contributor}/skills", CONFIRMERS, of_own_agency),
    "api.confirm_skill": Row(
        "POST /api/v1/people/{contributor}/skills/confirm", CONFIRMERS, of_own_agency, {"skill": "law"}
    ),
    "api.withdraw_skill": Row(
        "POST /api/v1/people/{contributor}/skills/withdraw", CONFIRMERS, of_own_agency, {"skill": "law"}
    ),
    "web.hat": Row("POST /hat", EVERY, never, {"membership": "{owner}"}),
    # work
    "web.board": Row("GET /work", READERS),
    "web.campaign": Row("GET /campaigns/{campaign}", READERS, known),
    "web.claim_next": Row("POST /campaigns/{fresh}/claims", frozenset({C}), taken),
    "web.claim": Row("GET /claims/{claim}", frozenset({C}), taken),
    "web.submit": Row("POST /claims/{claim}/contribution", frozenset({C}), taken, ANSWER),
    "web.extend": Row("POST /claims/{claim}/extend", frozenset({C}), taken),
    "web.release": Row("POST /claims/{claim}/release", frozenset({C}), known),
    "web.sealed_item": Row("GET /claims/{claim}/item", frozenset({C}), taken),
    "web.draft": Row("GET /claims/{claim}/draft", frozenset({C}), no_device),
    "web.save_draft": Row("POST /claims/{claim}/draft", frozenset({C}), known, A_DRAFT),
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
    "api.list_approvals": Row("GET /api/v1/approvals", ADMIN),
    "api.move_campaign": Row(
        "POST /api/v1/campaigns/{campaign}/move", ADMIN | {T}, moved_on, {"act": "submit"}
    ),
    "api.prepare_sealed": Row("POST /api/v1/campaigns/sealed/check", frozenset({T})),
    "api.post_sealed": Row("POST /api/v1/campaigns/sealed", frozenset({T})),
    # only its owner adds to a campaign, who is none of those who ask here
    "api.add_sealed_items": Row(
        "POST /api/v1/campaigns/{campaign}/sealed-items",
        frozenset({T}),
        nobodys,
        {"key_id": "A", "signer": "A", "items": []},
    ),
    "web.under_need_to_know": Row("GET /campaigns/need-to-know", LET_IN),
    "web.who_is_in": Row("GET /campaigns/{campaign}/need-to-know", LET_IN, ours),
    "web.let_in": Row("POST /campaigns/{campaign}/need-to-know", LET_IN, ours, INSIDER),
    "web.end_let_in": Row("POST /campaigns/{campaign}/need-to-know/{guest}/end", LET_IN, ours),
    "api.list_let_in": Row("GET /api/v1/campaigns/{campaign}/need-to-know", LET_IN, ours),
    "api.let_in": Row("POST /api/v1/campaigns/{campaign}/need-to-know", LET_IN, ours, INSIDER),
    "api.end_let_in": Row("POST /api/v1/campaigns/{campaign}/need-to-know/{guest}/end", LET_IN, ours),
    # results
    "web.campaigns": Row("GET /campaigns", frozenset({T, A})),
    "web.approvals": Row("GET /approvals", ADMIN),
    "web.approval": Row("GET /approvals/{campaign}", ADMIN, of_own_agency),
    "web.move_campaign": Row("POST /campaigns/{campaign}/move", ADMIN | {T}, moved_on, {"act": "submit"}),
    "web.seal_campaign": Row("GET /campaigns/sealed/new", frozenset({T})),
    "web.check_settings": Row("POST /campaigns/sealed/check", frozenset({T})),
    "web.post_sealed": Row("POST /campaigns/sealed", frozenset({T})),
    "web.add_sealed_items": Row("POST /campaigns/{campaign}/sealed/items", frozenset({T})),
    # the scene's campaigns are not sealed end to end, which only those are told who may read their results
    "web.key_holders": Row("GET /campaigns/{campaign}/key", frozenset({T, A}), read),
    "web.key_to_give": Row("POST /campaigns/{campaign}/key/offer", frozenset({T}), read),
    "web.give_key": Row("POST /campaigns/{campaign}/key/give", frozenset({T}), read, {"slots": "{{}}"}),
    "web.take_key_back": Row("POST /campaigns/{campaign}/key/take-back", frozenset({T}), read),
    "web.room": Row("GET /campaigns/{campaign}/room", frozenset({T, A}), read),
    "web.key_desk": Row("GET /campaigns/{campaign}/key-desk", frozenset({T, A}), read),
    "web.key_requests_": Row("GET /campaigns/{campaign}/key-desk/requests", frozenset({T, A}), read),
    "web.release_key": Row(
        "POST /campaigns/{campaign}/key-desk/release", frozenset({T, A}), read, {"claim": ANY}
    ),
    "api.list_key_requests": Row(
        f"GET /api/v1/campaigns/{{campaign}}/key-requests?holder={'A' * 43}", frozenset({T, A}), read
    ),
    "api.list_key_requests_of_agency": Row(f"GET /api/v1/key-requests?holder={'A' * 43}", frozenset({T, A})),
    "api.release_key": Row(
        "POST /api/v1/campaigns/{campaign}/key-requests/release",
        frozenset({T, A}),
        read,
        {"claim": ANY, "device": "A" * 43, "holder": "A" * 43, "slot": "A"},
    ),
    "api.get_campaign_key": Row(
        f"GET /api/v1/campaigns/{{campaign}}/key?device={'A' * 43}", frozenset({T}), read
    ),
    "api.get_recovery_slot": Row(
        f"GET /api/v1/campaigns/{{campaign}}/key/recovery?device={'A' * 43}", frozenset({T}), read
    ),
    "api.recover_key": Row(
        "POST /api/v1/campaigns/{campaign}/key/recovery",
        frozenset({T}),
        read,
        {"device": "A" * 43, "slot": "A"},
    ),
    "web.results": Row("GET /campaigns/{campaign}/results", frozenset({T, A}), read),
    "web.result": Row("GET /campaigns/{campaign}/results/{settled}", frozenset({T, A}), read),
    "web.sealed_result": Row("GET /campaigns/{campaign}/results/{settled}/parts", frozenset({T, A}), read),
    "web.results_csv": Row("GET /campaigns/{campaign}/results.csv", frozenset({T}), read),
    "api.list_results": Row("GET /api/v1/campaigns/{campaign}/results", frozenset({T, A}), read),
    "api.get_result": Row("GET /api/v1/campaigns/{campaign}/results/{settled}", frozenset({T, A}), read),
    "api.export_results": Row("GET /api/v1/campaigns/{campaign}/results.csv", frozenset({T}), read),
    "api.export_sealed_results": Row(
        f"GET /api/v1/campaigns/{{campaign}}/results/parts?device={'A' * 43}", frozenset({T}), read
    ),
    "api.list_undecided": Row(
        f"GET /api/v1/campaigns/{{campaign}}/undecided?device={'A' * 43}", frozenset({T, A}), read
    ),
    "api.keep_results": Row(
        "POST /api/v1/campaigns/{campaign}/results", frozenset({T, A}), read, {"results": [A_DECISION]}
    ),
    # retention; the scene's campaigns are not sealed, which only those are told who decide about them
    "web.retention": Row("GET /campaigns/{campaign}/retention", frozenset({T}), ours),
    "web.keep_content": Row(
        "POST /campaigns/{campaign}/retention", frozenset({T}), ours, {"until": "{next_month}"}
    ),
    "web.choose_to_shred": Row("GET /campaigns/{campaign}/shred", frozenset({T}), ours),
    "web.shred_campaign": Row("POST /campaigns/{campaign}/shred", frozenset({T}), ours),
    "web.choose_to_shred_item": Row("GET /campaigns/{campaign}/items/{settled}/shred", frozenset({T}), ours),
    "web.shred_item": Row("POST /campaigns/{campaign}/items/{settled}/shred", frozenset({T}), ours),
    "web.destroy_draft": Row("POST /claims/{claim}/draft/destroy", frozenset({C}), known),
    "api.keep_content": Row(
        "POST /api/v1/campaigns/{campaign}/keep", frozenset({T}), ours, {"until": "{next_month}"}
    ),
    "api.shred_campaign": Row("POST /api/v1/campaigns/{campaign}/shred", frozenset({T}), ours),
    "api.shred_item": Row("POST /api/v1/microtasks/{settled}/shred", frozenset({T}), ours),
    # the record, numbers, operation
    "web.record": Row("GET /record", OFFICERS),
    "web.record_csv": Row("GET /record.csv", OFFICERS),
    "web.record_proof": Row("GET /record/proof.json?first=0&count=1", OFFICERS),
    "web.save_view": Row(
        "POST /record/views", OFFICERS, anything, {"name": "Refused in Statistics", "outcome": "refused"}
    ),
    "web.drop_view": Row("POST /record/views/{view}/drop", OFFICERS, of_own_agency),
    "proofs.bundle": Row("GET /log/tile/entries/000.p/1", OFFICERS),
    "api.prove": Row("GET /api/v1/record/proof?first=0", OFFICERS),
    "api.follow_record": Row("GET /api/v1/record/entries?limit=1", OFFICERS),
    "api.search_record": Row("GET /api/v1/record/search?outcome=refused", OFFICERS),
    "api.list_witnesses": Row("GET /api/v1/record/witnesses", EVERY),
    "api.register_witness": Row(
        "POST /api/v1/record/witnesses", OFFICERS, anything, {"key": ANOTHER_WITNESS}
    ),
    "api.acknowledge_witness": Row(
        "POST /api/v1/record/witnesses/acknowledge", OFFICERS, of_own_agency, {"name": "own.example/witness"}
    ),
    "web.alerts": Row("GET /record/alerts", OFFICERS),
    "web.alert": Row("GET /record/alerts/{alert}", OFFICERS, of_own_agency),
    "web.take_alert": Row("POST /record/alerts/{alert}/take", OFFICERS, of_own_agency),
    "web.choose_officer": Row("GET /record/alerts/{alert}/hand-on", OFFICERS, of_own_agency),
    "web.hand_on_alert": Row(
        "POST /record/alerts/{alert}/hand-on", OFFICERS, of_own_agency, {"to": "{officer}"}
    ),
    "web.close_alert": Row(
        "POST /record/alerts/{alert}/close", OFFICERS, of_own_agency, {"finding": "explained"}
    ),
    "web.alert_rules": Row("GET /record/alert-rules", OFFICERS),
    "web.set_alert_rule": Row(
        "POST /record/alert-rules/many_views",
        OFFICERS,
        anything,
        {"on": "yes", "many_views-count": "20", "many_views-minutes": "10"},
    ),
    "web.incidents": Row("GET /record/incidents", OFFICERS),
    "web.new_incident": Row("GET /record/incidents/new?outcome=refused", OFFICERS),
    "web.open_incident": Row("POST /record/incidents", OFFICERS, anything, HAPPENED),
    "web.incident": Row("GET /record/incidents/{incident}", OFFICERS, of_own_agency),
    "web.note_incident": Row(
        "POST /record/incidents/{incident}/notes", OFFICERS, of_own_agency, {"text": "Looked at."}
    ),
    "web.report_incident": Row(
        "POST /record/incidents/{incident}/report", OFFICERS, of_own_agency, {"how": "By letter"}
    ),
    "web.close_incident": Row(
        "POST /record/incidents/{incident}/close", OFFICERS, of_own_agency, {"finding": "Nothing lost."}
    ),
    "web.incident_csv": Row("GET /record/incidents/{incident}/entries.csv", OFFICERS, of_own_agency),
    "web.incident_proof": Row("GET /record/incidents/{incident}/proof.json", OFFICERS, of_own_agency),
    "web.reviews": Row("GET /record/reviews", WHO_IS_HERE),
    "web.open_review": Row("POST /record/reviews", WHO_IS_HERE, anything, {"due": "{next_month}"}),
    "web.review": Row("GET /record/reviews/{review}", WHO_IS_HERE, of_own_agency),
    "web.decide_review": Row("POST /record/reviews/{review}/decisions", WHO_IS_HERE, of_own_agency),
    "web.close_review": Row("POST /record/reviews/{review}/close", WHO_IS_HERE, of_own_agency),
    "web.summary": Row("GET /record/summary", OFFICERS | PRIVACY),
    "web.summary_csv": Row("GET /record/summary/2026-Q3.csv", OFFICERS | PRIVACY),
    "web.look_ups": Row("GET /record/look-ups", OPENERS),
    "web.ask_look_up": Row("POST /record/look-ups", OPENERS, anything, LOOKED_UP),
    "web.look_up": Row("GET /record/look-ups/{look_up}", OPENERS, of_own_agency),
    "web.grant_look_up": Row("POST /record/look-ups/{look_up}/grant", OPENERS, of_own_agency),
    "web.decline_look_up": Row("POST /record/look-ups/{look_up}/decline", OPENERS, of_own_agency),
    "web.read_look_up": Row("POST /record/look-ups/{look_up}", OPENERS, nobodys),
    "web.my_record": Row("GET /my-record", EVERY),
    "web.my_record_proof": Row("GET /my-record/proof.json", EVERY),
    "web.ask_for_answer": Row("POST /my-record/ask", EVERY),
    "web.data_requests": Row("GET /data-requests", PRIVACY),
    "web.answer_for": Row("POST /data-requests", PRIVACY, nobodys),
    "web.data_request": Row("GET /data-requests/{request}", PRIVACY, of_own_agency),
    "web.data_request_csv": Row("GET /data-requests/{request}/answer.csv", PRIVACY, of_own_agency),
    "web.data_request_proof": Row("GET /data-requests/{request}/proof.json", PRIVACY, of_own_agency),
    "web.answer_request": Row("POST /data-requests/{request}/sent", PRIVACY, of_own_agency),
    "web.erase_from_record": Row("POST /data-requests/{request}/erase", PRIVACY, of_own_agency),
    "web.numbers": Row("GET /numbers", NUMBERS),
    "web.approve_number": Row("POST /numbers/members/approve", frozenset({Role.WORKS_COUNCIL})),
    "web.withdraw_number": Row("POST /numbers/members/withdraw", frozenset({Role.WORKS_COUNCIL})),
    # an agency's own affairs
    "web.rules": Row("GET /agency/rules", ADMIN),
    "web.new_rule": Row("GET /agency/rules/new", ADMIN),
    "web.keep_new_rule": Row("POST /agency/rules/new", ADMIN),
    "web.rule": Row("GET /agency/rules/rule/office-for-items", ADMIN, of_own_agency),
    "web.keep_rule": Row("POST /agency/rules/rule/office-for-items", ADMIN, of_own_agency),
    "web.drop_rule": Row(
        "POST /agency/rules/rule/office-for-items/drop", ADMIN, of_own_agency, {"revision": "0"}
    ),
    "web.add_example": Row("POST /agency/rules/rule/office-for-items/examples", ADMIN, of_own_agency),
    "web.drop_example": Row("POST /agency/rules/rule/office-for-items/examples/0/drop", ADMIN, of_own_agency),
    "web.preview_rules": Row("GET /agency/rules/preview", ADMIN),
    "web.sign_rules": Row("POST /agency/rules/sign", ADMIN, confirmed),
    "web.discard_rules": Row("POST /agency/rules/discard", ADMIN, nobodys),
    "web.renew_rules": Row("POST /agency/rules/renew", ADMIN),
    "web.rules_version": Row("GET /agency/rules/versions/1", ADMIN, of_own_agency),
    "web.take_up_rules": Row("POST /agency/rules/versions/1/take-up", ADMIN, of_own_agency),
    "web.rules_file": Row("GET /agency/rules/files/current.json", ADMIN),
    "web.agency_directory": Row("GET /agency/directory", ADMIN),
    "web.make_scim_credential": Row("POST /agency/directory/credentials", ADMIN),
    "web.end_scim_credential": Row(
        "POST /agency/directory/credentials/{credential}/end", ADMIN, of_own_agency
    ),
    "web.give_by_group": Row(f"POST /agency/directory/groups/{ANY}", ADMIN, nobodys),
    "api.list_agencies": Row("GET /api/v1/agencies", EVERY),
    "api.get_agency": Row("GET /api/v1/agency", ADMIN),
    "api.change_agency": Row("POST /api/v1/agency/settings", ADMIN),
    "api.set_networks": Row("POST /api/v1/agency/networks", ADMIN),
    "api.rename_levels": Row("POST /api/v1/agency/labels", ADMIN),
    "api.suspend_provider": Row("POST /api/v1/agency/provider/suspension", ADMIN),
    "api.get_handling": Row("GET /api/v1/agency/handling", ADMIN),
    "api.set_handling": Row("POST /api/v1/agency/handling/internal", ADMIN, anything, {"keep_days": 30}),
    "api.list_agency_keys": Row("GET /api/v1/agency/keys", ADMIN),
    "api.add_agency_key": Row(
        "POST /api/v1/agency/keys", ADMIN, anything, {"kind": "processing", "public_key": A_KEY}
    ),
    "api.end_agency_key": Row(f"POST /api/v1/agency/keys/{ANY}/end", ADMIN, nobodys),
    "api.list_proposals": Row("GET /api/v1/proposals", ADMIN),
    "api.get_proposal": Row("GET /api/v1/proposals/{proposal}", ADMIN, known),
    "api.propose_enrolment": Row("POST /api/v1/proposals/enrolments", ADMIN),
    "api.propose_provider": Row("POST /api/v1/proposals/providers", ADMIN),
    "api.propose_terms": Row("POST /api/v1/proposals/terms", ADMIN),
    "api.propose_key_destruction": Row("POST /api/v1/proposals/key-destructions", ADMIN),
    "api.sign_proposal": Row("POST /api/v1/proposals/{proposal}/signatures", ADMIN, signed_by_own),
    "api.withdraw_proposal": Row("POST /api/v1/proposals/{proposal}/withdrawal", ADMIN, known),
    "api.invite_first_administrator": Row(
        "POST /api/v1/proposals/{proposal}/first-administrator", ADMIN, nobodys
    ),
    "api.list_terms": Row("GET /api/v1/terms", AGREED),
    "api.end_terms": Row("POST /api/v1/terms/{terms}/end", ADMIN, known),
    "api.list_units": Row("GET /api/v1/units", ADMIN),
    "api.make_unit": Row("POST /api/v1/units", ADMIN),
    "api.rename_unit": Row("POST /api/v1/units/{unit}/name", ADMIN, of_own_agency, {"name": "Field work"}),
    "api.move_unit": Row("POST /api/v1/units/{unit}/place", ADMIN, of_own_agency, {"parent_id": None}),
    "api.merge_unit": Row(
        "POST /api/v1/units/{unit}/merge", ADMIN, of_own_agency, {"into_id": "{other_unit}"}
    ),
    "api.end_unit": Row("POST /api/v1/units/{unit}/end", ADMIN, of_own_agency),
    "api.place_in_unit": Row(
        "POST /api/v1/units/{unit}/members", ADMIN, of_own_agency, {"membership_id": "{contributor}"}
    ),
    "api.take_out_of_unit": Row(
        "POST /api/v1/units/{unit}/members/out", ADMIN, of_own_agency, {"membership_id": "{contributor}"}
    ),
    "api.get_rules": Row("GET /api/v1/agency/rules", ADMIN),
    "api.export_rules": Row("GET /api/v1/agency/rules.cedar", ADMIN),
    "api.get_rules_draft": Row("GET /api/v1/agency/rules/draft", ADMIN, nobodys),
    "api.draft_rules": Row("POST /api/v1/agency/rules/draft", ADMIN),
    "api.sign_rules": Row("POST /api/v1/agency/rules/sign", ADMIN, confirmed, {"revision": 1}),
    "api.list_scim_credentials": Row("GET /api/v1/agency/scim-credentials", ADMIN),
    "api.make_scim_credential": Row("POST /api/v1/agency/scim-credentials", ADMIN),
    "api.end_scim_credential": Row(
        "POST /api/v1/agency/scim-credentials/{credential}/end", ADMIN, of_own_agency
    ),
    "api.list_directory_groups": Row("GET /api/v1/agency/directory-groups", ADMIN),
    "api.give_by_group": Row(f"POST /api/v1/agency/directory-groups/{ANY}/gives", ADMIN, nobodys),
    "web.agency": Row("GET /agency", AGREED),
    "web.networks": Row("GET /agency/networks", ADMIN),
    "web.set_networks": Row("POST /agency/networks", ADMIN),
    "web.joining": Row("GET /agency/joining", ADMIN),
    "web.set_joining": Row("POST /agency/joining", ADMIN),
    "web.handling": Row("GET /agency/handling", ADMIN),
    "web.set_handling": Row("POST /agency/handling/internal", ADMIN, anything, {"internal-keep_days": "30"}),
    "web.agency_keys": Row("GET /agency/keys", ADMIN),
    "web.add_agency_key": Row(
        "POST /agency/keys/processing", ADMIN, anything, {"processing-public_key": A_KEY_IN_A_FORM}
    ),
    "web.end_agency_key": Row("POST /agency/keys/end", ADMIN, nobodys, {"key_id": ANY}),
    "web.keys_by_year": Row("GET /agency/keys/years", ADMIN),
    "web.choose_key_to_destroy": Row("GET /agency/keys/years/own.2020.00000000", ADMIN, nobodys),
    "web.propose_key_destruction": Row(
        "POST /agency/keys/years/own.2020.00000000", ADMIN, nobodys, {"sure": "yes"}
    ),
    "web.labels": Row("GET /agency/labels", ADMIN),
    "web.rename_levels": Row("POST /agency/labels", ADMIN),
    "web.provider": Row("GET /agency/sign-in-service", ADMIN),
    "web.change_provider": Row("POST /agency/sign-in-service", ADMIN),
    "web.renew_key": Row("POST /agency/sign-in-service/key", ADMIN),
    "web.check_provider": Row("POST /agency/sign-in-service/check", ADMIN),
    "web.suspend_provider": Row("POST /agency/sign-in-service/suspend", ADMIN),
    "web.agreements": Row("GET /agency/agreements", ADMIN),
    "web.agreement": Row("GET /agency/agreements/{proposal}", ADMIN, known),
    "web.sign_agreement": Row("POST /agency/agreements/{proposal}/sign", ADMIN, signed_by_own),
    "web.withdraw_agreement": Row("POST /agency/agreements/{proposal}/withdraw", ADMIN, known),
    "web.invite_first": Row("POST /agency/agreements/{proposal}/first-administrator", ADMIN, nobodys),
    "web.new_agency": Row("GET /agency/agreements/new-agency", ADMIN),
    "web.propose_agency": Row("POST /agency/agreements/new-agency", ADMIN),
    "web.sharing": Row("GET /agency/sharing", AGREED),
    "web.propose_terms": Row("POST /agency/sharing", ADMIN),
    "web.end_terms": Row("POST /agency/sharing/{terms}/end", ADMIN, known),
    "web.units": Row("GET /agency/units", ADMIN),
    "web.make_unit": Row("POST /agency/units", ADMIN),
    "web.unit": Row("GET /agency/units/{unit}", ADMIN, of_own_agency),
    "web.rename_unit": Row("POST /agency/units/{unit}/name", ADMIN, of_own_agency, {"name": "Field work"}),
    "web.move_unit": Row("POST /agency/units/{unit}/place", ADMIN, of_own_agency, {"parent_id": ""}),
    "web.merge_unit": Row("POST /agency/units/{unit}/merge", ADMIN, of_own_agency, {"into": "{other_unit}"}),
    "web.end_unit": Row("POST /agency/units/{unit}/end", ADMIN, of_own_agency),
    "web.place_in_unit": Row(
        "POST /agency/units/{unit}/members", ADMIN, of_own_agency, {"membership": "{contributor}"}
    ),
    "web.take_out_of_unit": Row(
        "POST /agency/units/{unit}/members/out", ADMIN, of_own_agency, {"membership": "{contributor}"}
    ),
    "web.place_person": Row(
        "POST /agency/people/{contributor}/units", ADMIN, of_own_agency, {"unit": "{unit}"}
    ),
    # people
    "web.people": Row("GET /agency/people", WHO_IS_HERE),
    "web.person": Row("GET /agency/people/{contributor}", WHO_IS_HERE, of_own_agency),
    "web.grant_role": Row(
        "POST /agency/people/{contributor}/roles", ADMIN, of_own_agency, {"role": "appraiser"}
    ),
    "web.end_role": Row("POST /agency/roles/{grant}/end", EVERY, oneself_or_admin),
    "web.review_role": Row("POST /agency/roles/{grant}/review", ADMIN, of_own_agency),
    "web.give_clearance": Row(
        "POST /agency/people/{contributor}/clearance", OFFICER, of_own_agency, {"level": "internal"}
    ),
    "web.end_sessions_of": Row("POST /agency/people/{contributor}/sessions/end", ADMIN, of_own_agency),
    "web.link_person": Row("POST /agency/people/{contributor}/link", ADMIN, of_own_agency),
    "web.send_person": Row(
        "POST /agency/people/{contributor}/send", ADMIN, of_own_agency, {"agency": "guest"}
    ),
    "web.renew_partner": Row(
        "POST /agency/people/{contributor}/renew",
        ADMIN,
        no_partner,
        {"sponsor": "{contributor}", "until": "{next_month}"},
    ),
    "web.end_membership": Row("POST /agency/people/{contributor}/end", ADMIN, of_own_agency),
    "web.invitations": Row("GET /agency/invitations", ADMIN),
    "web.invite": Row("POST /agency/invitations", ADMIN),
    "web.invite_partner": Row("POST /agency/partners", ADMIN),
    "web.withdraw_invitation": Row("POST /agency/invitations/{invitation}/withdraw", ADMIN, of_own_agency),
    "web.moves": Row("GET /agency/moves", ADMIN),
    "web.approve_move": Row(f"POST /agency/moves/{ANY}/approve", ADMIN, nobodys),
    "web.decline_move": Row(f"POST /agency/moves/{ANY}/decline", ADMIN, nobodys),
    "web.my_roles": Row("GET /my-roles", EVERY),
    "web.ask_to_move": Row("POST /my-roles/move", EVERY, moved, {"agency": "guest"}),
    "web.go_and_move": Row(f"POST /my-roles/moves/{ANY}/go", EVERY, anything),
    "web.withdraw_move": Row(f"POST /my-roles/moves/{ANY}/withdraw", EVERY, nobodys),
    "web.leave": Row("POST /my-roles/leave", EVERY),
    "api.list_people": Row("GET /api/v1/people", WHO_IS_HERE),
    "api.get_person": Row("GET /api/v1/people/{contributor}", WHO_IS_HERE, of_own_agency),
    "api.list_roles": Row("GET /api/v1/me/roles", EVERY),
    "api.grant_role": Row(
        "POST /api/v1/people/{contributor}/roles", ADMIN, of_own_agency, {"role": "appraiser"}
    ),
    "api.end_role": Row("POST /api/v1/roles/{grant}/end", EVERY, oneself_or_admin),
    "api.review_role": Row("POST /api/v1/roles/{grant}/review", ADMIN, of_own_agency),
    "api.give_clearance": Row(
        "POST /api/v1/people/{contributor}/clearance", OFFICER, of_own_agency, {"level": "internal"}
    ),
    "api.end_membership": Row("POST /api/v1/people/{contributor}/end", ADMIN, of_own_agency),
    "api.end_sessions_of": Row("POST /api/v1/people/{contributor}/sessions/end", ADMIN, of_own_agency),
    "api.transfer_person": Row(
        "POST /api/v1/people/{contributor}/transfer", ADMIN, of_own_agency, {"agency": "guest"}
    ),
    "api.second_person": Row(
        "POST /api/v1/people/{contributor}/secondment",
        ADMIN,
        of_own_agency,
        {"agency": "guest", "until": "{next_month}"},
    ),
    "api.link_person": Row("POST /api/v1/people/{contributor}/link", ADMIN, of_own_agency),
    "api.list_invitations": Row("GET /api/v1/invitations", ADMIN),
    "api.invite": Row("POST /api/v1/invitations", ADMIN),
    "api.invite_partner": Row("POST /api/v1/partners", ADMIN),
    "api.withdraw_invitation": Row("POST /api/v1/invitations/{invitation}/withdraw", ADMIN, of_own_agency),
    "api.list_moves": Row("GET /api/v1/moves", ADMIN),
    "api.approve_move": Row(f"POST /api/v1/moves/{ANY}/approve", ADMIN, nobodys),
    "api.decline_move": Row(f"POST /api/v1/moves/{ANY}/decline", ADMIN, nobodys),
    "web.operation": Row("GET /operation", frozenset({Role.OPERATOR})),
    "web.retry_job": Row("POST /operation/jobs/1/retry", frozenset({Role.OPERATOR})),
}
