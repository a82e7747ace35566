"""What comes back through the browser: who answered, and with what. RFC 6749 4.1.2, RFC 9207."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from security.oidc.errors import (
    CallbackIssuerMissing,
    CallbackIssuerWrong,
    CodeMissing,
    ParameterRepeated,
    SignInDeclined,
    StateMissing,
)

# Codes that may be shown and logged. Anything else a provider writes there is somebody's free text.
_KNOWN_ERRORS = frozenset({
    "access_denied", "account_selection_required", "consent_required", "interaction_required",
    "invalid_request", "invalid_request_object", "invalid_request_uri", "invalid_scope", "login_required",
    "registration_not_supported", "request_not_supported", "request_uri_not_supported", "server_error",
    "temporarily_unavailable", "unauthorized_client", "unmet_authentication_requirements",
    "unsupported_response_type",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Callback:
    """The code to redeem and the state that tells which attempt it belongs to."""

    code: str = field(repr=False)
    state: str = field(repr=False)


def check_callback(
    params: Mapping[str, str | Sequence[str]], expected_iss: str, iss_supported: bool
) -> Callback:
    """The code and state of an answer from `expected_iss`. Raises CallbackRefused.

    `params` may map to lists, as a query is parsed before duplicates are dropped: a repeated parameter is
    then refused. `iss_supported` is the provider's `authorization_response_iss_parameter_supported`. Who
    answered is looked at first, because an error from somebody else is no answer either.
    """
    single = {name: _only(name, value) for name, value in params.items()}
    issuer = single.get("iss")
    if issuer is None and iss_supported:
        raise CallbackIssuerMissing
    if issuer is not None and issuer != expected_iss:
        raise CallbackIssuerWrong
    if "error" in single:
        raise SignInDeclined(error=single["error"] if single["error"] in _KNOWN_ERRORS else "other")
    if not single.get("state"):
        raise StateMissing
    if not single.get("code"):
        raise CodeMissing
    return Callback(single["code"], single["state"])


def _only(name: str, value: str | Sequence[str]) -> str:
    if isinstance(value, str):
        return value
    if len(value) != 1:
        raise ParameterRepeated(name=name)
    return value[0]
