"""What of a provider's description and keys would make sign-in fail here, or weaker than it could be.

The same checks as at sign-in, but all of them, each with a sentence and what would help.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from security.oidc.discovery import ASYMMETRIC_ALGORITHMS, allowed_algorithms, check_discovery
from security.oidc.errors import DiscoveryIssuerWrong, DiscoveryRefused, EndpointInsecure, EndpointMissing
from security.oidc.signature import LARGEST_KEY_SET, SMALLEST_RSA_BITS, usable_keys

AUTHENTICATIONS = ("private_key_jwt", "client_secret_basic", "client_secret_post")
_PRIVATE_MEMBERS = ("d", "p", "q", "k")


@dataclass(frozen=True, slots=True)
class Fault:
    """Something about a provider. `serious`: nobody can sign in there, or not safely; else it is advice."""

    code: str
    sentence: str
    remedy: str
    serious: bool = True


def faults_of_description(metadata: Mapping[str, Any], issuer: str) -> list[Fault]:
    """Everything that is wrong with what a provider says about itself."""
    return [*_refusals(metadata, issuer), *_missing_abilities(metadata), *_advice(metadata)]


def faults_of_keys(published: Mapping[str, Any], algorithms: tuple[str, ...]) -> list[Fault]:
    """Everything that is wrong with a provider's key set, for the signature `algorithms` to accept from it."""
    listed = published.get("keys")
    keys = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    if not keys or len(keys) > LARGEST_KEY_SET:
        remedy = f"Publish between one and {LARGEST_KEY_SET} public keys at jwks_uri."
        return [Fault("keys.none", "The key set holds no keys, or more than we read.", remedy)]
    return [*_usable(keys, algorithms), *_secrets(keys), *_names(keys)]


def _refusals(metadata: Mapping[str, Any], issuer: str) -> Iterator[Fault]:
    """What sign-in would refuse: each fault is mended in a copy to find the next one."""
    patched = dict(metadata)
    for _ in range(12):
        try:
            check_discovery(patched, issuer)
            break
        except DiscoveryRefused as refusal:
            name = str(refusal.facts.get("name", ""))
            yield _of_refusal(refusal, name, metadata)
            if name not in patched and not isinstance(refusal, EndpointMissing):
                break
            patched[name] = issuer if name == "issuer" or name.endswith(("endpoint", "_uri")) else None
            if patched[name] is None:
                del patched[name]
    try:
        allowed_algorithms(metadata)
    except DiscoveryRefused:
        sentence = "None of the signature algorithms it lists is accepted here."
        remedy = (
            "List one of " + ", ".join(ASYMMETRIC_ALGORITHMS) + " in id_token_signing_alg_values_supported."
        )
        yield Fault("discovery.no_common_algorithm", sentence, remedy)


def _of_refusal(refusal: DiscoveryRefused, name: str, metadata: Mapping[str, Any]) -> Fault:
    if isinstance(refusal, DiscoveryIssuerWrong):
        sentence = f"It calls itself {_short(metadata.get('issuer'))}, not by the issuer that was asked."
        remedy = (
            "Register exactly the issuer it names, with or without the final slash, or mend its description."
        )
    elif isinstance(refusal, EndpointInsecure):
        sentence = f"{name} is not an https address: {_short(metadata.get(name))}."
        remedy = f"Serve {name} by https, without user name and fragment in the address."
    elif isinstance(refusal, EndpointMissing):
        sentence, remedy = f"{name} is missing.", f"Add {name} to the description."
    else:
        sentence = f"{name} does not offer what is needed: {_short(metadata.get(name))}."
        remedy = "Offer the authorisation code flow with PKCE (response type code, challenge method S256)."
    return Fault(refusal.code, sentence, remedy)


