"""How we authenticate at a provider. With `private_key_jwt` no secret of ours is ever sent (RFC 7523)."""

from __future__ import annotations

from typing import Any

from authlib.common.urls import add_params_to_qs
from authlib.oauth2.rfc7523.assertion import private_key_jwt_sign
from joserfc.jwk import ECKey

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_SECONDS = 60


class OurKey:
    """A client authentication method for Authlib: a short-lived assertion for exactly this issuer.

    The audience is the issuer, not an address: a provider that was talked into naming another's token endpoint could
    else carry our assertion there (the OpenID Foundation's advice of January 2025).
    """

    name = "private_key_jwt"

    def __init__(self, key: ECKey, issuer: str, algorithm: str) -> None:
        self._key, self._issuer, self._algorithm = key, issuer, algorithm

    def __call__(self, auth: Any, method: str, uri: str, headers: Any, body: Any) -> tuple[str, Any, str]:
        """Add the assertion to a form, as Authlib's `ClientAuth` asks of a method."""
        assertion = private_key_jwt_sign(
            self._key,
            client_id=auth.client_id,
            token_endpoint=self._issuer,
            alg=self._algorithm,
            header={"kid": self._key.kid, "typ": "JWT"},
            expires_in=ASSERTION_SECONDS,
        )
        return uri, headers, _with(body, assertion)


def _with(body: Any, assertion: str) -> str:
    text = body.decode() if isinstance(body, bytes) else body or ""
    added = [("client_assertion_type", ASSERTION_TYPE), ("client_assertion", assertion)]
    return str(add_params_to_qs(text, added))
