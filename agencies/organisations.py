"""Which organisation somebody belongs to, as their provider says it, and whether they still belong where they are.

A provider may serve many agencies: whoever changes the organisation keeps their sign-in there, and must not stay inside
the old agency by habit. Each identity therefore remembers what was said of it when it was accepted; people who were
invited from elsewhere go on by that.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from sqlalchemy import ColumnElement, select, update

from agencies.models import Identity, IdentityProvider
from marketplace.foundation.db import Tx
from security.decision import ALLOWED, Decision, refused


class Saying(Protocol):
    """What this needs of what a provider vouches for."""

    @property
    def issuer(self) -> str: ...

    @property
    def subject(self) -> str: ...

    @property
    def organisation(self) -> str | None: ...


def still_belongs(said: str | None, accepted: str | None, own: Collection[str]) -> Decision:
    """Whether somebody known still belongs where they were let in.

    `said` is what the provider says today, `accepted` what it said when this sign-in was accepted, `own` are the
    values that stand for the agency.

    Silence refuses nobody: providers leave a claim out when a source of theirs is away, or for people of one kind, and
    a claim with several values names no organisation either. It says nothing of a change; the directory and the
    administrators end memberships.
    """
    if said is None or said == accepted or said in own:
        return ALLOWED
    return refused("organisation", remedy="ask_for_invitation")


def check(tx: Tx, vouched: Saying) -> Decision:
    """Whether somebody whose identity is known still belongs where they were let in, by the rule above.

    An identity that remembers nothing learns it here, and is let in: the directory made it before anybody signed in by
    it, its provider said nothing so far, or it is older than this rule. Where the provider is registered without a
    claim for the organisation there is nothing to ask.
    """
    if vouched.organisation is not None:
        unknown = update(Identity).where(*_mine(vouched), Identity.organisation.is_(None))
        tx.execute(unknown.values(organisation=vouched.organisation))
    row = tx.one_or_none(
        select(Identity.organisation, IdentityProvider.organisation_values)
        .join(IdentityProvider, IdentityProvider.issuer == Identity.issuer)
        .where(*_mine(vouched), IdentityProvider.organisation_claim.is_not(None))
    )
    if row is None:
        return ALLOWED
    return still_belongs(vouched.organisation, row.organisation, row.organisation_values)


def accept(tx: Tx, vouched: Saying) -> None:
    """Remember what is said now, if anything: somebody lets this identity in, knowing where it comes from."""
    if vouched.organisation is not None:
        mine = update(Identity).where(*_mine(vouched))
        tx.execute(mine.values(organisation=vouched.organisation))


def forget(tx: Tx, issuer: str) -> None:
    """What was said under another claim compares with nothing that is said under this one: it is learned anew."""
    tx.execute(update(Identity).where(Identity.issuer == issuer).values(organisation=None))


def _mine(vouched: Saying) -> tuple[ColumnElement[bool], ...]:
    return (Identity.issuer == vouched.issuer, Identity.subject == vouched.subject)
