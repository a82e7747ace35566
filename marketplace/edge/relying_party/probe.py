"""Look at a real provider as sign-in would, and say everything that is wrong with it."""

from __future__ import annotations

from agencies.errors import ProviderUnreachable
from marketplace.edge.relying_party.line import Line
from marketplace.edge.relying_party.published import well_known
from marketplace.foundation.outbound import Reach
from security import oidc
from security.oidc import Fault

_TROUBLES = {
    "AddressRefused": (
        "The address is not one that may be called: a private network, or not protected by https.",
        "Use https and a public address, or ask the operator to list the network in MARKET_PRIVATE_ISSUERS.",
    ),
    "AnswerRedirects": (
        "The address answers with a redirect, which is not followed.",
        "Register the issuer at its final address.",
    ),
    "AnswerTooLarge": ("The answer is larger than 256 KiB.", "Publish less."),
    "AnswerOfAnotherKind": (
        "The answer is not JSON.",
        "Send the content type application/json, without compression.",
    ),
    "NoJson": ("The answer cannot be read as JSON.", "Mend the document."),
    "NoObject": ("The answer is JSON, but no object.", "Mend the document."),
    "TookTooLong": ("It did not answer within three seconds.", "Find out what makes it slow."),
    "NoAnswer": (
        "It cannot be reached: no such name, nobody listens, or the certificate is not for this name.",
        "Check name, network and certificate from outside your own network.",
    ),
}
_OTHER = ("It answered with an error", "Open the address yourself and see.")


def probe(issuer: str, reach: Reach) -> list[Fault]:
    """All faults and advice about a provider; an empty list means that sign-in can rely on it.

    Fetches description and keys; nothing is kept and nobody is signed in.
    """
    line = Line(reach)
    try:
        metadata = line.document(well_known(issuer))
    except (oidc.AnswerRefused, ProviderUnreachable) as trouble:
        return [_of_trouble("description", well_known(issuer), trouble)]
    found = oidc.faults_of_description(metadata, issuer)
    address = metadata.get("jwks_uri")
    if not isinstance(address, str) or any(fault.code == "discovery.no_common_algorithm" for fault in found):
        return found
    try:
        keys = line.document(address)
    except (oidc.AnswerRefused, ProviderUnreachable) as trouble:
        return [*found, _of_trouble("keys", address, trouble)]
    return [*found, *oidc.faults_of_keys(keys, oidc.allowed_algorithms(metadata))]


def _of_trouble(what: str, address: str, trouble: oidc.AnswerRefused | ProviderUnreachable) -> Fault:
    kind = str(trouble.facts.get("error", ""))
    sentence, remedy = _TROUBLES.get(kind, (f"{_OTHER[0]} ({kind}).", _OTHER[1]))
    return Fault(
        f"{what}.{kind.split()[0] if kind else 'other'}", f"{ascii(address)[1:-1]}: {sentence}", remedy
    )
