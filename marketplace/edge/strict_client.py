"""Authlib's Flask client, made strict (D7).

Authlib builds the addresses, speaks to the endpoints and authenticates us there. What comes back is judged by
`security.oidc` only: Authlib's own checks accept a wrong or missing `iss`, a foreign audience, `alg none` where
discovery lists it, and more.
"""

from __future__ import annotations

import secrets
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from authlib.integrations.base_client import OAuthError
from authlib.integrations.flask_client import FlaskOAuth2App
from requests.exceptions import RequestException

from agencies.directory import Provider
from agencies.errors import ProviderUnreachable
from security import oidc

TIMEOUT = 5.0
"""Seconds for each call to an identity provider."""
METADATA_LIFETIME = 600.0
"""Seconds before a provider's description and keys are read again."""


@dataclass(frozen=True, slots=True)
class Departure:
    """Where the browser is sent, and what must come back with it."""

    url: str = field(repr=False)  # it carries state and nonce
    state: str = field(repr=False)
    nonce: str = field(repr=False)
    code_verifier: str = field(repr=False)


class StrictAgencyClient(FlaskOAuth2App):
    """The relying party for one agency. State is kept by the caller, bound to a browser; nothing in Flask's session."""

    def __init__(self, provider: Provider) -> None:
        super().__init__(
            None,
            name=provider.slug,
            client_id=provider.client_id,
            client_secret=provider.client_secret,
            server_metadata_url=f"{provider.issuer}/.well-known/openid-configuration",
            client_kwargs={
                "scope": "openid profile email",
                "code_challenge_method": "S256",
                "token_endpoint_auth_method": "client_secret_basic",
                "default_timeout": TIMEOUT,
            },
        )
        self.provider = provider
        self.read_at = time.monotonic()

    @property
    def stale(self) -> bool:
        return time.monotonic() - self.read_at > METADATA_LIFETIME

    def described(self) -> oidc.Discovery:
        """The provider's description, checked. Raises DiscoveryRefused, ProviderUnreachable."""
        return oidc.check_discovery(_reached(self.load_server_metadata), self.provider.issuer)

    def depart(
        self,
        redirect_uri: str,
        *,
        acr: str | None = None,
        max_age: int | None = None,
        prompt: str | None = None,
        login_hint: str | None = None,
        ui_locales: str | None = None,
    ) -> Departure:
        """Begin: an address with PKCE and with state and nonce of 43 characters each.

        `acr` and `max_age` (seconds) are asked for here and must be given again to `redeem`, which verifies them.
        """
        self.described()
        state, nonce = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        verifier = secrets.token_urlsafe(48)
        asked = {"acr_values": acr, "max_age": max_age, "prompt": prompt, "login_hint": login_hint}
        given = {name: value for name, value in asked.items() if value is not None}
        if ui_locales:
            given["ui_locales"] = ui_locales
        made = self.create_authorization_url(
            redirect_uri, state=state, nonce=nonce, code_verifier=verifier, **given
        )
        return Departure(made["url"], state, nonce, verifier)

    def check_return(self, params: dict[str, list[str]]) -> oidc.Callback:
        """Judge what came back through the browser (RFC 9207). Raises CallbackRefused."""
        return oidc.check_callback(params, self.provider.issuer, self.described().iss_supported)

    def redeem(
        self,
        code: str,
        *,
        redirect_uri: str,
        code_verifier: str,
        nonce: str,
        acr: str | None = None,
        max_age: int | None = None,
    ) -> oidc.Vouched:
        """Exchange the code; what the provider vouches for, judged. Raises SignInRefused, ProviderUnreachable."""
        answer = _reached(
            lambda: self.fetch_access_token(redirect_uri=redirect_uri, code=code, code_verifier=code_verifier)
        )
        token = oidc.check_token_response(answer)
        algorithms = oidc.allowed_algorithms(self.server_metadata, self.provider.algorithms)
        signed = self._verified(token, algorithms)
        oidc.check_id_token(
            signed.header,
            signed.claims,
            issuer=self.provider.issuer,
            client_id=self.provider.client_id,
            nonce=nonce,
            now=datetime.now(UTC),
            max_age=max_age,
            acr=acr,
            algorithms=algorithms,
            access_token=answer.get("access_token"),
        )
        return oidc.vouched(signed.claims, self.provider.mapped, id_token=token)

    def logout_url(self, id_token: str | None, state: str, return_uri: str) -> str | None:
        """Where to send the browser to sign out at the provider too; None where it offers no such place."""
        if self.described().end_session_endpoint is None:
            return None
        made = self.create_logout_url(return_uri, id_token, state, client_id=self.provider.client_id)
        return str(made["url"])

    def _verified(self, token: str, algorithms: tuple[str, ...]) -> oidc.SignedToken:
        """Verify the signature; a key we do not know yet is looked for once more: providers rotate."""
        try:
            return oidc.decode_id_token(token, _reached(self._published), algorithms)
        except oidc.KeyUnknown:
            fresh = _reached(lambda: self._published(force=True))
            return oidc.decode_id_token(token, fresh, algorithms)

    def _published(self, force: bool = False) -> dict[str, Any]:
        found = self.fetch_jwk_set(force=force)
        if not isinstance(found, dict):
            self.server_metadata.pop("jwks", None)  # Authlib has kept it already
            raise TypeError
        return found


class Clients:
    """One client per agency, read again when its description is old or its registration has changed."""

    def __init__(self) -> None:
        self._known: dict[str, StrictAgencyClient] = {}
        self._lock = threading.Lock()

    def of(self, provider: Provider) -> StrictAgencyClient:
        with self._lock:
            client = self._known.get(provider.slug)
            if client is None or client.stale or client.provider != provider:
                client = self._known[provider.slug] = StrictAgencyClient(provider)
            return client


def _reached(call: Any) -> Any:
    """Call the provider; silence, nonsense and errors of transport become one sentence for people."""
    try:
        return call()
    except OAuthError as error:
        raise oidc.TokenRefused(error=str(error.error)[:60]) from None
    except (RequestException, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ProviderUnreachable(error=type(error).__name__) from None
