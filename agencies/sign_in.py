"""One sign-in from beginning to session, without HTTP: the attempt, bound to a browser, and who it turns out to be."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, insert, select

from agencies import held_forms, joining, organisations, people, session_seal, sessions
from agencies.errors import (
    NotAMember,
    OrganisationChanged,
    ProviderSuspended,
    SignInExpired,
    StepUpByAnother,
    UnknownAgency,
)
from agencies.models import Agency, IdentityProvider, SignInAttempt, WebSession
from agencies.zones import zone_of
from marketplace.foundation import clock
from marketplace.foundation.db import Tx
from marketplace.foundation.ids import digest
from security.log import audit, devices
from security.oidc import Vouched
from security.principal import Context, Principal

TIME_TO_SIGN_IN = timedelta(minutes=10)
SIGN_IN, STEP_UP, TRANSFER, ENROL = "sign_in", "step_up", "transfer", "enrol"
_INVITATION = "invitation of a sign-in"


@dataclass(frozen=True, slots=True)
class Attempt:
    """What was sent to the identity provider, kept here until its answer comes back.

    `session` is the reference of the session that a step-up, transfer or enrolment of a device belongs to; `acr` and
    `max_age` (seconds) are what the provider was asked for and its answer is measured by. `form_id` is what waits for
    the answer: a form that was held, or the device that is being set up.
    """

    agency_id: UUID
    nonce: str = field(repr=False)
    code_verifier: str = field(repr=False)
    redirect_uri: str
    next_path: str
    purpose: str = SIGN_IN
    session: str | None = field(default=None, repr=False)
    acr: str | None = None
    max_age: int | None = None
    form_id: UUID | None = None
    invitation: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Vouching:
    """The agency whose provider vouched for a session, and how it names a second factor."""

    slug: str
    step_up_acr: str | None


def begin(tx: Tx, attempt: Attempt, *, state: str, browser: str, context: Context) -> None:
    """Remember an attempt under the digest of its state, bound to the browser's own secret."""
    sealed = attempt.invitation and session_seal.seal(state, _INVITATION, attempt.invitation)
    tx.execute(
        insert(SignInAttempt),
        {
            "state": digest(state),
            "browser": digest(browser),
            "agency_id": attempt.agency_id,
            "nonce": attempt.nonce,
            "code_verifier": attempt.code_verifier,
            "redirect_uri": attempt.redirect_uri,
            "next_path": attempt.next_path,
            "purpose": attempt.purpose,
            "session": attempt.session,
            "acr": attempt.acr,
            "max_age": attempt.max_age,
            "form_id": attempt.form_id,
            "invitation": sealed or None,
            "over_at": clock.now(tx) + TIME_TO_SIGN_IN,
        },
    )
    target = audit.Target("agency", attempt.agency_id, attempt.agency_id)
    seen = seen_by(tx, attempt.agency_id, context)
    audit.record(tx, "sign_in.begin", target, actor=None, context=seen, detail={"purpose": attempt.purpose})


def use(tx: Tx, *, state: str, browser: str, agency_id: UUID) -> Attempt:
    """Take an attempt: it works once, in the browser and for the agency it was begun with. Raises SignInExpired."""
    columns = SignInAttempt.__table__.c
    row = tx.one_or_none(
        delete(SignInAttempt)
        .where(
            columns.state == digest(state),
            columns.browser == digest(browser),
            columns.agency_id == agency_id,
            columns.over_at > clock.now(tx),
        )
        .returning(*columns)
    )
    if row is None:
        raise SignInExpired()
    sealed = None if row.invitation is None else bytes(row.invitation)
    return Attempt(
        row.agency_id,
        row.nonce,
        row.code_verifier,
        row.redirect_uri,
        row.next_path,
        row.purpose,
        row.session,
        row.acr,
        row.max_age,
        row.form_id,
        session_seal.unseal(state, _INVITATION, sealed) if sealed else None,
    )


def complete(
    tx: Tx,
    agency_id: UUID,
    vouched: Vouched,
    context: Context,
    *,
    invitation: str | None = None,
    device_name: str | None = None,
) -> tuple[str, Principal]:
    """Begin the session of the person that was vouched for. Returns the cookie's token and the person.

    Somebody unknown joins where they may, by `invitation` or by sign-in alone. Raises NotAMember,
    OrganisationChanged, InvitationOver, InvitationElsewhere, IdentityTaken, ProviderSuspended.
    """
    membership_id = joining.membership_for(tx, agency_id, vouched, invitation=invitation, context=context)
    return start(tx, membership_id, vouched, context, device_name=device_name)


