"""Proposals: what takes several signatures, and the terms between agencies that came of them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response
from marshmallow import Schema, fields, validate

from agencies import agreements, enrolment, founding, sharing
from agencies.agreement_specs import EnrolmentSpec, ProviderChange, Slug, TermsSpec
from agencies.errors import (
    AgencyTaken,
    BadAgencySettings,
    KeyStillNeeded,
    LookAlike,
    NoSuchKey,
    NoSuchProposal,
    NoSuchProvider,
    NoSuchTerms,
    NotYoursToSign,
    ProposalEnded,
    ProviderChanged,
    SignatureBroken,
)
from marketplace.api.door import api, done_once, existing, refuses, takes_body, who
from marketplace.api.replies import reply, reply_once
from marketplace.api.schemas import AgencyName, told
from marketplace.edge import checking
from marketplace.edge.acting import current_principal, settings
from marketplace.edge.once import once
from marketplace.foundation.db import Tx, reading, transaction
from marketplace.foundation.input import Flag, Input, Text
from tasks import key_destruction


class Side(Schema):
    """An agency by its short name."""

    slug = fields.String()
    name = fields.String()


class Signature(Schema):
    """Who signed, for which agency."""

    name = fields.String()
    agency = fields.String()
    signed_at = fields.DateTime()


class Proposal(Schema):
    """Something that takes several signatures."""

    id = fields.UUID()
    kind = fields.String(validate=validate.OneOf(sorted(agreements.KINDS)))
    state = fields.String(validate=validate.OneOf(["open", "in_force", "withdrawn", "over"]))
    agency = fields.Nested(Side, metadata=told("Whose administrator proposed it, or whom it concerns."))
    other = fields.Nested(Side, allow_none=True)
    content = fields.Dict(metadata=told("What is signed; never a secret. `flags` names what looks alike."))
    digest = fields.String(metadata=told("SHA-256 of what is signed, in hexadecimal digits."))
    made_by = fields.String()
    made_at = fields.DateTime()
    over_at = fields.DateTime(metadata=told("An open proposal is over then."))
    ended_at = fields.DateTime(allow_none=True)
    signatures = fields.List(fields.Nested(Signature))
    missing = fields.List(
        fields.List(fields.String()),
        metadata=told("For each signature that is missing, the agencies whose administrators may give it."),
    )
    can_sign = fields.Boolean(metadata=told("Whether you may."))
    reasons = fields.List(fields.String(), metadata=told("Why you may not."))
    whole = fields.Boolean(metadata=told("Whether content and signatures are still what was signed."))


class Proposals(Schema):
    """The proposals that concern your agency, open ones first."""

    proposals = fields.List(fields.Nested(Proposal))


class EnrolmentInput(EnrolmentSpec):
    """A new agency with its provider. The provider is looked at first, unless `unchecked`; whoever signs is told."""

    unchecked = Flag(load_default=False)


class ProviderInput(ProviderChange):
    """How an agency's provider is to be used from now on."""

    agency = Slug(60, required=True)


class KeyDestructionInput(Input):
    """A key that is to be destroyed, by its id."""

    key = Text(120, required=True)


class Terms(Schema):
    """Terms under which people of `guest` may do work of `owner`."""

    id = fields.UUID()
    owner = fields.Nested(AgencyName)
    guest = fields.Nested(AgencyName)
    level = fields.String(metadata=told("The highest label that they cover."))
    rules_of = fields.String(metadata=told("Whose house rules hold for the work."))
    hours_of = fields.String(metadata=told("Whose hours the work takes."))
    requests_to = fields.String(metadata=told("Who answers a request for data."))
    note = fields.String()
    since = fields.DateTime()
    until = fields.DateTime(allow_none=True)
    ended_at = fields.DateTime(allow_none=True)
    in_force = fields.Boolean()


class TermsList(Schema):
    """The terms that your agency is part of."""

    terms = fields.List(fields.Nested(Terms))


class FirstInvitation(Schema):
    """A way in for the first administrator; the address is shown this once."""

    address = fields.URL(allow_none=True)


_MADE = {"Location": {"schema": {"type": "string"}}}


@api.get("/proposals")
@refuses()
@api.response(200, Proposals)
def list_proposals() -> Response:
    """List the proposals that concern your agency."""
    with reading() as db:
        return reply({"proposals": agreements.listing(db, current_principal())})


@api.get("/proposals/<id:proposal_id>")
@refuses(NoSuchProposal)
@api.response(200, Proposal)
def get_proposal(proposal_id: UUID | None) -> Response:
    """Read a proposal."""
    with reading() as db:
        return reply(agreements.described(db, existing(proposal_id, NoSuchProposal), current_principal()))


@api.post("/proposals/enrolments")
@refuses(BadAgencySettings, AgencyTaken, LookAlike, NotYoursToSign)
@takes_body
@done_once
@api.arguments(EnrolmentInput)
@api.response(201, Proposal, headers=_MADE)
def propose_enrolment(body: dict[str, Any]) -> Response:
    """Propose a new agency with its provider. It is there as soon as a second administrator has signed.

    With `private_key_jwt`, the default, a key is made for it: its public half is in the proposal's `content.keys`.
    """
    given = {name: body[name] for name in ("agency", "provider")}
    checked = not body["unchecked"]
    if checked:  # before the transaction begins: a slow provider must hold nobody up
        checking.check(body["provider"]["issuer"])
    return _proposed(lambda tx: enrolment.propose(tx, given, checked=checked, **who()))


