"""How an agency has its work handled, level by level, and the public halves of the keys that it keeps itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import abort, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from agencies import agency_keys, handling
from agencies.agency_keys import PROCESSING, RECOVERY, PublicHalf
from agencies.errors import BadAgencySettings
from agencies.handling import MOST_DAYS, MOST_MINUTES, MOST_VIEWS, Handling
from marketplace.edge.acting import current_principal
from marketplace.foundation.db import Tx, reading
from marketplace.foundation.input import BadJson, load_json
from marketplace.web import agency_forms, words
from marketplace.web.blueprint import web
from security.principal import Zone

FLAGS = ("one_at_a_time", "watermark", "may_export")
NUMBERS: Mapping[str, int] = {"keep_days": MOST_DAYS, "views": MOST_VIEWS, "idle_minutes": MOST_MINUTES}
PROTECTIONS = {
    handling.SERVER: (
        _l("Sealed; the marketplace opens it for those who may read it"),
        _l("Work goes on at any hour. Whoever runs the marketplace could read it with its keys."),
    ),
    handling.END_TO_END: (
        _l("Sealed end to end; only people’s devices open it"),
        _l(
            "The marketplace cannot search, scan or check it. Somebody of your agency, or your agency’s own "
            "service, must be online to let a person in."
        ),
    ),
}
KEYS = {
    PROCESSING: (
        _l("Online key"),
        _l(
            "It lies with your agency’s own service. With it the service lets people in to work that is sealed end "
            "to end, and settles its items."
        ),
    ),
    RECOVERY: (
        _l("Offline key"),
        _l(
            "It lies in a safe. It opens your agency’s work that is sealed end to end when every other key is lost."
        ),
    ),
}
SUITES = {
    agency_keys.P256: _l("P-256"),
    agency_keys.HYBRID: _l("ML-KEM-768 with X25519, against quantum computers. Browsers cannot seal to it."),
}


@web.get("/agency/handling", endpoint="handling")
def handling_() -> str:
    """How work of each level is handled."""
    return _page(None, {}, {})


@web.post("/agency/handling/<level>")
def set_handling(level: str) -> Response:
    """Change it for one level."""
    wanted = handling.level_named(level)
    typed = _typed(level, sealed=handling.is_sealed(wanted))

    def act(tx: Tx) -> None:
        handling.change(tx, wanted, typed, **agency_forms.who())

    try:
        agency_forms.acted(act)
    except BadAgencySettings as refusal:
        faults = {f"{level}-{name}": _fault(name) for name in refusal.facts["errors"]}
        return make_response(_page(level, typed, faults), 422)
    flash(
        gettext(
            "Saved. It holds for campaigns that are posted from now on; rules at the screen hold at once."
        )
    )
    return redirect(url_for("web.handling") + f"#{level}", 303)


@web.get("/agency/keys", endpoint="agency_keys")
def agency_keys_() -> str:
    """The agency's own keys."""
    return _keys("", {})


@web.post("/agency/keys/<kind>")
def add_agency_key(kind: str) -> Response:
    """Register a key, in place of the one before it."""
    if kind not in agency_keys.KINDS:
        abort(404)
    typed = agency_forms.text(f"{kind}-public_key")

    def act(tx: Tx) -> None:
        agency_keys.register(tx, kind, load_json(typed.encode()), **agency_forms.who())

    try:
        agency_forms.acted(act)
    except (BadAgencySettings, BadJson) as refusal:
        said = " ".join(refusal.facts.get("errors", {}).get("public_key", ()))
        faults = {f"{kind}-public_key": _key_fault(said)}
        # A secret that was pasted by mistake does not come back on the page.
        return make_response(_keys("" if _IS_PRIVATE in said else typed, faults), 422)
    flash(gettext("The key is registered. Compare its name below with what your own program shows."))
    return redirect(url_for("web.agency_keys") + f"#{kind}", 303)


@web.post("/agency/keys/end")
def end_agency_key() -> Response:
    """End a key: nothing is sealed to it from now on."""
    key_id = agency_forms.text("key_id")

    def act(tx: Tx) -> None:
        agency_keys.end(tx, key_id, **agency_forms.who())

    agency_forms.acted(act)
    flash(gettext("The key has ended. Nothing is sealed to it from now on."))
    return redirect(url_for("web.agency_keys"), 303)


def _typed(level: str, *, sealed: bool) -> dict[str, Any]:
    """What stands in the form of a level, in the form that the domain checks."""
    given: dict[str, Any] = {"keep_days": _whole(f"{level}-keep_days")}
    if sealed:
        given |= {name: _whole(f"{level}-{name}") for name in ("views", "idle_minutes")}
        given |= {name: request.form.get(f"{level}-{name}") == "yes" for name in FLAGS}
        given |= {
            "protection": agency_forms.text(f"{level}-protection"),
            "zones": request.form.getlist(f"{level}-zones"),
        }
    return given


def _whole(name: str) -> int | str | None:
    """A number as it was typed; a text where it is none, which the domain refuses; None for an empty field."""
    typed = agency_forms.text(name)
    if not typed:
        return None
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else typed[:20]


def _fault(name: str) -> str:
    if name in NUMBERS:
        return gettext(
            "Write a whole number from %(least)s to %(most)s.", least=1, most=words.number(NUMBERS[name])
        )
    return gettext("Choose one of those that are offered.")


_IS_PRIVATE = "private key"


def _key_fault(said: str) -> str:
    """The domain's sentences are for programs; what people can do about it is one of four things."""
    if _IS_PRIVATE in said:
        return gettext("This is the private half. Keep it to yourself, and give the public half only.")
    if "has ended" in said:
        return gettext("This key was registered here before and has ended. Make a new one.")
    if "its own" in said:
        return gettext("This is your agency’s other key. Each of the two needs its own.")
    return gettext("Paste the public half as the program printed it, from the first brace to the last.")


def _page(level: str | None, typed: Mapping[str, Any], faults: Mapping[str, str]) -> str:
    with reading() as db:
        found = handling.all_of(db, current_principal().agency_id)
    rows = [
        {
            "key": each.label_key,
            "sealed": handling.is_sealed(each),
            "form": typed if each.label_key == level else _form(kept),
        }
        for each, kept in found.items()
    ]
    return render_template(
        "agency_handling.html",
        rows=rows,
        faults=faults,
        protections=PROTECTIONS,
        zones=[(zone.value, words.capital(str(words.ZONES[zone.value]))) for zone in Zone],
        most=NUMBERS,
    )


def _form(kept: Handling) -> dict[str, Any]:
    return {
        "protection": kept.protection,
        "keep_days": kept.keep_days,
        "zones": [zone.value for zone in kept.zones],
        "views": kept.views,
        "idle_minutes": kept.idle_minutes,
        **{name: getattr(kept, name) for name in FLAGS},
    }


def _keys(typed: str, faults: Mapping[str, str]) -> str:
    with reading() as db:
        found = agency_keys.listing(db, current_principal().agency_id)
    held: dict[str, PublicHalf] = {each.kind: each for each in found if each.ended_at is None}
    return render_template(
        "agency_handling_keys.html",
        kinds=KEYS,
        held=held,
        ended=[each for each in found if each.ended_at is not None],
        suites=SUITES,
        typed=typed,
        faults=faults,
    )
