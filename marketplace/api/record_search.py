"""The security record for programs: a search in the words that the record's page has in its address."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import Schema, fields

from agencies.oversight import searches
from marketplace.api.door import api, refuses
from marketplace.api.replies import reply
from marketplace.api.schemas import told
from marketplace.edge import record_csv
from marketplace.edge.acting import current_context, current_principal
from marketplace.foundation.db import transaction
from marketplace.foundation.errors import InvalidInput
from marketplace.foundation.input import Input, Text, whole_from
from security.log import queries

LARGEST = 2**53 - 1
MOST = 500
"""Entries in one answer."""
_LONGEST = 100


class BadSearch(InvalidInput):
    """Some words of this search make no sense."""


class SearchQuery(Input):
    """What to search for. Every word narrows; without any, the newest entries are found."""

    act = Text(_LONGEST, metadata=told("As entries name it, such as payload.view."))
    outcome = Text(_LONGEST, metadata=told("done, refused or failed."))
    zone = Text(_LONGEST, metadata=told("office, vpn, home or public."))
    label = Text(_LONGEST, metadata=told("public, internal, sensitive or restricted."))
    agency = Text(_LONGEST, metadata=told("The short name of the agency whose person acted."))
    campaign = Text(_LONGEST)
    pseudonym = Text(_LONGEST, metadata=told("Who acted."))
    person = Text(_LONGEST, metadata=told("The pseudonym of somebody whose entries were read by it."))
    object = Text(_LONGEST, metadata=told("An id, or at least its first eight characters."))
    session = Text(_LONGEST)
    device = Text(_LONGEST)
    reference = Text(_LONGEST, metadata=told("What a refused person was given to quote."))
    period = Text(_LONGEST, metadata=told("today, week or month."))
    since = Text(_LONGEST, metadata=told("A day or a moment, in UTC where it names no zone."))
    until = Text(_LONGEST, metadata=told("A day, which counts in whole, or a moment, which does not."))
    readings = Text(_LONGEST, metadata=told("hidden leaves out readings of the record."))
    before = fields.Integer(
        load_default=None,
        validate=whole_from(1, LARGEST),
        metadata=told("The `next` of the answer before: older entries."),
    )
    limit = fields.Integer(load_default=50, validate=whole_from(1, MOST))


class FoundEntry(Schema):
    """An entry. Names stay closed: people are called by their pseudonyms."""

    number = fields.Integer()
    time = fields.String(metadata=told("In UTC, with milliseconds."))
    pseudonym = fields.String(allow_none=True, metadata=told("Who acted; null: the marketplace itself."))
    agency = fields.String(allow_none=True)
    act = fields.String()
    object_kind = fields.String(allow_none=True)
    object = fields.String(allow_none=True)
    object_pseudonym = fields.String(
        allow_none=True,
        metadata=told("Whose entries were read; null: a person was chosen by name, or nobody was."),
    )
    object_agency = fields.String(allow_none=True)
    campaign = fields.String(allow_none=True)
    purpose = fields.String(allow_none=True)
    channel = fields.String()
    zone = fields.String(allow_none=True)
    device = fields.String(allow_none=True)
    device_id = fields.String(allow_none=True)
    session = fields.String(allow_none=True)
    label = fields.String(allow_none=True)
    outcome = fields.String()
    reasons = fields.List(fields.String())
    reference = fields.String(allow_none=True)
    rules = fields.String(allow_none=True, metadata=told("Digest of the access rules that decided."))


class Found(Schema):
    """Entries, newest first."""

    entries = fields.List(fields.Nested(FoundEntry))
    next = fields.Integer(
        allow_none=True, metadata=told("Send it as `before`; null: there is nothing older.")
    )


@api.get("/record/search")
@refuses(BadSearch)
@api.arguments(SearchQuery, location="query")
@api.response(200, Found)
def search_record(wanted: dict[str, Any]) -> Response:
    """Search the entries that concern your agency. Searching is itself on the record."""
    before, limit = wanted.pop("before"), wanted.pop("limit")
    with transaction() as tx:
        asked = searches.parse(tx, wanted)
        if asked.left_out:
            raise BadSearch(errors={name: ["This makes no sense here."] for name in asked.left_out})
        found = queries.entries(
            tx,
            asked.filters,
            actor=current_principal(),
            context=current_context(),
            before=before,
            limit=limit,
        )
        agencies = record_csv.slugs(tx)
    rows = [record_csv.plain(row, agencies) for row in found["rows"]]
    return reply({"entries": rows, "next": found["next"]})
