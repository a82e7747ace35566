"""The security record for programs: proofs of entries, and the witnesses that agencies run."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import Schema, fields

from agencies import directory
from marketplace.api.door import api, done_once, refuses, takes_body
from marketplace.api.replies import reply, reply_once
from marketplace.api.schemas import told
from marketplace.edge.acting import current_context, current_principal
from marketplace.foundation.db import Tx, reading, transaction
from marketplace.foundation.errors import InvalidInput
from marketplace.foundation.input import Input, Text, whole_from
from security.log import exporting, proving, witnesses
from security.log.proving import MOST, NotSignedYet, TooManyEntries
from security.log.witnesses import BadWitness, NoSuchWitness, WitnessKnown

LARGEST = 2**53 - 1


class ProofQuery(Input):
    """Which entries to prove."""

    first = fields.Integer(
        required=True, validate=whole_from(0, LARGEST), metadata=told("The first entry's number.")
    )
    count = fields.Integer(load_default=1, validate=whole_from(1, MOST), metadata=told("How many entries."))
    since = fields.Integer(
        load_default=None,
        validate=whole_from(0, LARGEST),
        metadata=told("The size of an earlier checkpoint that the record is to be shown to continue."),
    )


class Part(Schema):
    """A run of entries, and the hashes that connect it with the root."""

    first = fields.Integer()
    entries = fields.List(fields.Raw(), metadata=told('An entry as a text, or {"leaf": its hash}.'))
    around = fields.List(fields.String())


class Proof(Schema):
    """A proof that entries are on the record; `marketplace audit verify` checks it offline."""

    format = fields.String()
    checkpoint = fields.String(metadata=told("A signed note: the log's checkpoint and its cosignatures."))
    parts = fields.List(fields.Nested(Part))
    earlier = fields.Dict(metadata=told("An earlier checkpoint, and the proof that this one continues it."))


class EntriesQuery(Input):
    """From where on to follow the record."""

    after = fields.Integer(
        load_default=0, validate=whole_from(0, LARGEST), metadata=told("The `next` of the answer before.")
    )
    limit = fields.Integer(load_default=exporting.MOST, validate=whole_from(1, exporting.MOST))


class NumberedEntry(Schema):
    """An entry and its number, by which a receiver knows it again."""

    number = fields.Integer()
    body = fields.String(
        metadata=told("Canonical JSON (RFC 8785), shaped as OCSF 1.5: the very bytes of the leaf.")
    )


class Entries(Schema):
    """Entries in the order of their numbers."""

    entries = fields.List(fields.Nested(NumberedEntry))
    next = fields.Integer(metadata=told("Where to go on; the same as before once there is nothing new."))


class Witness(Schema):
    """A program of an agency that cosigns the record as long as it only grows."""

    name = fields.String()
    key = fields.String()
    agency = fields.String(allow_none=True)
    url = fields.String(allow_none=True, metadata=told("Where it is asked; null: it comes by itself."))
    size = fields.Integer(metadata=told("How many entries it had seen when it last cosigned."))
    seen_at = fields.DateTime(allow_none=True)
    refused = fields.Integer(allow_none=True, metadata=told("With which status it contradicted the record."))
    refused_at = fields.DateTime(allow_none=True)


class Witnesses(Schema):
    """Every witness of the record."""

    witnesses = fields.List(fields.Nested(Witness))


class NewWitness(Input):
    """The witness of your agency."""

    key = Text(400, required=True, metadata=told("The line that `marketplace witness make` printed."))
    url = Text(400, load_default=None, allow_none=True, metadata=told("Where it can be asked, if it can."))


class Acknowledged(Input):
    """Which contradiction was looked at."""

    name = Text(200, required=True)


@api.get("/record/proof")
@refuses(NotSignedYet, TooManyEntries, InvalidInput)
@api.arguments(ProofQuery, location="query")
@api.response(200, Proof)
def prove(wanted: dict[str, Any]) -> Response:
    """Prove that entries are on the record. What does not concern your agency is a hash.

    Making a proof is itself on the record.
    """
    with transaction() as tx:
        return reply(proving.prove(tx, **wanted, actor=current_principal(), context=current_context()))


@api.get("/record/entries")
@refuses(InvalidInput)
@api.arguments(EntriesQuery, location="query")
@api.response(200, Entries)
def follow_record(wanted: dict[str, Any]) -> Response:
    """Follow the record: entries that concern your agency, in the order of their numbers.

    Delivery is at least once; an entry's number is its id. What is read here is itself on the record, but not listed
    here to whoever reads.
    """
    with transaction() as tx:
        rows, going_on = exporting.after(
            tx, wanted["after"], limit=wanted["limit"], actor=current_principal(), context=current_context()
        )
    return reply(
        {"entries": [{"number": number, "body": body.decode()} for number, body in rows], "next": going_on}
    )


@api.get("/record/witnesses")
@refuses()
@api.response(200, Witnesses)
def list_witnesses() -> Response:
    """List the witnesses of the record."""
    with reading() as db:
        return reply(_listed(db))


@api.post("/record/witnesses")
@refuses(BadWitness, WitnessKnown)
@takes_body
@done_once
@api.arguments(NewWitness)
@api.response(201, Witnesses)
def register_witness(wanted: dict[str, Any]) -> Response:
    """Register the witness that your agency runs, or give it another address."""

    def register(tx: Tx) -> None:
        witnesses.register(tx, **wanted, actor=current_principal(), context=current_context())

    return reply_once(register, lambda tx, _: _listed(tx), 201)


@api.post("/record/witnesses/acknowledge")
@refuses(NoSuchWitness)
@takes_body
@done_once
@api.arguments(Acknowledged)
@api.response(200, Witnesses)
def acknowledge_witness(wanted: dict[str, Any]) -> Response:
    """Take note of a contradiction of your agency's witness, so that the next one is told again."""
    return reply_once(
        lambda tx: witnesses.acknowledge(tx, **wanted, actor=current_principal(), context=current_context()),
        lambda tx, _: _listed(tx),
    )


def _listed(db: Tx) -> dict[str, Any]:
    slugs = {agency.id: agency.slug for agency in directory.listing(db)}
    rows = [dict(row._mapping) for row in witnesses.listing(db)]
    return {"witnesses": [{**row, "agency": slugs.get(row.pop("agency_id"))} for row in rows]}
