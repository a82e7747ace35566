"""Devices that sealed work is opened on: a person's own, what an officer sees of them, and taking them out of use."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from flask import flash, redirect, render_template, request
from flask_babel import gettext
from werkzeug.wrappers import Response

from agencies import device_keys as use_cases
from agencies.device_keys import BROWSER, PROGRAM, offering
from agencies.device_keys.errors import (
    BadDeviceKey,
    BadDeviceName,
    DeviceKeyKnown,
    NoPlaceLeft,
    NoSuchDeviceKey,
)
from marketplace.edge import enrolling
from marketplace.edge.acting import current_context, current_principal
from marketplace.edge.device_names import device_name, free_name
from marketplace.edge.once import once
from marketplace.edge.sign_in import safe_path
from marketplace.foundation.db import Tx, reading, transaction
from marketplace.foundation.errors import DomainError
from marketplace.web import names
from marketplace.web.blueprint import web
from marketplace.web.going_on import go_on
from tasks import key_holders

HERE = "/device-keys"
SET_UP = "set-up"
"""The word in the address by which the list knows what was set up just now: a browser or a program."""


@web.get("/device-keys")
def device_keys() -> str:
    """My devices; `next` is where somebody goes on once this browser is set up."""
    return _page(request.args.get("next", ""))


@web.post("/device-keys")
def begin_device_key() -> Response | tuple[str, int]:
    """Keep the public keys of this browser or a program, and go on to my agency's sign-in, which vouches for them."""
    kind = PROGRAM if request.form.get("kind") == PROGRAM else BROWSER
    then = request.form.get("next", "")
    try:
        offered = offering.read(kind, request.form.get("name", ""), request.form.get("public", ""))
        enrolment_id = _kept(offered)
    except (BadDeviceKey, BadDeviceName, NoPlaceLeft, DeviceKeyKnown) as refusal:
        return _page(then, kind, refusal), 422 if isinstance(refusal, (BadDeviceKey, BadDeviceName)) else 409
    return go_on(
        enrolling.begin(enrolment_id, offered, safe_path(then) if then else f"{HERE}?{SET_UP}={kind}")
    )


@web.post("/device-keys/<uuid:device_id>/name")
def rename_device_key(device_id: UUID) -> Response:
    """Give one of my devices another name."""
    name = request.form.get("name", "")
    _do(
        lambda tx: use_cases.rename(tx, device_id, name, actor=current_principal(), context=current_context())
    )
    flash(gettext("The device has its new name."))
    return redirect(HERE, 303)


@web.post("/device-keys/<uuid:device_id>/remove")
def remove_device_key(device_id: UUID) -> Response:
    """Take one of my devices out of use."""
    _do(lambda tx: use_cases.revoke(tx, device_id, actor=current_principal(), context=current_context()))
    flash(gettext("The device is removed. Nothing is sealed to it any more."))
    return redirect(HERE, 303)


@web.get("/record/device-keys")
def devices_seen() -> str:
    """The devices that my agency vouched for, without whose they are."""
    with transaction() as tx:
        rows = use_cases.of_agency(tx, actor=current_principal(), context=current_context())
    return render_template("record_device_keys.html", devices=rows)


@web.get("/record/device-keys/<thumbprint>/remove")
def choose_device_seen(thumbprint: str) -> str:
    """What an officer should know before they take a device out of use."""
    with transaction() as tx:
        rows = use_cases.of_agency(tx, actor=current_principal(), context=current_context())
    found = [row for row in rows if row.thumbprint == thumbprint and row.revoked_at is None]
    if not found:
        raise NoSuchDeviceKey()
    return render_template("record_device_key.html", device=found[0])


@web.post("/record/device-keys/<thumbprint>/remove")
def remove_device_seen(thumbprint: str) -> Response:
    """An officer takes a device out of use."""
    _do(
        lambda tx: use_cases.revoke_seen(tx, thumbprint, actor=current_principal(), context=current_context())
    )
    flash(gettext("The device is removed. Nothing is sealed to it any more."))
    return redirect("/record/device-keys", 303)


@web.post("/agency/people/<uuid:membership_id>/devices/remove")
def remove_devices_of(membership_id: UUID) -> Response:
    """An administrator takes every device of a person out of use."""

    def act(tx: Tx) -> None:
        use_cases.revoke_of_person(tx, membership_id, actor=current_principal(), context=current_context())

    _do(act)
    flash(gettext("No device of this person can open sealed work any more."))
    return redirect(f"/agency/people/{membership_id}", 303)


def _kept(offered: use_cases.Offered) -> UUID:
    actor, session = current_principal(), current_context().session or ""
    with transaction() as tx:
        outcome = once(tx, lambda: use_cases.begin(tx, offered, actor=actor, session=session))
    assert outcome.result_id is not None
    return outcome.result_id


def _do(act: Callable[[Tx], None]) -> None:
    with transaction() as tx:
        once(tx, lambda: act(tx))


def _page(then: str, kind: str = BROWSER, refusal: DomainError | None = None) -> str:
    with reading() as db:
        rows = use_cases.listing(db, current_principal().person_id)
        alone = key_holders.alone_on(db, current_principal(), current_context())
    held = [row for row in rows if row.revoked_at is None]
    return render_template(
        "device_keys.html",
        devices=held,
        alone=alone,
        removed=[row for row in rows if row.revoked_at is not None],
        room=len(held) < use_cases.PLACES,
        proposed=free_name(names.device(device_name(request.user_agent.string)), [row.name for row in held]),
        set_up=request.args.get(SET_UP, "") if held else "",
        next=safe_path(then) if then else "",
        at=_anchor(kind, refusal),
        kind=kind,
        wrong=_sentence(kind, refusal),
        form=request.form,
    )


def _anchor(kind: str, refusal: DomainError | None) -> str:
    """The field that a refusal is about."""
    if refusal is None:
        return ""
    if isinstance(refusal, BadDeviceName):
        return "program-name" if kind == PROGRAM else "name"
    return "public" if kind == PROGRAM else "name"


def _sentence(kind: str, refusal: DomainError | None) -> str:
    """What is wrong, in the reader's language."""
    if refusal is None:
        return ""
    if isinstance(refusal, BadDeviceKey) and kind == BROWSER:  # its own script would have sent them
        return gettext("The keys are made in your browser. Turn JavaScript on to set it up.")
    said = {
        BadDeviceName: gettext("A device has a name of 1 to 60 characters."),
        NoPlaceLeft: gettext("You have five devices already. Remove one that you don’t use any more first."),
        DeviceKeyKnown: gettext("This key was set up before. A key is set up once; make a new one."),
    }
    otherwise = gettext(
        "These are not the public keys of a device. Copy the whole line that the program printed."
    )
    return said.get(type(refusal), otherwise)
