"""What a provider says about itself, taken only if it is the provider that was registered.

OpenID Connect Discovery 1.0, sections 3 and 4.3.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import SplitResult, urlsplit

from security.oidc.errors import (
    DiscoveryIssuerWrong,
    DiscoveryRefused,
    EndpointInsecure,
    EndpointMissing,
    FlowUnsupported,
    NoCommonAlgorithm,
)

# In the order of our liking. "none" is missing for good; HS* is a shared secret, only where configured.
ASYMMETRIC_ALGORITHMS = (
    "ES256", "PS256", "Ed25519", "RS256", "ES384", "PS384", "RS384", "ES512", "PS512", "RS512",
)  # fmt: skip
SYMMETRIC_ALGORITHMS = ("HS256", "HS384", "HS512")


@dataclass(frozen=True, slots=True)
class Discovery:
    """The parts of a provider's description that we use; every address has been checked."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    end_session_endpoint: str | None
    pushed_authorization_request_endpoint: str | None
    iss_supported: bool
    claims_parameter: bool = True
    """False where the provider says that it does not take one."""


def check_discovery(metadata: Mapping[str, Any], registered_issuer: str) -> Discovery:
    """The description of exactly `registered_issuer`. Raises DiscoveryRefused.

    Plain http is taken only where the registered issuer itself is on this machine's loopback: development.
    """
    _check_issuer(metadata.get("issuer"), registered_issuer)
    local = _is_local(urlsplit(registered_issuer))
    _check_flow(metadata)
    return Discovery(
        issuer=registered_issuer,
        authorization_endpoint=_required(metadata, "authorization_endpoint", local),
        token_endpoint=_required(metadata, "token_endpoint", local),
        jwks_uri=_required(metadata, "jwks_uri", local),
        userinfo_endpoint=_address(metadata, "userinfo_endpoint", local),
        end_session_endpoint=_address(metadata, "end_session_endpoint", local),
        pushed_authorization_request_endpoint=_address(
            metadata, "pushed_authorization_request_endpoint", local
        ),
        iss_supported=metadata.get("authorization_response_iss_parameter_supported") is True,
        claims_parameter=metadata.get("claims_parameter_supported") is not False,
    )


def allowed_algorithms(metadata: Mapping[str, Any], configured: Sequence[str] = ()) -> tuple[str, ...]:
    """The signature algorithms to accept from this provider, best first. Raises NoCommonAlgorithm.

    `configured` is the agency's own list; without it every asymmetric algorithm we know is wished for. What
    the provider does not advertise is left out; "none" is never in the answer, HS* only where configured.
    """
    known = ASYMMETRIC_ALGORITHMS + SYMMETRIC_ALGORITHMS
    wished = [name for name in configured if name in known] if configured else ASYMMETRIC_ALGORITHMS
    advertised = _words(metadata, "id_token_signing_alg_values_supported", default=["RS256"])
    common = tuple(name for name in wished if name in advertised)
    if not common:
        raise NoCommonAlgorithm
    return common


def _check_issuer(named: object, registered: str) -> None:
    parts = _split(registered)
    if parts is None or not _is_protected(parts, local=True) or parts.query or parts.fragment:
        raise EndpointInsecure(name="issuer")
    # Character by character: a slash more or less is another issuer, and identity hangs on it.
    if named != registered:
        raise DiscoveryIssuerWrong(name="issuer")


def _required(metadata: Mapping[str, Any], name: str, local: bool) -> str:
    address = _address(metadata, name, local)
    if address is None:
        raise EndpointMissing(name=name)
    return address


def _address(metadata: Mapping[str, Any], name: str, local: bool) -> str | None:
    address = metadata.get(name)
    if address is None:
        return None
    parts = _split(address)
    if parts is None or not _is_protected(parts, local) or parts.fragment:
        raise EndpointInsecure(name=name)
    return str(address)


def _split(address: object) -> SplitResult | None:
    """The parts of an absolute address without user name or odd characters; else None."""
    if not isinstance(address, str) or not address.isascii() or not address.isprintable() or " " in address:
        return None
    try:
        parts = urlsplit(address)
        return parts if parts.hostname and parts.port != 0 and "@" not in parts.netloc else None
    except ValueError:
        return None


def _is_protected(parts: SplitResult, local: bool) -> bool:
    return parts.scheme == "https" or (local and _is_local(parts))


def _is_local(parts: SplitResult) -> bool:
    """Plain http to this very machine."""
    if parts.scheme != "http":
        return False
    try:
        return parts.hostname == "localhost" or ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False


def _check_flow(metadata: Mapping[str, Any]) -> None:
    if "code" not in _words(metadata, "response_types_supported", default=["code"]):
        raise FlowUnsupported(name="response_types_supported")
    # Providers may leave the member out although they do PKCE; one that lists only others cannot.
    if "S256" not in _words(metadata, "code_challenge_methods_supported", default=["S256"]):
        raise FlowUnsupported(name="code_challenge_methods_supported")


def _words(metadata: Mapping[str, Any], name: str, default: list[str]) -> list[str]:
    words = metadata.get(name, default)
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise DiscoveryRefused(name=name)
    return words
