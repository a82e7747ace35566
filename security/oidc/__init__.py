"""A strict OpenID Connect relying party as pure functions: no network, no clock, no framework.

In the order of a sign-in: `check_discovery` and `allowed_algorithms` on what the provider publishes,
`check_callback` on what comes back through the browser, `check_token_response` and `decode_id_token` on the
answer of the token endpoint, `check_id_token` on what the token says, `check_userinfo` on what is said
beside it. `check_logout_token` judges the notice that somebody signed out. `Vouched` is what comes of it all.
"""

from security.oidc.callback import Callback, check_callback
from security.oidc.discovery import Discovery, allowed_algorithms, check_discovery
from security.oidc.errors import (
    AnswerRefused,
    CallbackRefused,
    CodeRefused,
    DiscoveryRefused,
    KeyUnknown,
    LogoutRefused,
    LogoutReplayed,
    LogoutTokenMissing,
    SignInRefused,
    SignOutUnconfirmed,
    TokenRefused,
    UserinfoRefused,
    UserinfoUnreadable,
)
from security.oidc.id_token import (
    check_id_token,
    check_signed_userinfo,
    check_token_response,
    check_userinfo,
)
from security.oidc.logout_token import Logout, check_logout_token
from security.oidc.probing import Fault, faults_of_description, faults_of_keys
from security.oidc.signature import SignedToken, decode_id_token
from security.oidc.vouched import Mapped, Userinfo, Vouched, vouched, wanted_elsewhere

__all__ = [
    "AnswerRefused",
    "Callback",
    "CallbackRefused",
    "CodeRefused",
    "Discovery",
    "DiscoveryRefused",
    "Fault",
    "KeyUnknown",
    "Logout",
    "LogoutRefused",
    "LogoutReplayed",
    "LogoutTokenMissing",
    "Mapped",
    "SignInRefused",
    "SignOutUnconfirmed",
    "SignedToken",
    "TokenRefused",
    "Userinfo",
    "UserinfoRefused",
    "UserinfoUnreadable",
    "Vouched",
    "allowed_algorithms",
    "check_callback",
    "check_discovery",
    "check_id_token",
    "check_logout_token",
    "check_signed_userinfo",
    "check_token_response",
    "check_userinfo",
    "decode_id_token",
    "faults_of_description",
    "faults_of_keys",
    "vouched",
    "wanted_elsewhere",
]
