"""Why an answer of an identity provider is not accepted. One class per fault, each with a stable code.

SignInRefused
├── AnswerRefused       what should not have been sent at all
├── CallbackRefused     what came back through the browser (OpenID Connect Core 3.1.2.5, RFC 9207)
├── DiscoveryRefused    what the provider says about itself (OpenID Connect Discovery 4.3)
├── TokenRefused        the ID token (Core 3.1.3.7)
├── UserinfoRefused     the userinfo answer (Core 5.3.2)
└── LogoutRefused       a logout token (Back-Channel Logout 1.0), or the way back from signing out
"""

from typing import Any, ClassVar

from marketplace.foundation.errors import Refused
from security.decision import Reason

ASK_ADMINISTRATOR = "ask_agency_administrator"
SIGN_IN_AGAIN = "sign_in_again"
USE_STRONGER_SIGN_IN = "use_stronger_sign_in"


class SignInRefused(Refused):
    """The answer of the agency's sign-in service cannot be accepted.

    Facts: `reasons`, one Reason whose code is the class's `code`, and whatever the class names. No token, no
    secret and no person's claim is among them.
    """

    code: ClassVar[str] = "sign_in.refused"
    remedy: ClassVar[str] = ASK_ADMINISTRATOR

    def __init__(self, **facts: Any) -> None:
        args = {name: str(value) for name, value in facts.items()}
        super().__init__(reasons=(Reason(self.code, args, self.remedy),), **facts)


class AnswerRefused(SignInRefused):
    """The sign-in service answers in a way that cannot be used.

    Fact: `error`, what was at fault: a redirect, an address that may not be called, too much, another format.
    """

    code = "provider.answer_refused"


class CallbackRefused(SignInRefused):
    """The way back from the agency's sign-in service was not in order."""

    code = "callback.refused"
    remedy = SIGN_IN_AGAIN


class ParameterRepeated(CallbackRefused):
    """The sign-in service sent a value twice.

    Fact: `name`.
    """

    code = "callback.parameter_repeated"


class CallbackIssuerMissing(CallbackRefused):
    """The sign-in service promised to say who it is and did not."""

    code = "callback.iss_missing"


class CallbackIssuerWrong(CallbackRefused):
    """Another sign-in service answered than the one that was asked."""

    code = "callback.iss_wrong"


class SignInDeclined(CallbackRefused):
    """The agency's sign-in service did not sign the person in.

    Fact: `error`, an error code of RFC 6749 or OpenID Connect Core, or "other".
    """

    code = "callback.declined"


class StateMissing(CallbackRefused):
    """The answer does not say which sign-in it belongs to."""

    code = "callback.state_missing"


class CodeMissing(CallbackRefused):
    """The answer carries nothing to sign in with."""

    code = "callback.code_missing"


class DiscoveryRefused(SignInRefused):
    """The sign-in service describes itself in a way that cannot be used.

    Fact: `name`, the member of the document that is at fault, where there is one.
    """

    code = "discovery.refused"


class DiscoveryIssuerWrong(DiscoveryRefused):
    """The sign-in service calls itself by another name than the registered one."""

    code = "discovery.issuer_wrong"


class EndpointMissing(DiscoveryRefused):
    """The sign-in service does not name an address that is needed.

    Fact: `name`.
    """

    code = "discovery.endpoint_missing"


class EndpointInsecure(DiscoveryRefused):
    """The sign-in service names an address that is not protected by https.

    Fact: `name`.
    """

    code = "discovery.endpoint_insecure"


class FlowUnsupported(DiscoveryRefused):
    """The sign-in service does not offer the authorisation code flow with PKCE.

    Fact: `name`.
    """

    code = "discovery.flow_unsupported"


class NoCommonAlgorithm(DiscoveryRefused):
    """The sign-in service signs in no way that is accepted here."""

    code = "discovery.no_common_algorithm"


class TokenRefused(SignInRefused):
    """The proof of sign-in cannot be accepted."""

    code = "token.refused"


class CodeRefused(TokenRefused):
    """The sign-in service did not take back what it had sent the browser with.

    Fact: `error`, a code of RFC 6749, or "other".
    """

    code = "token.code_refused"
    remedy = SIGN_IN_AGAIN


class TokenMissing(TokenRefused):
    """The sign-in service sent no proof of sign-in."""

    code = "token.missing"


