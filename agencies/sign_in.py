"""One sign-in from beginning to session, without HTTP: the attempt, bound to a browser, and who it turns out to be."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, insert, select

from agencies import people, sessions
from agencies.errors import NotAMember, SignInExpired
from agencies.models import Agency, SignInAttempt
from agencies.zones import zone_of
from marketplace.foundation import clock
from marketplace.foundation.db import Tx
from marketplace.foundation.ids import digest
from security.log import audit
from security.oidc import Vouched
from security.principal import Context, Principal

TIME_TO_SIGN_IN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What was sent to the identity provider, kept here until its answer comes back."""

    agency_id: UUID
    nonce: str = field(repr=False)
    code_verifier: str = field(repr=False)
    redirect_uri: str
    next_path: str


def begin(tx: Tx, attempt: Attempt, *, state: str, browser: str, context: Context) -> None:
    """Remember an attempt under the digest of its state, bound to the browser's own secret."""
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
            "over_at": clock.now(tx) + TIME_TO_SIGN_IN,
        },
    )
    target = audit.Target("agency", attempt.agency_id, attempt.agency_id)
    audit.record(tx, "sign_in.begin", target, actor=None, context=seen_by(tx, attempt.agency_id, context))


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
        .returning(
            columns.agency_id, columns.nonce, columns.code_verifier, columns.redirect_uri, columns.next_path
        )
    )
    if row is None:
        raise SignInExpired()
    return Attempt(row.agency_id, row.nonce, row.code_verifier, row.redirect_uri, row.next_path)


def complete(tx: Tx, agency_id: UUID, vouched: Vouched, context: Context) -> tuple[str, Principal]:
    """Begin the session of the person that was vouched for. Returns the cookie's token and the person.

    Raises NotAMember where the agency vouches for somebody who is not registered.
    """
    membership_id = people.membership_of(tx, vouched.issuer, vouched.subject, agency_id)
    actor = people.read(tx, membership_id) if membership_id else None
    if membership_id is None or actor is None:
        raise NotAMember(agency=str(agency_id))
    token, reference = sessions.begin(
        tx,
        membership_id,
        acr=vouched.acr,
        auth_time=vouched.auth_time,
        issuer_session=vouched.sid,
    )
    seen = replace(seen_by(tx, agency_id, context), acr=vouched.acr, session=reference)
    target = audit.Target("session", reference, agency_id)
    audit.record(tx, "sign_in.succeed", target, actor=actor, context=seen)
    return token, actor


def seen_by(tx: Tx, agency_id: UUID, context: Context) -> Context:
    """The circumstances with the network zone as this agency's listed networks show it."""
    listed = select(Agency.office_networks, Agency.vpn_networks, Agency.home_networks)
    networks = tx.one_or_none(listed.where(Agency.id == agency_id))
    return replace(context, zone=zone_of(context.address, networks))


def forget_over(tx: Tx) -> int:
    """Delete attempts that nobody came back from."""
    return tx.execute(delete(SignInAttempt).where(SignInAttempt.over_at < clock.now(tx))).rowcount
