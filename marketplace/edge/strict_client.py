"""Authlib's Flask client, made strict (D7).

Authlib builds the requests and authenticates us; they leave through `relying_party.line` only. What comes back is
judged by `security.oidc` only: Authlib's own checks accept a wrong or missing `iss`, a foreign audience, `alg none`
where discovery lists it, and more.
"""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from authlib.integrations.flask_client import FlaskOAuth2App
from authlib.integrations.requests_client import OAuth2Session

from agencies.providers import Provider
from marketplace.edge.relying_party.authentication import OurKey
from marketplace.edge.relying_party.line import Line, json_object, reached
from marketplace.edge.relying_party.published import Published
from marketplace.edge.relying_party.transport import through
from marketplace.foundation.outbound import Reach
from marketplace.foundation.settings import Settings
from security import key_transparency, oidc

SCOPE = "openid profile email"
LONGEST_REQUEST_URI = 512


@dataclass(frozen=True, slots=True)
class Departure:
    """Where the browser is sent, and what must come back with it."""

    url: str = field(repr=False)  # it carries state and nonce
    state: str = field(repr=False)
    nonce: str = field(repr=False)
    code_verifier: str = field(repr=False)


class StrictAgencyClient(FlaskOAuth2App):
    """The relying party for one agency. State is kept by the caller, bound to a browser; nothing in Flask's session."""

    def __init__(self, provider: Provider, reach: Reach) -> None:
        key = provider.client_key
        super().__init__(
            None,
            name=provider.slug,
            client_id=provider.client_id,
            client_secret=None if key else provider.client_secret,
            client_kwargs={
                "scope": SCOPE,
                "code_challenge_method": "S256",
                "token_endpoint_auth_method": provider.authentication,
            },
            client_auth_methods=[OurKey(key, provider.issuer, str(key.get("alg")))] if key else None,
        )
        self.provider = provider
        self._line = Line(reach)
        self._published = Published(provider.issuer, provider.algorithms, self._line)

    def described(self) -> oidc.Discovery:
        """The provider's description, checked. Raises SignInRefused, ProviderUnreachable."""
        return self._published.description().discovery

    def load_server_metadata(self) -> dict[str, Any]:
        """What Authlib may know of the description: two addresses, checked.

        It would hand every other member on as a setting of its session, certificates to check among them.
        """
        found = self.described()
        return {
            "authorization_endpoint": found.authorization_endpoint,
            "token_endpoint": found.token_endpoint,
            "end_session_endpoint": found.end_session_endpoint,
        }

    def depart(
        self,
        redirect_uri: str,
        *,
        nonce: str | None = None,
        scope: str | None = None,
        acr: str | None = None,
        max_age: int | None = None,
        prompt: str | None = None,
        login_hint: str | None = None,
        ui_locales: str | None = None,
    ) -> Departure:
        """Begin: an address with PKCE and with state and nonce of 43 characters each.

        `nonce` is one that says something (the hash of a device's key), in the place of a random one; `scope` asks for
        less than a sign-in does. The provider returns both or nothing: what it says is judged as ever.

        `acr` (values in the order of preference, with spaces between) and `max_age` (seconds) are asked for here
        and must be given again to `redeem`, which verifies them. Without `acr` the one that the agency requires is
        asked for. Raises SignInRefused, ProviderUnreachable.
        """
        discovery = self.described()
        state, nonce = secrets.token_urlsafe(32), nonce or secrets.token_urlsafe(32)
        verifier = secrets.token_urlsafe(48)
        asked = {
            "scope": scope,
            "max_age": max_age,
            "prompt": prompt,
            "login_hint": login_hint,
            "ui_locales": ui_locales,
        }
        made = self.create_authorization_url(
            redirect_uri,
            state=state,
            nonce=nonce,
            code_verifier=verifier,
            **_asking_for(acr or self.provider.required_acr, discovery.claims_parameter),
            **{name: value for name, value in asked.items() if value is not None},
        )
        return Departure(self._pushed(discovery, made["url"]), state, nonce, verifier)

    def check_return(self, params: Mapping[str, list[str]]) -> oidc.Callback:
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
        answer = reached(
            lambda: self.fetch_access_token(redirect_uri=redirect_uri, code=code, code_verifier=code_verifier)
        )
        token = oidc.check_token_response(answer)
        algorithms = self._published.description().algorithms
        signed = self._verified(token)
        oidc.check_id_token(
            signed.header,
            signed.claims,
            issuer=self.provider.issuer,
            client_id=self.provider.client_id,
            nonce=nonce,
            now=datetime.now(UTC),
            max_age=max_age,
            acr=self._strong_enough(acr),
            algorithms=algorithms,
            access_token=answer.get("access_token"),
        )
        userinfo = self._userinfo(answer, signed.claims)
        return oidc.vouched(signed.claims, self.provider.mapped, userinfo=userinfo, id_token=token)

    def signing_key(self, token: str) -> dict[str, Any] | None:
        """The published key (JWK) that signed a token which `redeem` found right; None for a shared secret."""
        return key_transparency.signing_key(token, self._published.keys())

    def signed_out(self, logout_token: str) -> oidc.Logout:
        """Judge a logout token that anybody may have sent. Raises SignInRefused, ProviderUnreachable."""
        signed = self._verified(logout_token, from_anybody=True)
        return oidc.check_logout_token(
            signed.header,
            signed.claims,
            issuer=self.provider.issuer,
            client_id=self.provider.client_id,
            now=datetime.now(UTC),
            algorithms=self._published.description().algorithms,
        )

    def logout_url(self, id_token: str | None, state: str, return_uri: str) -> str | None:
        """Where to send the browser to sign out at the provider too; None where it offers no such place."""
        if self.described().end_session_endpoint is None:
            return None
        made = self.create_logout_url(return_uri, id_token, state, client_id=self.provider.client_id)
        return str(made["url"])

    def _strong_enough(self, acr: str | None) -> set[str] | None:
        """The values that satisfy what was asked for. A second factor satisfies the agency's usual demand too."""
        if acr is not None:
            return set(acr.split())
        required = (self.provider.required_acr or "").split()
        return {*required, *(self.provider.step_up_acr or "").split()} if required else None

    def _pushed(self, discovery: oidc.Discovery, url: str) -> str:
        """Hand the request over directly where the provider takes that (RFC 9126); the browser carries a reference."""
        endpoint = discovery.pushed_authorization_request_endpoint
        if endpoint is None:
            return url
        asked = dict(parse_qsl(urlsplit(url).query))
        if self.provider.authentication == "client_secret_post":
            del asked["client_id"]  # it goes with the secret, and a parameter twice is refused
        with self._get_oauth_client() as session:
            auth = session.client_auth(session.token_endpoint_auth_method)
            answer = reached(lambda: session.post(endpoint, data=asked, auth=auth, withhold_token=True))
        if answer.status_code not in (200, 201):
            raise oidc.AnswerRefused(error=f"pushed request: status {answer.status_code}")
        reference = json_object(answer.content).get("request_uri")
        if not isinstance(reference, str) or not 0 < len(reference) <= LONGEST_REQUEST_URI:
            raise oidc.AnswerRefused(error="pushed request: no request_uri")
        joint = "&" if urlsplit(discovery.authorization_endpoint).query else "?"
        short = urlencode({"client_id": self.provider.client_id, "request_uri": reference})
        return f"{discovery.authorization_endpoint}{joint}{short}"

    def _userinfo(self, answer: Mapping[str, Any], claims: Mapping[str, Any]) -> oidc.Userinfo | None:
        """What the provider says beside the ID token, where that leaves something out and there is a place to ask."""
        endpoint = self.described().userinfo_endpoint
        if (
            endpoint is None
            or not answer.get("access_token")
            or not oidc.wanted_elsewhere(claims, self.provider.mapped)
        ):
            return None
        said = self._asked_userinfo(endpoint, answer)
        if said.status_code != 200:
            raise oidc.UserinfoUnreadable(status=said.status_code)
        is_signed = (
            said.headers.get("Content-Type", "").partition(";")[0].strip().lower() == "application/jwt"
        )
        if is_signed:
            userinfo = self._verified(said.content.decode("ascii", "replace")).claims
            oidc.check_signed_userinfo(userinfo, self.provider.issuer, self.provider.client_id)
        else:
            userinfo = json_object(said.content)
        oidc.check_userinfo(userinfo, str(claims["sub"]))
        return oidc.Userinfo(userinfo, is_signed)

    def _asked_userinfo(self, endpoint: str, answer: Mapping[str, Any]) -> Any:
        """Ask with the token in the header; a provider that saw none there is asked with it in a form (RFC 6750)."""
        bearer = {"access_token": answer["access_token"], "token_type": "Bearer"}
        said = reached(lambda: self.request("GET", endpoint, token=bearer))
        if said.status_code == 401 and "error=" not in said.headers.get("WWW-Authenticate", ""):
            form = {"access_token": answer["access_token"]}
            said = reached(lambda: self.request("POST", endpoint, data=form, withhold_token=True))
        return said

    def _verified(self, token: str, *, from_anybody: bool = False) -> oidc.SignedToken:
        """Verify the signature; a key we do not know yet is looked for once more: providers rotate."""
        algorithms = self._published.description().algorithms
        secret = None if self.provider.client_key else self.provider.client_secret
        try:
            return oidc.decode_id_token(token, self._published.keys(), algorithms, secret)
        except oidc.KeyUnknown:
            fresh = self._published.newer_keys_if_cool() if from_anybody else self._published.newer_keys()
            return oidc.decode_id_token(token, fresh, algorithms, secret)

    def _get_oauth_client(self, **metadata: Any) -> OAuth2Session:
        return through(self._line, super()._get_oauth_client(**metadata))

    def _get_session(self) -> OAuth2Session:
        return through(self._line, super()._get_session())


class Clients:
    """One client per agency, made anew when its registration has changed. The lock is never held during a call."""

    def __init__(self, reach: Reach | None = None) -> None:
        self._reach = reach or Reach()
        self._known: dict[str, StrictAgencyClient] = {}
        self._lock = threading.Lock()

    def of(self, provider: Provider) -> StrictAgencyClient:
        """The client for this registration, with what it has cached."""
        with self._lock:
            client = self._known.get(provider.slug)
            if client is None or client.provider != provider:
                client = self._known[provider.slug] = StrictAgencyClient(provider, self._reach)
            return client


def reach_of(settings: Settings) -> Reach:
    """Where providers may be: the internet, and what the operator listed; plain http in the demo on this machine."""
    return Reach.listed(settings.private_issuers, plain_loopback=settings.demo)


def _asking_for(acr: str | None, claims_parameter: bool) -> dict[str, str]:
    """Ask for an acr twice: as a wish, and as an essential claim that a provider may not leave out silently."""
    if acr is None:
        return {}
    asked = {"acr_values": acr}
    if claims_parameter:
        values = {"essential": True, "values": acr.split()}
        asked["claims"] = json.dumps({"id_token": {"acr": values, "amr": None}})
    return asked
