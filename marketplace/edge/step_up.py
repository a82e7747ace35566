"""Signing in again in the middle of something: offered with a refusal that it would lift, and back to where one was.

A page that was refused is opened again afterwards. A form that was refused is kept (`agencies.held_forms`) and sent
again by its sender, with the same idempotency key, from `GET /resume/<id>`. Answers to sealed campaigns and files are
not kept here: what was typed for a sealed campaign stays on the device.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from flask import Flask, Response, g, request

from agencies import held_forms, sign_in
from agencies import step_up as rule
from agencies.errors import NoSecondFactor, NotSignedIn
from agencies.held_forms import Form
from agencies.sessions import Acting
from marketplace.edge import sign_in as flow
from marketplace.edge.acting import acting, current_context, session_token
from marketplace.foundation.db import Tx, reading, transaction
from marketplace.foundation.errors import DomainError, Refused, Unavailable
from marketplace.foundation.ids import parse_id
from security.labels import Level
from security.log.audit import Target
from security.principal import Context, Factor
from tasks import facts

FRESH_SECONDS = 60
"""Whoever proved themself within the last minute is not asked twice."""
SENT_AGAIN = "resumed"
"""The field by which a form says that it was kept and is sent again."""
_NEVER_KEPT = ("csrf_token", SENT_AGAIN)
_DAYS = ("until",)
"""Fields that hold a day."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A refusal that signing in again would lift: how recent and strong that must be, and the form that waits."""

    minutes: int
    second_factor: bool
    form_id: UUID | None = None


def install(app: Flask) -> None:
    """Forget a kept form once it was sent and taken."""
    app.after_request(_drop_sent)


def require(*, minutes: int = rule.MINUTES, factor: Factor = Factor.MULTI) -> None:
    """Raises NeedsStepUp unless whoever acts in this request signed in recently and strongly enough.

    Where the provider that vouched names no second factor, a recent sign-in is enough: nobody can do better there, and
    an agency that could change nothing could not bring in a second factor either.
    """
    context = current_context()
    with reading() as db:
        rule.require(db, context, minutes=minutes, factor=_within_reach(db, context, factor))


def offer(error: Exception) -> Offer | None:
    """What to offer with this refusal; a form that was refused is kept on the way. None where it would not help.

    It helps only where every rule that failed is about the sign-in.
    """
    who: Acting | None = g.get("acting")
    if not isinstance(error, Refused) or who is None or who.context.channel != "web":
        return None
    reasons = error.facts.get("reasons") or ()
    if not reasons or any(reason.remedy != rule.REMEDY for reason in reasons):
        return None
    minutes = min(int(reason.args.get("minutes", rule.MINUTES)) for reason in reasons)
    strong = any(reason.args.get("factor") == Factor.MULTI for reason in reasons)
    g.step_up = Offer(minutes, strong, _held(who, error))
    return offered()


def offered() -> Offer | None:
    """What was offered in this request."""
    found: Offer | None = g.get("step_up")
    return found


def begin(then: str, form_id: str, *, second_factor: bool) -> flow.Departed:
    """Prepare the way to the provider that vouched for this session, for a fresh sign-in as strong as it offers.

    Raises NoSecondFactor where a second factor is a must and the provider names none.
    """
    context = current_context()
    if acting() is None or context.session is None:
        raise NotSignedIn()
    with reading() as db:
        vouching = sign_in.vouching(db, context.session)
    if vouching.step_up_acr is None and second_factor:
        raise NoSecondFactor()
    return flow.begin(
        vouching.slug,
        then,
        purpose=sign_in.STEP_UP,
        session=context.session,
        acr=vouching.step_up_acr,
        max_age=FRESH_SECONDS,
        form_id=parse_id(form_id),
    )


def held(form_id: UUID) -> Form:
    """A form that this session kept, to be sent again. Raises NoSuchForm."""
    context = current_context()
    with reading() as db:
        return held_forms.read(db, form_id, token=session_token(), session=context.session or "")


def _within_reach(db: Tx, context: Context, factor: Factor) -> Factor:
    """The strength to ask for: `factor`, or what the provider that vouched can say at most."""
    if factor is not Factor.MULTI or context.factor is Factor.MULTI:
        return factor
    return Factor.SINGLE if sign_in.vouching(db, context.session).step_up_acr is None else factor


def _held(who: Acting, error: DomainError) -> UUID | None:
    """Keep the form of this request, if it may be kept. None also where the database does not answer now."""
    if request.method != "POST" or request.files or who.context.session is None:
        return None
    fields = tuple((name, value) for name, value in request.form.items(multi=True) if name not in _NEVER_KEPT)
    form = Form(request.full_path.rstrip("?"), fields)
    try:
        with transaction() as tx:
            if _typed(fields) and _sealed(tx, error):
                return None
            return held_forms.hold(tx, form, token=session_token(), session=who.context.session)
    except Unavailable:
        return None


def _typed(fields: tuple[tuple[str, str], ...]) -> bool:
    """Whether the form holds more than its own key or a day: without that, it says nothing of what it was sent from."""
    return any(name != "idempotency_key" and not (name in _DAYS and _is_day(value)) for name, value in fields)


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _sealed(tx: Tx, error: DomainError) -> bool:
    """Whether what was sent belongs to a campaign whose content lies sealed."""
    named = {name: value for name, value in (request.view_args or {}).items() if isinstance(value, UUID)}
    given = error.facts.get("target")
    target = given if isinstance(given, Target) and given.level is not None else None
    found = target or facts.target_of(
        tx,
        claim_id=named.get("claim_id"),
        microtask_id=named.get("microtask_id"),
        campaign_id=named.get("campaign_id"),
    )
    return found is not None and found.level is not None and found.level >= Level.SENSITIVE


def _drop_sent(response: Response) -> Response:
    """A kept form that was sent again and taken is not kept any longer; it is over by itself where this fails."""
    if request.method != "POST" or response.status_code >= 400:
        return response
    form_id = parse_id(request.form.get(SENT_AGAIN, ""))
    who: Acting | None = g.get("acting")
    if form_id is not None and who is not None and who.context.session is not None:
        try:
            with transaction() as tx:
                held_forms.drop(tx, form_id, session=who.context.session)
        except Unavailable:
            return response
    return response
