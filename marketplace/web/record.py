"""The security record, for an agency's officer: who did what, when, from where, why. Names stay closed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date
from itertools import groupby
from typing import Any

from flask import render_template, request, url_for
from flask_babel import gettext

from agencies import directory
from agencies.oversight import searches
from marketplace.edge.acting import current_context, current_principal
from marketplace.foundation.db import transaction
from marketplace.web import names, words
from marketplace.web.blueprint import web
from marketplace.web.presenters import Chip, chips
from security.log import queries

NAMES = ("reference", "act", "outcome", "agency", "label", "zone", "pseudonym", "object", "since", "until")
LATEST = 2**63 - 1
"""The largest number an entry can have; an address may ask for anything."""
READINGS = "shown"
"""`readings=shown` in the address: entries about reading the record are listed too."""
READING = "log.read"


@web.get("/record")
def record() -> str:
    """Entries that concern the officer's agency, newest first. Reading them is itself on the record."""
    typed = {name: value for name in NAMES if (value := _given(name))}
    before, strange = _before(request.args.get("before"))
    with transaction() as tx:
        agencies = directory.listing(tx)
        asked = searches.parse(tx, typed)
        filters = asked.words
        found = queries.entries(
            tx,
            replace(asked.filters, without_readings=not _with_readings() and filters.get("act") != READING),
            actor=current_principal(),
            context=current_context(),
            before=before,
        )
    known = {agency.id: agency for agency in agencies}
    options = _options(found["acts"], agencies)
    return render_template(
        "record.html",
        days=_by_day([_shown(row, known) for row in found["rows"]]),
        filters=filters,
        left_out=[_title(name) for name in typed if name not in filters] + strange,
        with_readings=_with_readings(),
        chips=_chips(filters, options),
        older=_older(filters, found["next"]),
        **options,
    )


def _given(name: str) -> str:
    return request.args.get(name, "").replace("\x00", "").strip()[:100]


def _with_readings() -> bool:
    """Without a word in the address, entries about reading the record are left out: they would drown the rest."""
    return request.args.getlist("readings")[-1:] == [READINGS]


def _before(text: str | None) -> tuple[int | None, list[str]]:
    """The number that older entries lie below, and, for one that makes no sense, what to say was left out."""
    if not text:
        return None, []
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0
    return (number, []) if 0 < number <= LATEST else (None, [gettext("the page")])


def _options(acts: list[str], agencies: Any) -> dict[str, list[tuple[str, str]]]:
    return {
        "act_options": sorted(
            ((act, names.act(act)) for act in acts), key=lambda option: option[1].casefold()
        ),
        "outcome_options": [(code, names.outcome(code)) for code in names.OUTCOMES],
        "agency_options": [(agency.slug, agency.name) for agency in agencies],
        "label_options": [(key, words.level(key)) for key in words.LEVELS],
        "zone_options": [(code, names.zone(code)) for code in words.ZONES],
    }


def _title(name: str) -> str:
    titles = {
        "reference": gettext("reference"),
        "act": gettext("act"),
        "outcome": gettext("outcome"),
        "agency": gettext("agency"),
        "label": gettext("label"),
        "zone": gettext("from"),
        "pseudonym": gettext("pseudonym"),
        "object": gettext("object"),
        "since": gettext("since"),
        "until": gettext("until"),
    }
    return titles[name]


def _chips(filters: Mapping[str, str], options: Mapping[str, list[tuple[str, str]]]) -> list[Chip]:
    shown = []
    for name, value in filters.items():
        label = dict(options.get(f"{name}_options", ())).get(value, value)
        shown.append((name, request.args[name], _title(name), label))
    return chips("web.record", shown)


def _older(filters: Mapping[str, str], before: int | None) -> str | None:
    values: dict[str, Any] = dict(filters) | {"before": before}
    if _with_readings():
        values["readings"] = READINGS
    return None if before is None else url_for("web.record", **values)


def _by_day(rows: list[dict[str, Any]]) -> list[tuple[date, list[dict[str, Any]]]]:
    """Rows under the day (UTC) on which they happened."""
    days = groupby(rows, key=lambda row: row["at"].astimezone(UTC).date())
    return [(day, list(of_day)) for day, of_day in days]


def _shown(row: Mapping[str, Any], agencies: Mapping[Any, Any]) -> dict[str, Any]:
    detail = row["detail"] or {}
    return dict(row) | {
        "agency_shown": agencies.get(row["agency_id"]),
        "object_name": names.thing(row["object_kind"], row["object_id"]),
        "object_link": None if row["object_kind"] == "route" else row["object_id"],
        "label": row["level"],
        "reason": names.refusal(detail.get("reasons") or [], detail.get("error")),
        "reference": row.get("reference"),
    }
