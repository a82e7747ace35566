"""A person's own page: who opened what about them, what they did, its proof, and asking for the answer in writing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from flask import Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response as AnyResponse

from agencies import directory
from agencies.oversight import requests, searches
from agencies.oversight.requests import AlreadyAsked
from marketplace.edge.acting import current_principal
from marketplace.foundation.db import Tx, transaction
from marketplace.web import agency_forms, names
from marketplace.web.blueprint import web
from marketplace.web.record_rows import by_day
from security.log import own
from security.log.acts import ACTS
from security.log.filtering import READINGS, Filters
from security.log.own import Side

WORDS = ("act", "period")
LATEST = 2**63 - 1
PERIODS = {"today": _l("today"), "week": _l("the last 7 days"), "month": _l("the last 30 days")}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for: which entries, as filters and in the words that were understood."""

    side: Side
    filters: Filters
    words: Mapping[str, str]
    before: int | None


@web.get("/my-record")
def my_record() -> str:
    """My entries, newest first. Reading them is itself on the record."""
    with transaction() as tx:
        asked = _asked(tx)
        found = own.entries(tx, asked.side, asked.filters, **agency_forms.who(), before=asked.before)
        agencies = {agency.id: agency for agency in directory.listing(tx)}
        waiting = requests.own_open(tx, current_principal())
    here: dict[str, Any] = dict(asked.words) | {"show": asked.side.value}
    return render_template(
        "my_record.html",
        side=asked.side.value,
        days=by_day([_shown(row, agencies) for row in found["rows"]]),
        filters=asked.words,
        acts=sorted(((act, names.act(act)) for act in ACTS), key=lambda option: option[1].casefold()),
        periods=PERIODS.items(),
        older=url_for("web.my_record", **here, before=found["next"]) if found["next"] is not None else None,
        proof=url_for("web.my_record_proof", **here, before=asked.before),
        waiting=waiting,
    )


@web.get("/my-record/proof.json")
def my_record_proof() -> Response:
    """The proof of the entries that the page with the same address shows."""
    with transaction() as tx:
        asked = _asked(tx)
        made = own.proof(tx, asked.side, asked.filters, **agency_forms.who(), before=asked.before)
    return proof_file(made, "my-record-proof.json")


@web.post("/my-record/ask")
def ask_for_answer() -> AnyResponse:
    """Ask data protection for the answer in writing."""

    def act(tx: Tx) -> UUID:
        return requests.ask(tx, **agency_forms.who())

    try:
        agency_forms.acted(act)
    except AlreadyAsked:
        flash(gettext("You have asked already. Data protection of your agency will answer you."))
    else:
        flash(gettext("Asked. Data protection of your agency will answer you in writing."))
    return redirect(url_for("web.my_record"), 303)


def proof_file(made: dict[str, Any], name: str) -> Response:
    """A proof as a file to keep, as `marketplace audit verify` takes it."""
    text = json.dumps(made, ensure_ascii=False, indent=1)
    response = Response(text, content_type="application/json; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _asked(tx: Tx) -> Asked:
    typed = {name: value for name in WORDS if (value := _given(name))}
    found = searches.parse(tx, typed)
    side = Side.BY if _given("show") == Side.BY.value else Side.ABOUT
    # One's own readings would drown what one did; those of others are what the other side is about.
    hidden = side is Side.BY and found.words.get("act") not in READINGS
    before = _given("before")
    number = int(before) if before.isascii() and before.isdigit() and len(before) < 20 else 0
    return Asked(
        side,
        replace(found.filters, without_readings=hidden),
        found.words,
        number if 0 < number <= LATEST else None,
    )


def _given(name: str) -> str:
    return request.args.get(name, "").replace("\x00", "").strip()[:100]


def _shown(row: Mapping[str, Any], agencies: Mapping[UUID, Any]) -> dict[str, Any]:
    return dict(row) | {
        "agency_shown": agencies.get(row["agency_id"]),
        "object_name": names.thing(row["object_kind"], row["object_id"]),
    }
