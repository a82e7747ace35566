"""Find work: what fits me now, why, and what is one step away."""

from __future__ import annotations

from typing import Any

from flask import render_template, request
from flask_babel import gettext

from marketplace.edge.acting import current_context, current_principal
from marketplace.foundation.db import reading
from marketplace.web import words
from marketplace.web.blueprint import web
from marketplace.web.presenters import Chip, chips, explained
from tasks.board import Filter
from tasks.board import board as find_board

MINUTES = ("2", "10", "30")
LONGEST_QUERY = 200


@web.get("/work")
def board() -> str:
    """The board, filtered by the address."""
    chosen = _chosen()
    wanted = Filter(
        agencies=chosen["agency"],
        levels=chosen["level"],
        skills=chosen["skill"],
        minutes=int(chosen["minutes"]) if chosen["minutes"] else None,
        words=chosen["q"],
    )
    with reading() as db:
        found = find_board(db, current_principal(), current_context(), wanted)
    shown = dict(found) | {
        "can": [explained(row) for row in found["can"]],
        "away": [explained(row) for row in found["away"]],
        "known_all": sum(count for _, _, count in found["facets"]["level"]),
    }
    on = _chips(chosen, found["facets"])
    return render_template(
        "board.html",
        board=shown,
        chosen=chosen,
        chips=on,
        suggestion=shown["can"][0] if shown["can"] and not on and not chosen["q"] else None,
    )


def _chosen() -> dict[str, Any]:
    """The filter in the address; what makes no sense is left out, so that an old link still opens."""
    minutes = request.args.get("minutes", "")
    return {
        "agency": [agency for agency in request.args.getlist("agency") if agency],
        "level": [level for level in request.args.getlist("level") if level in words.LEVELS],
        "skill": [skill for skill in request.args.getlist("skill") if skill],
        "minutes": minutes if minutes in MINUTES else "",
        "q": request.args.get("q", "")[:LONGEST_QUERY].replace("\x00", "").strip(),
    }


def _chips(chosen: dict[str, Any], facets: dict[str, Any]) -> list[Chip]:
    labels = {name: {value: label for value, label, _ in facets[name]} for name in ("agency", "skill")}
    shown = [
        ("agency", value, gettext("agency"), labels["agency"].get(value, value)) for value in chosen["agency"]
    ]
    shown += [("level", value, gettext("protection"), words.level(value)) for value in chosen["level"]]
    shown += [
        ("skill", value, gettext("skill"), labels["skill"].get(value, value)) for value in chosen["skill"]
    ]
    if chosen["minutes"]:
        limit = gettext("up to %(minutes)s", minutes=chosen["minutes"])
        shown.append(("minutes", chosen["minutes"], gettext("minutes"), limit))
    return chips("web.board", shown)
