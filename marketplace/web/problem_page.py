"""The page for whatever did not work: what it is, which rule, what would help, where to go on.

The title is the remedy where there is one. English sentences of the domain stay with programs; people read ours,
chosen by the problem's slug (`problem_words`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

from flask import Response, current_app, g, make_response, render_template, request, url_for
from flask_babel import gettext
from werkzeug.exceptions import HTTPException

from agencies import directory
from marketplace.edge import step_up
from marketplace.edge.permissions import ROUTES
from marketplace.foundation.db import reading
from marketplace.foundation.errors import Unavailable
from marketplace.web import reasons, typed
from marketplace.web.languages import chosen
from marketplace.web.problem_words import (
    DECLINED,
    KEPT,
    ONLY_SHOWS,
    OUT_OF_DATE,
    SIGN_IN_REMEDIES,
    WORDS,
    Words,
)
from marketplace.web.shell import first_page, first_page_name
from security.permissions import Permission, may, roles_with
from security.principal import Principal

OF_AN_ANSWER = ("web.submit", "web.extend")
"""Forms that carry what somebody typed: whatever goes wrong, it is handed back."""


def problem_page(problem: dict[str, Any], status: int, reference: str) -> Response:
    """The page for a problem document (RFC 9457, with "slug", "reasons" and "errors")."""
    words = _words(problem, status)
    given = _reasons_of(problem)
    lacks = _missing(given)
    shown = {
        "title": lacks[0].remedy if lacks else words.title,
        "lead": words.lead,
        "icon": words.icon,
        # Of one rule the title says what would help; it is not said again below.
        "checks": [
            {"title": lack.title, "help": lack.help if len(lacks) > 1 else "", "met": False} for lack in lacks
        ],
        "errors": list(_places(problem.get("errors"))),
        "other_ways": _other_ways(given),
        "ways": [*_to_my_skills(given), *_ways(problem["slug"])],
        "typed": typed.handed_back(_claim_id()) if _has_answer(problem["slug"]) and not _kept() else [],
        "step_up": step_up.offered(),
        "reference": reference,
    }
    return make_response(render_template("problem.html", problem=shown), status)


def in_words(problem: Mapping[str, Any], status: int) -> dict[str, Any]:
    """The problem document for a script of one of our pages: its title and detail as the page would say them."""
    words = _words(problem, status)
    lacks = _missing(_reasons_of(problem))
    title = lacks[0].remedy if lacks else words.title
    return dict(problem) | {"title": str(title), "detail": str(words.lead)}


def _reasons_of(problem: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    if problem["slug"] in ("sign-in-refused", "sign-out-unconfirmed"):
        return ()
    given: Sequence[Mapping[str, Any]] = problem.get("reasons") or _roles_asked(problem["slug"])
    return given


def _missing(given: Sequence[Mapping[str, Any]]) -> list[reasons.Missing]:
    labels = _skills_named(given)
    return [reasons.missing(each["code"], each["args"], labels, each.get("remedy")) for each in given]


def _skills_named(given: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """What the skills that rules ask for are called; their codes stand where the database does not answer."""
    codes = {code for each in given for code in each["args"].get("skills", "").split(",") if code}
    if codes:
        with suppress(Unavailable), reading() as db:
            return directory.skill_labels(db, chosen(), codes)
    return {}


def _words(problem: Mapping[str, Any], status: int) -> Words:
    slug = problem["slug"]
    if slug == "http-405" and request.method == "POST":
        return ONLY_SHOWS
    if slug == "sign-in-refused":
        return _of_sign_in(problem.get("reasons") or ())
    if _has_answer(slug) and slug in ("not-signed-in", "form-expired"):
        return KEPT if g.get("acting") is None and slug == "not-signed-in" else OUT_OF_DATE
    return WORDS.get(slug) or WORDS["internal" if status >= 500 else "not-done"]


def _of_sign_in(given: Sequence[Mapping[str, Any]]) -> Words:
    """A refusal of the agency's answer says what would help; a person who cancelled is not refused anything."""
    if any(reason["code"] == "callback.declined" for reason in given):
        return DECLINED
    words = WORDS["sign-in-refused"]
    lead = next(
        (SIGN_IN_REMEDIES[each["remedy"]] for each in given if each["remedy"] in SIGN_IN_REMEDIES), None
    )
    return words if lead is None else Words(words.title, lead, words.icon)


