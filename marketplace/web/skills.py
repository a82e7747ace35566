"""Skills: a person's own two lists, and what an administrator or line manager confirms of somebody's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from agencies.skills import confirming, lists, own
from agencies.skills.levels import KEYS, parse
from marketplace.edge.acting import current_principal
from marketplace.foundation.db import Tx, reading, transaction
from marketplace.web import agency_forms
from marketplace.web.blueprint import web
from marketplace.web.languages import chosen

LEVEL_NAMES = {"basic": _l("basic"), "independent": _l("independent"), "advanced": _l("advanced")}
LONGEST_QUERY = 100
MOST_PAGES = 1_000


@web.get("/my-skills")
def my_skills() -> str:
    """The skills I have and those I want to learn; `?q=` finds others by their label."""
    words, locale = _words(), chosen()
    with reading() as db:
        mine = own.listing(db, current_principal().person_id, locale)
        found = lists.find(db, words, locale) if words else []
    return render_template(
        "my_skills.html",
        has=mine["has"],
        wants=mine["wants"],
        words=words,
        found=found,
        had={skill["code"] for skill in mine["has"]},
        wanted={skill["code"] for skill in mine["wants"]},
        levels=[(key, LEVEL_NAMES[key]) for key in KEYS],
        level_names=LEVEL_NAMES,
    )


@web.post("/my-skills")
def declare_skill() -> Response:
    """Say that I have a skill, and how well."""
    level = parse(agency_forms.text("level"))
    return _done(
        lambda tx: own.declare(tx, _skill(), level, **agency_forms.who()),
        gettext("It is on the list of skills you have."),
    )


@web.post("/my-skills/remove")
def drop_skill() -> Response:
    """Take a skill off my list."""
    return _done(
        lambda tx: own.drop(tx, _skill(), **agency_forms.who()),
        gettext("It is off the list of skills you have."),
    )


@web.post("/my-skills/wanted")
def want_skill() -> Response:
    """Say that I want to learn a skill."""
    return _done(
        lambda tx: own.want(tx, _skill(), **agency_forms.who()),
        gettext("It is on the list of skills you want to learn."),
    )


@web.post("/my-skills/wanted/remove")
def want_skill_no_more() -> Response:
    """Take a skill off the list of those I want to learn."""
    return _done(
        lambda tx: own.want_no_more(tx, _skill(), **agency_forms.who()),
        gettext("It is off the list of skills you want to learn."),
    )


@web.get("/agency/skills")
def people_skills() -> str:
    """People of the agency who say that they have skills; `?q=` narrows it to a name."""
    like, page = _words(), _page()
    with transaction() as tx:
        rows, more = confirming.browse(tx, like=like, skip=(page - 1) * confirming.PAGE, **agency_forms.who())
    return render_template(
        "people_skills.html", people=rows, like=like, page=page, more=more is not None and page < MOST_PAGES
    )


@web.get("/agency/skills/<uuid:membership_id>")
def person_skills(membership_id: UUID) -> str:
    """What one person says they can do, and what of it is confirmed."""
    with transaction() as tx:
        person = confirming.view(tx, membership_id, chosen(), **agency_forms.who())
    return render_template("person_skills.html", person=person, level_names=LEVEL_NAMES)


@web.post("/agency/skills/<uuid:membership_id>/confirm")
def confirm_skill(membership_id: UUID) -> Response:
    """Confirm a skill of somebody else."""
    return _done(
        lambda tx: confirming.confirm(tx, membership_id, _skill(), **agency_forms.who()),
        gettext("The skill is confirmed, with your name and today’s date."),
        back=url_for("web.person_skills", membership_id=membership_id),
    )


@web.post("/agency/skills/<uuid:membership_id>/withdraw")
def withdraw_skill(membership_id: UUID) -> Response:
    """Take back what the agency confirmed."""
    return _done(
        lambda tx: confirming.withdraw(tx, membership_id, _skill(), **agency_forms.who()),
        gettext("The skill is not confirmed any more. It stays on the person’s list."),
        back=url_for("web.person_skills", membership_id=membership_id),
    )


def _done(act: Callable[[Tx], None], said: str, back: str | None = None) -> Response:
    """Do it, say so, and go back to where the button was: with what was looked for."""

    def acted(tx: Tx) -> Any:
        act(tx)

    agency_forms.acted(acted)
    flash(said)
    words = agency_forms.text("q")[:LONGEST_QUERY]
    return redirect(back or url_for("web.my_skills", q=words or None), 303)


def _skill() -> str:
    """The code that a form names; what cannot be one is no skill."""
    return agency_forms.text("skill").replace("\x00", "")[:60]


def _words() -> str:
    return request.args.get("q", "").replace("\x00", "").strip()[:LONGEST_QUERY]


def _page() -> int:
    text = request.args.get("page", "")
    fits = text.isascii() and text.isdigit() and 0 < len(text) < 5
    return min(max(int(text), 1), MOST_PAGES) if fits else 1
