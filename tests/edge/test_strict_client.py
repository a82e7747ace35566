"""The strict relying party against a provider that misbehaves on demand, over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from agencies.directory import Provider
from marketplace.edge.strict_client import Clients, Departure, StrictAgencyClient
from marketplace.foundation.outbound import Reach
from security import oidc
from tests.edge import misbehaving
from tests.edge.misbehaving import Misbehaving

HERE = Reach.listed(["127.0.0.0/8"], plain_loopback=True)
CALLBACK = "http://127.0.0.1/sign-in/north/callback"


@pytest.fixture
def provider() -> Iterator[Misbehaving]:
    with misbehaving.running() as started:
        yield started


def signed_in(provider: Misbehaving) -> oidc.Vouched:
    """Through the whole code flow: leave, come back, redeem."""
    registered = Provider(
        uuid4(), "north", "North", provider.issuer, misbehaving.CLIENT, misbehaving.SECRET, ("RS256",)
    )
    client = StrictAgencyClient(registered, HERE)
    departure: Departure = client.depart(CALLBACK)
    back = client.check_return(provider.visited(departure.url))
    assert back.state == departure.state
    return client.redeem(
        back.code, redirect_uri=CALLBACK, code_verifier=departure.code_verifier, nonce=departure.nonce
    )


def test_an_ordinary_provider_signs_somebody_in(provider: Misbehaving) -> None:
    assert signed_in(provider).subject == "somebody"


def test_asks_with_pkce_and_with_43_characters_of_state_and_nonce(provider: Misbehaving) -> None:
    signed_in(provider)
    (asked,) = provider.asked
    assert asked["code_challenge_method"] == ["S256"]
    assert (len(asked["state"][0]), len(asked["nonce"][0]), len(asked["code_challenge"][0])) == (43, 43, 43)


@pytest.mark.parametrize(
    ("fault", "refusal"),
    [
        ("discovery_issuer_wrong", oidc.DiscoveryRefused),
        ("callback_iss_wrong", oidc.CallbackRefused),
        ("callback_iss_missing", oidc.CallbackRefused),
        ("id_token_missing", oidc.TokenRefused),
        ("alg_none", oidc.TokenRefused),
        ("signed_by_another", oidc.TokenRefused),
        ("iss_wrong", oidc.TokenRefused),
        ("aud_wrong", oidc.TokenRefused),
        ("aud_foreign_azp_ours", oidc.TokenRefused),
        ("nonce_wrong", oidc.TokenRefused),
        ("sub_missing", oidc.TokenRefused),
        ("expired", oidc.TokenRefused),
        ("iat_hours_old", oidc.TokenRefused),
    ],
)
def test_refuses(provider: Misbehaving, fault: str, refusal: type[oidc.SignInRefused]) -> None:
    provider.faults.add(fault)
    with pytest.raises(refusal):
        signed_in(provider)


def test_finds_a_key_that_was_rotated_after_the_first_sign_in(provider: Misbehaving) -> None:
    registered = Provider(
        uuid4(), "north", "North", provider.issuer, misbehaving.CLIENT, misbehaving.SECRET, ("RS256",)
    )
    client = StrictAgencyClient(registered, HERE)
    for kid in ("1", "2"):
        provider.key = misbehaving.RSAKey.generate_key(2048, {"kid": kid, "use": "sig", "alg": "RS256"})
        provider.kid = kid
        departure = client.depart(CALLBACK)
        back = client.check_return(provider.visited(departure.url))
        claims = client.redeem(
            back.code, redirect_uri=CALLBACK, code_verifier=departure.code_verifier, nonce=departure.nonce
        )
        assert claims.subject == "somebody"


def asked_for(provider: Misbehaving, **asked: Any) -> oidc.Vouched:
    """Through the code flow once more, asking for how strong and how recent the sign-in must be."""
    registered = Provider(
        uuid4(), "north", "North", provider.issuer, misbehaving.CLIENT, misbehaving.SECRET, ("RS256",)
    )
    client = StrictAgencyClient(registered, HERE)
    departure = client.depart(CALLBACK, **asked)
    back = client.check_return(provider.visited(departure.url))
    return client.redeem(
        back.code,
        redirect_uri=CALLBACK,
        code_verifier=departure.code_verifier,
        nonce=departure.nonce,
        **asked,
    )


def test_a_recent_and_strong_sign_in_is_what_was_asked_for(provider: Misbehaving) -> None:
    vouched = asked_for(provider, acr="urn:two-factors", max_age=60)
    assert vouched.acr == "urn:two-factors"
    assert vouched.auth_time is not None
    assert (provider.asked[0]["max_age"], provider.asked[0]["acr_values"]) == (["60"], ["urn:two-factors"])


@pytest.mark.parametrize(
    ("fault", "refusal"),
    [
        ("auth_time_stale", oidc.TokenRefused),
        ("auth_time_missing", oidc.TokenRefused),
        ("acr_low", oidc.TokenRefused),
        ("acr_missing", oidc.TokenRefused),
    ],
)
def test_less_than_was_asked_for_is_refused(
    provider: Misbehaving, fault: str, refusal: type[oidc.SignInRefused]
) -> None:
    provider.faults.add(fault)
    with pytest.raises(refusal):
        asked_for(provider, acr="urn:two-factors", max_age=60)


def test_a_registration_that_changed_gets_a_client_of_its_own(provider: Misbehaving) -> None:
    clients = Clients(HERE)
    first = Provider(uuid4(), "north", "North", provider.issuer, misbehaving.CLIENT, "secret", ("RS256",))
    assert clients.of(first) is clients.of(replace(first))
    assert clients.of(first) is not clients.of(replace(first, client_secret="another"))