@api.post("/proposals/providers")
@refuses(BadAgencySettings, NoSuchProvider, NotYoursToSign)
@takes_body
@done_once
@api.arguments(ProviderInput)
@api.response(201, Proposal, headers=_MADE)
def propose_provider(body: dict[str, Any]) -> Response:
    """Propose how an agency's provider is used from now on, or the way back for a suspended one."""
    given = {name: value for name, value in body.items() if name != "agency"}
    return _proposed(lambda tx: enrolment.propose_change(tx, body["agency"], given, **who()))


@api.post("/proposals/terms")
@refuses(BadAgencySettings, NotYoursToSign)
@takes_body
@done_once
@api.arguments(TermsSpec)
@api.response(201, Proposal, headers=_MADE)
def propose_terms(body: dict[str, Any]) -> Response:
    """Propose terms between your agency and another."""
    given = body | {"until": body["until"].isoformat() if body["until"] else None}
    return _proposed(lambda tx: sharing.propose(tx, given, **who()))


@api.post("/proposals/key-destructions")
@refuses(NoSuchKey, KeyStillNeeded, NotYoursToSign)
@takes_body
@done_once
@api.arguments(KeyDestructionInput)
@api.response(201, Proposal, headers=_MADE)
def propose_key_destruction(body: dict[str, Any]) -> Response:
    """Propose to destroy a key of your agency for ever. A second administrator of it has to sign.

    `content.payloads` is how many payloads nobody can read any more then, in no backup of the database either.
    """
    return _proposed(lambda tx: key_destruction.propose(tx, body["key"], **who()))


@api.post("/proposals/<id:proposal_id>/signatures")
@refuses(
    NoSuchProposal, ProposalEnded, NotYoursToSign, SignatureBroken, ProviderChanged, LookAlike, KeyStillNeeded
)
@done_once
@api.response(200, Proposal)
def sign_proposal(proposal_id: UUID | None) -> Response:
    """Sign a proposal for your agency. The last signature brings it into force."""
    principal = current_principal()
    wanted = existing(proposal_id, NoSuchProposal)

    def act(tx: Tx) -> UUID:
        return agreements.sign(tx, wanted, **who()).id

    return reply_once(act, lambda tx, _: agreements.described(tx, wanted, principal))


@api.post("/proposals/<id:proposal_id>/withdrawal")
@refuses(NoSuchProposal, ProposalEnded, NotYoursToSign)
@done_once
@api.response(200, Proposal)
def withdraw_proposal(proposal_id: UUID | None) -> Response:
    """Take a proposal back, or decline it."""
    principal = current_principal()
    wanted = existing(proposal_id, NoSuchProposal)

    def act(tx: Tx) -> UUID:
        agreements.withdraw(tx, wanted, **who())
        return wanted

    return reply_once(act, lambda tx, _: agreements.described(tx, wanted, principal))


@api.post("/proposals/<id:proposal_id>/first-administrator")
@refuses(NoSuchProposal, NotYoursToSign)
@done_once
@api.response(201, FirstInvitation)
def invite_first_administrator(proposal_id: UUID | None) -> Response:
    """Invite an administrator of the agency that this proposal brought in, while it has none.

    The address is shown this once; a repeat with the same key is answered with null.
    """
    wanted = existing(proposal_id, NoSuchProposal)
    tokens: list[str] = []
    with transaction() as tx:
        once(
            tx,
            lambda: tokens.append(founding.invite_first(tx, wanted, **who())),
            status=201,
        )
    address = f"{settings().public_url}/sign-in?invitation={tokens[0]}" if tokens else None
    return reply({"address": address}, 201)


@api.get("/terms")
@refuses()
@api.response(200, TermsList)
def list_terms() -> Response:
    """List the terms that your agency is part of, those in force first."""
    with reading() as db:
        return reply({"terms": sharing.listing(db, current_principal().agency_id)})


@api.post("/terms/<id:terms_id>/end")
@refuses(NoSuchTerms)
@done_once
@api.response(200, TermsList)
def end_terms(terms_id: UUID | None) -> Response:
    """End terms at once. Either side may."""
    principal = current_principal()
    wanted = existing(terms_id, NoSuchTerms)

    def act(tx: Tx) -> None:
        sharing.end(tx, wanted, **who())

    return reply_once(act, lambda tx, _: {"terms": sharing.listing(tx, principal.agency_id)})


def _proposed(act: Any) -> Response:
    principal = current_principal()

    def shown(tx: Tx, made: UUID | None) -> dict[str, Any]:
        return agreements.described(tx, existing(made, NoSuchProposal), principal)

    return reply_once(act, shown, 201, lambda made: {"Location": f"/api/v1/proposals/{made}"})
