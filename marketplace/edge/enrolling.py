"""The way to the agency's own sign-in that vouches for a device, and back. What it leads to is in `sign_in._enrol`."""

from __future__ import annotations

from uuid import UUID

from agencies import sign_in
from agencies.device_keys import Offered
from agencies.errors import NotSignedIn
from marketplace.edge import sign_in as flow
from marketplace.edge.acting import current_context
from marketplace.foundation.db import reading

AT_ONCE = 0
"""Seconds that the sign-in may be old: a script that is not ours must not set up a device while nobody looks."""
SCOPE = "openid"
"""Nothing but who it is: the token that comes of it is shown to whoever seals to the device."""


def begin(enrolment_id: UUID, offered: Offered, then: str) -> flow.Departed:
    """Prepare the way to the provider that vouched for this session, for a sign-in as strong as it offers.

    Raises NotSignedIn, UnknownAgency, ProviderSuspended, SignInRefused, ProviderUnreachable.
    """
    context = current_context()
    if context.session is None:
        raise NotSignedIn()
    with reading() as db:
        vouching = sign_in.vouching(db, context.session)
    return flow.begin(
        vouching.slug,
        then,
        nonce=offered.nonce,
        scope=SCOPE,
        purpose=sign_in.ENROL,
        session=context.session,
        acr=vouching.step_up_acr,
        max_age=AT_ONCE,
        form_id=enrolment_id,
    )
