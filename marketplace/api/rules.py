"""Your agency's access rules: what holds, your draft of them, and signing it."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import Schema, fields, validate

from agencies.errors import NeedsStepUp
from agencies.rules import drafting, examples, preview, reading, signing
from agencies.rules.errors import (
    BadRule,
    DraftChanged,
    ExamplesDisagree,
    NoSuchRules,
    NothingDrafted,
    NothingToSign,
    RulesChanged,
    RulesUnreadable,
)
from marketplace.api.door import api, done_once, refuses, takes_body, who
from marketplace.api.replies import reply, reply_once, reply_unless_known
from marketplace.api.schemas import told
from marketplace.edge.acting import current_principal
from marketplace.foundation.db import Tx
from marketplace.foundation.db import reading as reads
from marketplace.foundation.errors import InvalidInput
from marketplace.foundation.input import Input, Text, Whole, entries, whole_from
from security.access import cedar
from security.access.documents import FORMAT, LONGEST_TEXT, MOST_RULES, case_json
from security.access.errors import InvalidRules
from security.principal import Principal


class RuleDocument(Schema):
    """Rules of one agency. docs/rules.md says what a rule may say."""

    format = fields.String(validate=validate.OneOf([FORMAT]))
    agency = fields.String(metadata=told("The slug of the agency."))
    rules = fields.List(fields.Dict())


class Rules(Schema):
    """A version of rules."""

    number = fields.Integer(metadata=told("0: the agency has no rules of its own."))
    rules = fields.Nested(RuleDocument)
    digest = fields.String(allow_none=True, metadata=told("SHA-256 of the rules as canonical JSON, in hex."))
    key_id = fields.String(allow_none=True)
    signature = fields.String(allow_none=True, metadata=told("Ed25519, in hex."))
    signed_by = fields.String(allow_none=True)
    signed_at = fields.DateTime(allow_none=True)
    note = fields.String(allow_none=True)


class RulesQuery(Input):
    """Which version."""

    number = fields.Integer(
        load_default=None,
        validate=whole_from(1, 1_000_000_000),
        metadata=told("A version; left out: the one that holds."),
    )


class RuleChange(Schema):
    """The smallest case in which the draft changes what may be done."""

    action = fields.String()
    way = fields.String(allow_none=True, validate=validate.OneOf(["gained", "lost"]))
    case = fields.Dict(allow_none=True, metadata=told("Null: there are too many cases to look through."))


class RulesDraft(Schema):
    """Your draft: it holds for nobody."""

    revision = fields.Integer()
    based_on = fields.Integer(metadata=told("The version that it changes."))
    rules = fields.Nested(RuleDocument)
    faults = fields.Dict(metadata=told("What keeps it from being signed: sentences by place."))
    changes = fields.List(fields.Nested(RuleChange))


class RulesInput(Input):
    """Rules for your draft, in place of whatever it says."""

    format = Text(40, required=True)
    agency = Text(60, required=True)
    rules = fields.List(fields.Dict(), required=True, validate=entries(0, MOST_RULES))


class SignInput(Input):
    """Which revision of your draft you have seen, and why you sign it."""

    revision = Whole(1, 1_000_000_000, required=True)
    note = Text(LONGEST_TEXT, load_default=None)


@api.get("/agency/rules")
@refuses(InvalidInput, RulesUnreadable, NoSuchRules)
@api.arguments(RulesQuery, location="query")
@api.response(200, Rules)
def get_rules(query: dict[str, Any]) -> Response:
    """Read your agency's rules, as they were signed.

    The signature is checked before anything is shown.
    """
    with reads() as db:
        return reply_unless_known(_version(db, current_principal(), query["number"]))


@api.get("/agency/rules.cedar")
@refuses(RulesUnreadable)
@api.response(200, {"type": "string"}, content_type="text/plain", description="Cedar policies.")
def export_rules() -> Response:
    """Read your agency's rules as Cedar policies.

    They decide as the marketplace does; the marketplace itself does not run Cedar.
    """
    with reads() as db:
        _, body = reading.in_force(db, current_principal().agency_id)
    return Response(cedar.policies(reading.parsed(body)), mimetype="text/plain")


@api.get("/agency/rules/draft")
@refuses(NothingDrafted)
@api.response(200, RulesDraft)
def get_rules_draft() -> Response:
    """Read your draft: what keeps it from being signed, and the smallest cases that it changes."""
    with reads() as db:
        return reply(_draft(db, current_principal()))


@api.post("/agency/rules/draft")
@refuses(InvalidRules, BadRule, DraftChanged)
@takes_body
@done_once
@api.arguments(RulesInput)
@api.response(200, RulesDraft)
def draft_rules(body: dict[str, Any]) -> Response:
    """Make these rules your draft. They hold for nobody until you sign them."""
    actor = current_principal()
    return reply_once(
        lambda tx: drafting.replace(tx, body, **who()),
        lambda tx, _: _draft(tx, actor),
    )


@api.post("/agency/rules/sign")
@refuses(NeedsStepUp, NothingDrafted, DraftChanged, RulesChanged, NothingToSign, ExamplesDisagree)
@takes_body
@done_once
@api.arguments(SignInput)
@api.response(200, Rules)
def sign_rules(body: dict[str, Any]) -> Response:
    """Sign your draft, so that it holds.

    This needs a sign-in with a second factor within the last 15 minutes. A token is no such sign-in: open your agency's
    access rules in a browser; the draft waits there.
    """
    actor = current_principal()

    def act(tx: Tx) -> None:
        signing.sign(tx, revision=body["revision"], note=body["note"], **who())

    return reply_once(act, lambda tx, _: _version(tx, actor, None))


def _version(db: Tx, actor: Principal, number: int | None) -> dict[str, Any]:
    if number is None:
        number, body = reading.in_force(db, actor.agency_id)
        if number == 0:
            nothing = dict.fromkeys(("digest", "key_id", "signature", "signed_by", "signed_at", "note"))
            return {"number": 0, "rules": body, **nothing}
    found = reading.version(db, actor.agency_id, number)
    return {
        "number": found.number,
        "rules": found.body,
        "digest": found.digest.hex(),
        "key_id": found.key_id,
        "signature": found.signature.hex(),
        "signed_by": found.signed_by,
        "signed_at": found.signed_at,
        "note": found.note,
    }


def _draft(db: Tx, actor: Principal) -> dict[str, Any]:
    found = drafting.read(db, actor)
    if found is None:
        raise NothingDrafted()
    old, new = reading.parsed(reading.comparable(db, actor.agency_id)), reading.parsed(found.body)
    return {
        "revision": found.revision,
        "based_on": found.based_on,
        "rules": found.body,
        "faults": examples.faults(new),
        "changes": [
            {
                "action": change.action,
                "way": change.way,
                "case": None if change.case is None else case_json(change.case),
            }
            for change in preview.changes(old, new)
        ],
    }