class TokenMalformed(TokenRefused):
    """The proof of sign-in cannot be read."""

    code = "token.malformed"


class TokenTypeWrong(TokenRefused):
    """A token of another kind was sent in place of the proof of sign-in."""

    code = "token.type_wrong"


class AlgorithmRefused(TokenRefused):
    """The proof of sign-in is not signed, or not in an accepted way."""

    code = "token.algorithm_refused"


class KeyUnknown(TokenRefused):
    """The proof of sign-in is signed with a key that the sign-in service does not publish.

    The keys may have been rotated: whoever holds cached keys fetches them once more and tries again.
    """

    code = "token.key_unknown"


class SignatureWrong(TokenRefused):
    """The signature of the proof of sign-in is wrong."""

    code = "token.signature_wrong"


class ClaimMissing(TokenRefused):
    """The proof of sign-in lacks something.

    Fact: `claim`.
    """

    code = "token.claim_missing"


class ClaimMalformed(TokenRefused):
    """The proof of sign-in holds something of the wrong kind.

    Fact: `claim`.
    """

    code = "token.claim_malformed"


class IssuerWrong(TokenRefused):
    """The proof of sign-in comes from another sign-in service."""

    code = "token.iss_wrong"


class AudienceWrong(TokenRefused):
    """The proof of sign-in was not made for this marketplace."""

    code = "token.aud_wrong"


class AudienceForeign(TokenRefused):
    """The proof of sign-in was made for others as well."""

    code = "token.aud_foreign"


class AuthorizedPartyWrong(TokenRefused):
    """The proof of sign-in was made at the request of somebody else."""

    code = "token.azp_wrong"


class NonceWrong(TokenRefused):
    """The proof of sign-in belongs to another sign-in."""

    code = "token.nonce_wrong"
    remedy = SIGN_IN_AGAIN


class TokenExpired(TokenRefused):
    """The proof of sign-in is no longer valid."""

    code = "token.expired"
    remedy = SIGN_IN_AGAIN


class TokenNotYetValid(TokenRefused):
    """The proof of sign-in comes from the future: one of the clocks is wrong.

    Fact: `claim`.
    """

    code = "token.not_yet_valid"


class TokenTooOld(TokenRefused):
    """The proof of sign-in was made too long ago."""

    code = "token.iat_too_old"
    remedy = SIGN_IN_AGAIN


class SignInTooLongAgo(TokenRefused):
    """The person's last sign-in at the agency is longer ago than was asked for."""

    code = "token.auth_time_stale"
    remedy = SIGN_IN_AGAIN


class SignInTooWeak(TokenRefused):
    """The person signed in less strongly than was asked for."""

    code = "token.acr_too_low"
    remedy = USE_STRONGER_SIGN_IN


class AccessTokenMismatch(TokenRefused):
    """The access token does not belong to the proof of sign-in."""

    code = "token.at_hash_wrong"


class UserinfoRefused(SignInRefused):
    """What the sign-in service says about the person cannot be accepted."""

    code = "userinfo.refused"


class UserinfoOfAnother(UserinfoRefused):
    """The sign-in service spoke about somebody else than the person who signed in."""

    code = "userinfo.sub_wrong"


class UserinfoUnreadable(UserinfoRefused):
    """What the sign-in service says about the person cannot be read.

    Fact: `status`, of the answer, where that was at fault.
    """

    code = "userinfo.unreadable"


class LogoutRefused(SignInRefused):
    """The notice that somebody signed out cannot be accepted."""

    code = "logout.refused"


class LogoutTokenMissing(LogoutRefused):
    """The notice carries no logout token."""

    code = "logout.token_missing"


class LogoutEventMissing(LogoutRefused):
    """The token does not say that it is about signing out."""

    code = "logout.event_missing"


class LogoutWithNonce(LogoutRefused):
    """The token is one for signing in, not for signing out."""

    code = "logout.with_nonce"


class LogoutOfNobody(LogoutRefused):
    """The token does not say who signed out."""

    code = "logout.of_nobody"


class LogoutReplayed(LogoutRefused):
    """This notice was taken before."""

    code = "logout.replayed"


class SignOutUnconfirmed(LogoutRefused):
    """You are signed out here. Whether you are signed out at your agency as well, we could not tell."""

    code = "logout.unconfirmed"
