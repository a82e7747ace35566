"""A strict OpenID Connect relying party as pure functions: no network, no clock, no framework.

In the order of a sign-in: `check_discovery` and `allowed_algorithms` on what the provider publishes,
`check_callback` on what comes back through the browser, `check_token_response` and `decode_id_token` on the
answer of the token endpoint, `check_id_token` on what the token says, `check_userinfo` on what is said
beside it.
"""

from security.oidc.callback import Callback, check_callback
from security.oidc.discovery import Discovery, allowed_algorithms, check_discovery
from security.oidc.errors import (
    CallbackRefused,
    DiscoveryRefused,
    KeyUnknown,
    SignInRefused,
    TokenRefused,
    UserinfoRefused,
)
from security.oidc.id_token import check_id_token, check_token_response, check_userinfo
from security.oidc.signature import SignedToken, decode_id_token
from security.oidc.vouched import Mapped, Vouched, vouched, wanted_elsewhere

__all__ = [
    "Callback",
    "CallbackRefused",
    "Discovery",
    "DiscoveryRefused",
    "KeyUnknown",
    "Mapped",
    "SignInRefused",
    "SignedToken",
    "TokenRefused",
    "UserinfoRefused",
    "Vouched",
    "allowed_algorithms",
    "check_callback",
    "check_discovery",
    "check_id_token",
    "check_token_response",
    "check_userinfo",
    "decode_id_token",
    "vouched",
    "wanted_elsewhere",
]
