"""Signing in: what the strict checks cost beside Authlib's own client, and what the whole application takes.

The provider is the tests' own, over real HTTP on this machine; both clients meet the same one in the same run.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from authlib.integrations.flask_client import FlaskOAuth2App
from flask import Flask
from joserfc import jwt
from joserfc.jwk import KeySet

from agencies import providers
from agencies.keys import KeyringFile, bound
from agencies.providers import Provider
from deploy import migrating
from marketplace.edge.strict_client import StrictAgencyClient
from marketplace.foundation import db
from marketplace.foundation.db import transaction
from marketplace.foundation.outbound import Reach
from security import oidc
from tests.application import an_application
from tests.bench._lines import is_short, rate, tell
from tests.builders import a_person, an_agency
from tests.edge import misbehaving
from tests.edge.misbehaving import CLIENT, SECRET, Misbehaving
from tests.edge.oidc.browser import Browser, notified

HERE = Reach.listed(["127.0.0.0/8"], plain_loopback=True)
CALLBACK = "http://127.0.0.1/sign-in/north/callback"


def main() -> None:
    logging.disable(logging.CRITICAL)
    seconds = 3.0 if is_short() else 12.0
    with misbehaving.running() as provider:
        _clients(provider, seconds)
        _checks(provider, seconds)
        with tempfile.TemporaryDirectory() as folder:
            _application(provider, Path(folder), seconds)


def _clients(provider: Misbehaving, seconds: float) -> None:
    """Leave, come back, redeem: ours, and Authlib's as it comes."""
    strict = StrictAgencyClient(_registered(provider), HERE)
    plain = FlaskOAuth2App(
        None,
        name="plain",
        client_id=CLIENT,
        client_secret=SECRET,
        server_metadata_url=f"{provider.issuer}/.well-known/openid-configuration",
        client_kwargs={"scope": "openid profile email", "code_challenge_method": "S256"},
    )
    app = Flask("bench")
    with app.app_context():
        peer, n = rate(lambda: _by_authlib(plain, provider), seconds)
        tell("sign-in.authlib", peer, "sign-ins/s", n)
        ours, n = rate(lambda: _by_us(strict, provider), seconds)
    tell("sign-in.strict-client", ours, "sign-ins/s", n, ratio=ours / peer, to="sign-in.authlib")


def _by_us(client: StrictAgencyClient, provider: Misbehaving) -> oidc.Vouched:
    departure = client.depart(CALLBACK)
    back = client.check_return(provider.visited(departure.url))
    return client.redeem(
        back.code, redirect_uri=CALLBACK, code_verifier=departure.code_verifier, nonce=departure.nonce
    )


def _by_authlib(client: FlaskOAuth2App, provider: Misbehaving) -> object:
    left = client.create_authorization_url(CALLBACK)
    code = provider.visited(left["url"])["code"][0]
    token = client.fetch_access_token(redirect_uri=CALLBACK, code=code, code_verifier=left["code_verifier"])
    return client.parse_id_token(token, nonce=left["nonce"])


def _checks(provider: Misbehaving, seconds: float) -> None:
    """Signature and claims of one token, without a network: ours, and the signature alone by joserfc."""
    client = StrictAgencyClient(_registered(provider), HERE)
    departure = client.depart(CALLBACK)
    back = client.check_return(provider.visited(departure.url))
    token = client.redeem(
        back.code, redirect_uri=CALLBACK, code_verifier=departure.code_verifier, nonce=departure.nonce
    ).id_token
    assert token is not None
    published = {"keys": [provider.key.as_dict(private=False)]}
    known = KeySet.import_key_set(published)  # type: ignore[arg-type]  # a JWK Set as a dict, as fetched
    peer, n = rate(lambda: jwt.decode(token, known, algorithms=["RS256"]), seconds / 2)
    tell("sign-in.signature-only", peer, "tokens/s", n)

    def judge() -> None:
        signed = oidc.decode_id_token(token, published, ("RS256",))
        oidc.check_id_token(
            signed.header,
            signed.claims,
            issuer=provider.issuer,
            client_id=CLIENT,
            nonce=departure.nonce,
            now=datetime.now(UTC),
        )

    ours, n = rate(judge, seconds / 2)
    tell("sign-in.checks", ours, "tokens/s", n, ratio=ours / peer, to="sign-in.signature-only")


def _application(provider: Misbehaving, folder: Path, seconds: float) -> None:
    """The whole way through the application on SQLite, and notices of signing out that are refused."""
    engine = db.engine_for(f"sqlite:///{folder / 'market.db'}")
    migrating.upgrade(engine)
    db.bind(engine)
    bound.bind(KeyringFile(folder / "keys" / "keyring.json"))
    an_agency("north")
    with transaction() as tx:
        providers.add(tx, "north", issuer=provider.issuer, client_id=CLIENT, client_secret=SECRET)
    a_person("north", identity=(provider.issuer, "somebody"))
    with an_application(engine, folder) as app:
        app.config["WTF_CSRF_ENABLED"] = False
        browser = Browser(app, provider)
        whole, n = rate(_succeeding(lambda: browser.signs_in().status_code, 303), seconds)
        tell("sign-in.application", whole, "sign-ins/s", n)
        forged = provider.logout_token(aud="another-client")
        notified(app, forged)
        flood, n = rate(lambda: notified(app, forged), seconds / 2)
        tell("sign-in.refused-notices", flood, "notices/s", n, ratio=flood / whole, to="sign-in.application")
    engine.dispose()


def _succeeding(act: Callable[[], int], status: int) -> Callable[[], None]:
    def checked() -> None:
        found = act()
        assert found == status, found

    return checked


def _registered(provider: Misbehaving) -> Provider:
    return Provider(uuid4(), "north", "North", provider.issuer, CLIENT, SECRET, ("RS256",))


if __name__ == "__main__":
    main()
