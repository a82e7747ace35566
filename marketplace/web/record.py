"""The security record, for an agency's officer: who did what, when, from where, why. Names stay closed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from flask import render_template, request, url_for
from flask_babel import gettext

from agencies import directory
from marketplace.edge.acting import current_context, current_principal
from marketplace.foundation.db import transaction
from marketplace.web import names, words
from marketplace.web.blueprint import web
from marketplace.web.presenters import Chip, chips
from security.labels import Level
from security.log import queries

NAMES = ("act", "outcome", "agency", "label", "zone", "pseudonym", "object", "since", "until")


@web.get("/record")
def record() -> str:
    """Entries that concern the officer's agency, newest first. Reading them is itself on the record."""
    filters = {name: value for name in NAMES if (value := _given(name))}
    with transaction() as tx:
        agencies = directory.listing(tx)
        found = queries.entries(
            tx,
            _asked(filters, {agency.slug: agency.id for agency in agencies}),
            actor=current_principal(),
            context=current_context(),
            before=request.args.get("before", type=int),
        )
    known = {agency.id: agency for agency in agencies}
    options = _options(found["acts"], agencies)
    return render_template(
        "record.html",
        found={"rows": [_shown(row, known) for row in found["rows"]]},
        filters=filters,
        chips=_chips(filters, options),
        older=_older(filters, found["next"]),
        **options,
    )


def _given(name: str) -> str:
    return request.args.get(name, "").replace("\x00", "").strip()[:100]


def _asked(filters: Mapping[str, str], agencies: Mapping[str, Any]) -> dict[str, Any]:
    """The filter as the record understands it; a day that is none, or an agency that is none, finds nothing wrong."""
    asked: dict[str, Any] = {name: filters.get(name) for name in ("act", "outcome", "zone", "pseudonym")}
    asked["object_id"] = filters.get("object")
    asked["agency_id"] = agencies.get(filters.get("agency", ""))
    if filters.get("label") in words.LEVELS:
        asked["level"] = Level.parse(filters["label"])
    asked["since"] = _midnight(filters.get("since"))
    until = _midnight(filters.get("until"))
    asked["until"] = until + timedelta(days=1) if until else None
    return {name: value for name, value in asked.items() if value is not None}


def _midnight(text: str | None) -> datetime | None:
    try:
        day = date.fromisoformat(text or "")
    except ValueError:
        return None
    # A day beyond the calendar's end has no next day.
    return None if day >= date.max else datetime(day.year, day.month, day.day, tzinfo=UTC)


def _options(acts: list[str], agencies: Any) -> dict[str, list[tuple[str, str]]]:
    return {
        "act_options": sorted(((act, names.act(act)) for act in acts), key=lambda option: option[1]),
        "outcome_options": [(code, names.outcome(code)) for code in names.OUTCOMES],
        "agency_options": [(agency.slug, agency.name) for agency in agencies],
        "label_options": [(key, words.level(key)) for key in words.LEVELS],
        "zone_options": [(code, names.zone(code)) for code in words.ZONES],
    }


def _chips(filters: Mapping[str, str], options: Mapping[str, list[tuple[str, str]]]) -> list[Chip]:
    titles = {
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
    shown = []
    for name, value in filters.items():
        label = dict(options.get(f"{name}_options", ())).get(value, value)
        shown.append((name, value, titles[name], label))
    return chips("web.record", shown)


def _older(filters: Mapping[str, str], before: int | None) -> str | None:
    values: dict[str, Any] = dict(filters) | {"before": before}
    return None if before is None else url_for("web.record", **values)


def _shown(row: Mapping[str, Any], agencies: Mapping[Any, Any]) -> dict[str, Any]:
    detail = row["detail"] or {}
    return dict(row) | {
        "agency_shown": agencies.get(row["agency_id"]),
        "object_shown": names.thing(row["object_kind"], row["object_id"]),
        "label": row["level"],
        "reason": ", ".join(detail.get("reasons") or []) or detail.get("error"),
    }