def _has_answer(slug: str) -> bool:
    # A body that was too large cannot be read again.
    return request.endpoint in OF_AN_ANSWER and request.method == "POST" and slug != "http-413"


def _kept() -> bool:
    """Whether the form waits for its sender to come back from signing in again."""
    offer = step_up.offered()
    return offer is not None and offer.form_id is not None


def _claim_id() -> UUID:
    found: UUID = (request.view_args or {})["claim_id"]
    return found


def _roles_asked(slug: str) -> list[dict[str, Any]]:
    """The role that the page asked for, as a reason: any one of those that carry its permission."""
    permission = ROUTES.get(request.endpoint or "")
    if slug != "not-permitted" or not isinstance(permission, Permission):
        return []
    roles = sorted(role.value for role in roles_with(permission))
    return [{"code": "role", "args": {"role": ",".join(roles)}}]


def _to_my_skills(given: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Where one says that one has a skill, if that is what a rule asks for."""
    asked = any(each.get("remedy") == "add_skill" for each in given)
    return [(gettext("My skills"), url_for("web.my_skills"))] if asked else []


def _ways(slug: str) -> list[tuple[str, str]]:
    """Where to go on; the first is the button."""
    acting = g.get("acting")
    if _has_answer(slug) and slug in ("not-signed-in", "form-expired"):
        item = url_for("web.claim", claim_id=_claim_id())
        if slug == "not-signed-in":
            return [(gettext("Sign in"), url_for("web.sign_in", then=item))]
        return [(gettext("Back to the item"), item)]
    if acting is None and slug == "sign-in-refused":
        return [(gettext("Sign in"), url_for("web.sign_in")), (gettext("Help"), url_for("web.help"))]
    if acting is None:
        return [
            (gettext("Sign in at your agency"), url_for("web.sign_in")),
            (gettext("Help"), url_for("web.help")),
        ]
    home = first_page(acting.principal)
    if slug in ("already-yours", "claim-over", "already-answered"):
        return [
            (gettext("My work"), url_for("web.my_work")),
            (gettext("Find other work"), url_for("web.board")),
        ]
    above = _page_above(acting.principal) if step_up.offered() else None
    if above is not None:
        return [(gettext("Back"), above)]
    other_work = home == url_for("web.board")
    return [(gettext("Find other work") if other_work else first_page_name(acting.principal), home)]


def _page_above(principal: Principal) -> str | None:
    """The page that a refused form was sent from: the nearest one above its address that its sender may open."""
    pages = current_app.url_map.bind_to_environ(request.environ)
    path = request.path if request.method == "POST" else ""
    while path:
        with suppress(HTTPException):
            permission = ROUTES.get(pages.match(path, method="GET")[0])
            if not isinstance(permission, Permission) or may(principal, permission):
                return path
        path = path.rpartition("/")[0]
    return None


def _other_ways(given: Sequence[Mapping[str, Any]]) -> list[str]:
    """Whom else to ask about the rules that refused: an agency's can be changed, the marketplace's own cannot."""
    if not given:
        return []
    ways = [gettext("Your security officer can look the reference up and explain the decision.")]
    if any(reason["code"] == "agency_rule" for reason in given):
        ways.insert(
            0,
            gettext(
                "Is the rule wrong for this? Tell the administrators of the agency that made it; only they can "
                "change it."
            ),
        )
    return ways


def _places(errors: Any) -> list[tuple[str, str]]:
    """Errors by place, from a list of rows or a mapping; at most twenty are shown."""
    if isinstance(errors, Mapping):
        found = [(str(place), _flat(texts)) for place, texts in errors.items()]
    else:
        found = [(str(error.get("row", "")), str(error.get("reason", ""))) for error in errors or ()]
    return found[:20]


def _flat(texts: Any) -> str:
    return " ".join(str(text) for text in texts) if isinstance(texts, list) else str(texts)
