"""From what use-cases return to what templates show: reasons become sentences, filters become chips."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import request, url_for
from markupsafe import Markup
from werkzeug.datastructures import MultiDict

from marketplace.web import reasons


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that is on, and the address of the same page without it."""

    name: str
    label: str
    href: str


def explained(row: Mapping[str, Any]) -> dict[str, Any]:
    """A campaign's row with its reasons as sentences: "why" and "missing_words"."""
    labels = {skill["code"]: skill["label"] for skill in row["skills"]}
    return dict(row) | {
        "why": list(_why(row.get("reasons", ()), labels)),
        "missing_words": [
            reasons.missing(lack["code"], lack["args"], labels, lack["remedy"])
            for lack in row.get("missing", ())
        ],
    }


def _why(given: Iterable[Mapping[str, Any]], labels: Mapping[str, str]) -> Iterable[str | Markup]:
    """One sentence per code; the skills of several reasons go into one sentence."""
    merged: dict[str, dict[str, Any]] = {}
    for reason in given:
        facts = merged.setdefault(reason["code"], {})
        for name, value in reason["args"].items():
            facts[name] = f"{facts[name]},{value}" if name in facts else value
    for code, facts in merged.items():
        sentence = reasons.why(code, facts, labels)
        if sentence is not None:
            yield sentence


def chips(endpoint: str, shown: Sequence[tuple[str, str, str, str]]) -> list[Chip]:
    """Chips for the filters in the address. `shown`: parameter, its value, the filter's name, the value in words."""
    return [
        Chip(name, label, _without(endpoint, parameter, value)) for parameter, value, name, label in shown
    ]


def _without(endpoint: str, parameter: str, value: str) -> str:
    kept: MultiDict[str, str] = MultiDict(
        (name, given)
        for name, given in request.args.items(multi=True)
        if given and not (name == parameter and given == value) and name not in ("before", "after")
    )
    values: dict[str, Any] = kept.to_dict(flat=False)
    return url_for(endpoint, **values)