def _missing_abilities(metadata: Mapping[str, Any]) -> Iterator[Fault]:
    """What we cannot do without, where the provider says that it does not do it."""
    methods = _words(metadata, "token_endpoint_auth_methods_supported", ["client_secret_basic"])
    if not set(methods) & set(AUTHENTICATIONS):
        sentence = "It offers no way to authenticate that we know: " + _short(methods) + "."
        yield Fault("discovery.authentication", sentence, "Allow " + " or ".join(AUTHENTICATIONS) + ".")
    if "query" not in _words(metadata, "response_modes_supported", ["query"]):
        sentence = "It does not send people back with the answer in the address."
        yield Fault("discovery.response_mode", sentence, "Allow the response mode query.")
    if "openid" not in _words(metadata, "scopes_supported", ["openid"]):
        yield Fault("discovery.scope", "It does not know the scope openid.", "Allow the scope openid.")
    if metadata.get("require_signed_request_object") is True:
        sentence = "It takes signed request objects only, which we do not send."
        yield Fault("discovery.request_object", sentence, "Allow requests without them, or pushed requests.")


def _advice(metadata: Mapping[str, Any]) -> Iterator[Fault]:
    for holds, code, sentence, remedy in _ADVICE:
        if not holds(metadata):
            yield Fault(f"advice.{code}", sentence, remedy, serious=False)


def _usable(keys: list[dict[str, Any]], algorithms: tuple[str, ...]) -> Iterator[Fault]:
    if not any(usable_keys(key, algorithm) for key in keys for algorithm in algorithms):
        sentence = "No published key fits a signature algorithm that is accepted here."
        remedy = f"Publish a key for signing: RSA from {SMALLEST_RSA_BITS} bits, P-256 or Ed25519."
        yield Fault("keys.unusable", sentence, remedy)


def _secrets(keys: list[dict[str, Any]]) -> Iterator[Fault]:
    if any(name in key for key in keys for name in _PRIVATE_MEMBERS):
        sentence = "The key set publishes a private or shared key: anybody can sign as this provider."
        yield Fault(
            "keys.private", sentence, "Take the key out of use at once and publish public halves only."
        )


def _names(keys: list[dict[str, Any]]) -> Iterator[Fault]:
    signing = [key.get("kid") for key in keys if key.get("use", "sig") == "sig"]
    if len(signing) > 1 and (None in signing or len(set(map(str, signing))) < len(signing)):
        sentence = "Several keys share a name (kid) or have none, so every one of them is tried."
        yield Fault("advice.kid", sentence, "Give each key a kid of its own.", serious=False)


def _words(metadata: Mapping[str, Any], name: str, default: list[str]) -> list[str]:
    words = metadata.get(name, default)
    return [str(word) for word in words] if isinstance(words, list) else []


def _short(value: object) -> str:
    """Something foreign in a sentence of ours: one line of printable ASCII, cut."""
    text = ascii(value)
    return text if len(text) <= 80 else text[:77] + "..."


_ADVICE: tuple[tuple[Callable[[Mapping[str, Any]], bool], str, str, str], ...] = (
    (lambda said: said.get("authorization_response_iss_parameter_supported") is True, "iss",
     "It does not say who it is when it sends people back (RFC 9207).",
     "Send iss with every answer and say so in the description: it prevents mix-ups between providers."),
    (lambda said: "S256" in _words(said, "code_challenge_methods_supported", []), "pkce",
     "It does not say that it checks PKCE.", "List S256 in code_challenge_methods_supported."),
    (lambda said: "private_key_jwt" in _words(said, "token_endpoint_auth_methods_supported", []), "private_key_jwt",
     "It does not take private_key_jwt, so a shared secret has to be kept.",
     "Allow private_key_jwt: our public keys are fetched from us."),
    (lambda said: "none" not in _words(said, "id_token_signing_alg_values_supported", []), "alg_none",
     "It lists unsigned tokens (none), which are always refused here.",
     "Take none out of id_token_signing_alg_values_supported."),
    (lambda said: "pushed_authorization_request_endpoint" in said, "par",
     "It takes no pushed requests, so the request travels through the browser.",
     "Offer pushed authorization requests (RFC 9126)."),
    (lambda said: bool(_words(said, "acr_values_supported", [])), "acr",
     "It does not say which strengths of sign-in it can be asked for.",
     "List acr_values_supported, so that a second factor can be asked for."),
    (lambda said: "end_session_endpoint" in said, "end_session",
     "It has no place for signing out, so people stay signed in there.", "Offer RP-initiated logout."),
    (lambda said: said.get("backchannel_logout_supported") is True, "back_channel_logout",
     "It does not tell us when somebody signs out there.", "Offer back-channel logout."),
)  # fmt: skip