def start(
    tx: Tx, membership_id: UUID, vouched: Vouched, context: Context, *, device_name: str | None = None
) -> tuple[str, Principal]:
    """Begin a session in this membership, and put it on the record.

    Raises NotAMember where it has ended, ProviderSuspended where nobody is let in by this provider any more.
    """
    _still_trusted(tx, vouched.issuer)
    actor = people.read(tx, membership_id)
    if actor is None:
        raise NotAMember()
    seen = seen_by(tx, actor.agency_id, context)
    begun = sessions.begin(
        tx, membership_id, vouched, device_name=device_name, device_id=seen.device_id, zone=seen.zone
    )
    target = audit.Target("session", begun.reference, actor.agency_id)
    seen = replace(seen, acr=vouched.acr, session=begun.reference)
    new = devices.is_new(tx, actor.subject_id, seen.device_id)
    audit.record(tx, "sign_in.succeed", target, actor=actor, context=seen, detail={"new_device": new})
    return begun.token, actor


def confirm(tx: Tx, token: str, vouched: Vouched, *, actor: Principal, context: Context) -> str:
    """A step-up came back: as `renew`, and put on the record."""
    fresh = renew(tx, token, vouched)
    target = audit.Target("session", context.session or "", actor.agency_id)
    audit.record(tx, "session.step_up", target, actor=actor, context=replace(context, acr=vouched.acr))
    return fresh


def renew(tx: Tx, token: str, vouched: Vouched) -> str:
    """The session gets a new token and the new sign-in's strength and time. Returns the token.

    The new answer must be of the very identity that vouched for the session, and must not name another organisation
    than it was let in from. Raises StepUpByAnother and OrganisationChanged, which end nothing, NotSignedIn where the
    session is over, ProviderSuspended.
    """
    _still_trusted(tx, vouched.issuer)
    before = sessions.voucher(tx, token)
    if (before.issuer, before.subject) != (vouched.issuer, vouched.subject):
        raise StepUpByAnother()
    organisations.check(tx, vouched).or_raise(OrganisationChanged)
    begun = sessions.renew(tx, token, vouched)
    held_forms.reseal(tx, session=begun.reference, token=token, fresh=begun.token)
    return begun.token


def vouching(db: Tx, session: str | None) -> Vouching:
    """Whose provider vouched for a session: a secondee's home, for instance. Raises UnknownAgency."""
    row = db.one_or_none(
        select(Agency.slug, IdentityProvider.step_up_acr)
        .join(IdentityProvider, IdentityProvider.agency_id == Agency.id)
        .join(WebSession, WebSession.issuer == IdentityProvider.issuer)
        .where(WebSession.reference == session)
    )
    if row is None:
        raise UnknownAgency()
    return Vouching(row.slug, row.step_up_acr)


def seen_by(tx: Tx, agency_id: UUID, context: Context) -> Context:
    """The circumstances with the network zone as this agency's listed networks show it."""
    listed = select(Agency.office_networks, Agency.vpn_networks, Agency.home_networks)
    networks = tx.one_or_none(listed.where(Agency.id == agency_id))
    return replace(context, zone=zone_of(context.address, networks))


def _still_trusted(tx: Tx, issuer: str) -> None:
    """The provider was asked outside of any transaction, for seconds. Until COMMIT nobody suspends it.

    Whoever does so waits, and then finds the session that began here. Raises ProviderSuspended.
    """
    row = tx.one_or_none(
        select(IdentityProvider.status, Agency.slug)
        .join(Agency, Agency.id == IdentityProvider.agency_id)
        .where(IdentityProvider.issuer == issuer)
        .with_for_update(read=True, of=IdentityProvider)
    )
    if row is not None and row.status != "active":
        raise ProviderSuspended(slug=row.slug)


def forget_over(tx: Tx) -> int:
    """Delete attempts that nobody came back from."""
    return tx.execute(delete(SignInAttempt).where(SignInAttempt.over_at < clock.now(tx))).rowcount
