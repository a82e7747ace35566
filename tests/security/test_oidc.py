"""The strict relying party: what a good provider sends passes, and every fault we know of has its own refusal."""

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey

from marketplace.foundation.errors import every_subclass
from security.oidc import (
    Callback,
    SignInRefused,
    allowed_algorithms,
    check_callback,
    check_discovery,
    check_id_token,
    check_token_response,
    check_userinfo,
    decode_id_token,
    errors,
)

ISSUER = "https://id.harbour.example"
CLIENT = "marketplace"
NONCE = "n" * 43
NOW = 1_800_000_000
SECRET = "a shared secret of more than two hundred and fifty-six bits"


@cache
def rsa(kid: str, bits: int = 2048) -> Key:
    return RSAKey.generate_key(bits, {"kid": kid})


@cache
def ec(kid: str, curve: Any = "P-256") -> Key:
    return ECKey.generate_key(curve, {"kid": kid})


@cache
def ed(kid: str) -> Key:
    return OKPKey.generate_key("Ed25519", {"kid": kid})


def key_set(*keys: Key, **members: str) -> dict[str, Any]:
    return {"keys": [{**key.as_dict(private=False), **members} for key in keys]}


def claims(**changes: Any) -> dict[str, Any]:
    """A good token's claims with `changes`; a change to `...` takes the claim away."""
    good = {
        "iss": ISSUER, "sub": "248289761001", "aud": CLIENT, "nonce": NONCE, "iat": NOW - 5, "exp": NOW + 300,
        "auth_time": NOW - 30, "acr": "substantial",
    }  # fmt: skip
    return {name: value for name, value in (good | changes).items() if value is not ...}


def signed(key: Key, algorithm: str = "RS256", content: bytes | None = None, **header: Any) -> str:
    """A token made with `key`; a `kid` of `...` leaves the header without one."""
    members = {"alg": algorithm, "kid": key.kid, **header}
    members = {name: value for name, value in members.items() if value is not ...}
    payload = json.dumps(claims()).encode() if content is None else content
    registry = jws.JWSRegistry(algorithms=[algorithm], strict_check_header=False)
    return jws.serialize_compact(members, payload, key, registry=registry)


def unsigned(header: Mapping[str, Any], content: Mapping[str, Any]) -> str:
    return f"{encoded(json.dumps(header).encode())}.{encoded(json.dumps(content).encode())}."


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def judge(changed: Mapping[str, Any], header: Mapping[str, Any] | None = None, **asked: Any) -> None:
    request: dict[str, Any] = {"issuer": ISSUER, "client_id": CLIENT, "nonce": NONCE}
    request["now"] = datetime.fromtimestamp(NOW, UTC)
    check_id_token({"alg": "RS256", "typ": "JWT"} if header is None else header, changed, **request | asked)


@dataclass(frozen=True)
class Case:
    """A token with one fault, and the refusal it must meet."""

    name: str
    refusal: type[SignInRefused]
    changes: Mapping[str, Any]
    asked: Mapping[str, Any]
    header: Mapping[str, Any] | None = None


def case(
    name: str, refusal: type[SignInRefused], header: Mapping[str, Any] | None = None,
    asked: Mapping[str, Any] | None = None, **changes: Any,
) -> Any:  # fmt: skip
    return pytest.param(Case(name, refusal, changes, asked or {}, header), id=name)


TAMPERED = [
    case("iss wrong", errors.IssuerWrong, iss="https://id.forest.example"),
    case("iss with a slash more", errors.IssuerWrong, iss=ISSUER + "/"),
    case("iss missing", errors.ClaimMissing, iss=...),
    case("iss a list", errors.ClaimMalformed, iss=[ISSUER]),
    case("aud another client", errors.AudienceWrong, aud="payroll"),
    case("aud another client while azp is us", errors.AudienceWrong, aud="payroll", azp=CLIENT),
    case("aud us and another", errors.AudienceForeign, aud=[CLIENT, "payroll"]),
    case("aud us and another while azp is us", errors.AudienceForeign, aud=[CLIENT, "payroll"], azp=CLIENT),
    case("aud holds our name as a part", errors.AudienceWrong, aud="marketplace-test"),
    case("aud an empty list", errors.AudienceWrong, aud=[]),
    case("aud missing", errors.ClaimMissing, aud=...),
    case("aud an object", errors.ClaimMalformed, aud={CLIENT: True}),
    case("aud a list with numbers", errors.ClaimMalformed, aud=[CLIENT, 7]),
    case("azp another client", errors.AuthorizedPartyWrong, azp="payroll"),
    case("azp null", errors.AuthorizedPartyWrong, azp=None),
    case("nonce of another sign-in", errors.NonceWrong, nonce="m" * 43),
    case("nonce missing", errors.ClaimMissing, nonce=...),
    case("nonce empty", errors.ClaimMissing, nonce=""),
    case("nonce not text", errors.ClaimMalformed, nonce=[NONCE]),
    case("nonce beyond ASCII", errors.NonceWrong, nonce="é" * 43),
    case("no nonce was asked for", errors.NonceWrong, asked={"nonce": ""}),
    case("sub missing", errors.ClaimMissing, sub=...),
    case("sub empty", errors.ClaimMissing, sub=""),
    case("sub a number", errors.ClaimMalformed, sub=248289761001),
    case("sub too long", errors.ClaimMalformed, sub="a" * 256),
    case("sub with a line break", errors.ClaimMalformed, sub="a\nb"),
    case("iat missing", errors.ClaimMissing, iat=...),
    case("iat hours old", errors.TokenTooOld, iat=NOW - 7200),
    case("iat just too old", errors.TokenTooOld, iat=NOW - 661),
    case("iat in the future", errors.TokenNotYetValid, iat=NOW + 61),
    case("iat text", errors.ClaimMalformed, iat="yesterday"),
    case("iat true", errors.ClaimMalformed, iat=True),
    case("iat in milliseconds", errors.ClaimMalformed, iat=NOW * 1000),
    case("exp missing", errors.ClaimMissing, exp=...),
    case("exp past", errors.TokenExpired, exp=NOW - 60),
    case("exp not a number", errors.ClaimMalformed, exp=float("nan")),
    case("exp infinite", errors.ClaimMalformed, exp=float("inf")),
    case("nbf in the future", errors.TokenNotYetValid, nbf=NOW + 61),
    case("auth_time absent under max_age", errors.ClaimMissing, asked={"max_age": 300}, auth_time=...),
    case(
        "auth_time stale under max_age", errors.SignInTooLongAgo, asked={"max_age": 300}, auth_time=NOW - 361
    ),
    case("auth_time in the future", errors.TokenNotYetValid, auth_time=NOW + 61),
    case("auth_time text", errors.ClaimMalformed, auth_time="now"),
    case("acr lower", errors.SignInTooWeak, asked={"acr": ["high", "substantial"]}, acr="low"),
    case("acr a part of what was asked for", errors.SignInTooWeak, asked={"acr": "substantial"}, acr="sub"),
    case("acr absent", errors.SignInTooWeak, asked={"acr": "high"}, acr=...),
    case("acr a list", errors.ClaimMalformed, asked={"acr": "high"}, acr=["high"]),
    case("acr not text though not asked for", errors.ClaimMalformed, acr=3),
    case("alg none", errors.AlgorithmRefused, header={"alg": "none"}),
    case("alg NONE", errors.AlgorithmRefused, header={"alg": "NONE"}),
    case("alg missing", errors.AlgorithmRefused, header={}),
    case(
        "alg not allowed", errors.AlgorithmRefused, header={"alg": "HS256"}, asked={"algorithms": ["RS256"]}
    ),
    case("a logout token", errors.TokenTypeWrong, header={"alg": "RS256", "typ": "logout+jwt"}),
    case("an access token", errors.TokenTypeWrong, header={"alg": "RS256", "typ": "at+jwt"}),
    case("at_hash of another token", errors.AccessTokenMismatch, asked={"access_token": "t"}, at_hash="x"),
]


class TestIdToken:
    @pytest.mark.parametrize("tampered", TAMPERED)
    def test_tampered_token_is_refused(self, tampered: Case) -> None:
        with pytest.raises(SignInRefused) as refusal:
            judge(claims(**tampered.changes), tampered.header, **tampered.asked)
        assert type(refusal.value) is tampered.refusal

    @pytest.mark.parametrize("changes", [
        {}, {"aud": [CLIENT]}, {"azp": CLIENT}, {"auth_time": ..., "acr": ...}, {"iat": NOW - 660}, {"iat": NOW + 60},
        {"exp": NOW - 59}, {"nbf": NOW + 60}, {"exp": NOW + 0.5}, {"sub": "a" * 255}, {"unknown": {"x": [1]}},
    ])  # fmt: skip
    def test_good_token_passes(self, changes: dict[str, Any]) -> None:
        judge(claims(**changes))

    @pytest.mark.parametrize("header", [{"alg": "ES256"}, {"alg": "RS256", "typ": "jwt"}])
    def test_good_header_passes(self, header: dict[str, str]) -> None:
        judge(claims(), header, algorithms=["RS256", "ES256"])

    def test_what_was_asked_for_passes(self) -> None:
        judge(claims(auth_time=NOW - 360), max_age=300, acr=["high", "substantial"])
        judge(claims(), max_age=30, acr="substantial")

    @pytest.mark.parametrize(("algorithm", "hashed"), [
        ("RS256", hashlib.sha256), ("ES384", hashlib.sha384), ("PS512", hashlib.sha512), ("Ed25519", hashlib.sha512),
    ])  # fmt: skip
    def test_at_hash_of_the_access_token_passes(self, algorithm: str, hashed: Callable[[bytes], Any]) -> None:
        whole = hashed(b"access").digest()
        good = claims(at_hash=encoded(whole[: len(whole) // 2]))
        judge(good, {"alg": algorithm}, access_token="access")
        with pytest.raises(errors.AccessTokenMismatch):
            judge(good, {"alg": algorithm}, access_token="another")

    @given(
        st.dictionaries(
            st.sampled_from([*claims(), "azp", "nbf"]),
            st.none()
            | st.booleans()
            | st.integers()
            | st.floats()
            | st.text()
            | st.lists(st.text())
            | st.dictionaries(st.text(), st.text()),
            min_size=1,
        )
    )
    def test_whatever_is_sent_is_refused_or_good(self, changes: dict[str, Any]) -> None:
        """Nothing a provider can write makes a check fail in another way than by its refusal."""
        try:
            judge(claims(**changes), max_age=300, acr="substantial")
        except SignInRefused:
            return
        assert changes.keys() <= {"iat", "exp", "auth_time", "nbf", "sub", "azp"}


class TestSignature:
    @pytest.mark.parametrize(("key", "algorithm"), [
        (rsa("a"), "RS256"), (rsa("a"), "PS384"), (ec("b"), "ES256"), (ec("c", "P-521"), "ES512"), (ed("d"), "Ed25519"),
    ])  # fmt: skip
    def test_good_signature_passes(self, key: Key, algorithm: str) -> None:
        token = decode_id_token(signed(key, algorithm), key_set(rsa("other"), key), [algorithm])
        assert token.claims == claims()
        assert token.header["alg"] == algorithm

    def test_kid_absent_single_jwks(self) -> None:
        assert decode_id_token(signed(rsa("a"), kid=...), key_set(rsa("a")), ["RS256"]).claims == claims()

    def test_kid_absent_multiple_jwks(self) -> None:
        """Every fitting key is tried, whatever stands beside it."""
        published = key_set(ec("e"), rsa("b"), rsa("a"), ed("d"))
        assert decode_id_token(signed(rsa("a"), kid=...), published, ["RS256"]).claims == claims()

    def test_keys_without_kid_are_found(self) -> None:
        bare = {name: value for name, value in rsa("a").as_dict(private=False).items() if name != "kid"}
        assert decode_id_token(signed(rsa("a"), kid=...), {"keys": [bare]}, ["RS256"]).claims == claims()

    def test_two_keys_with_one_kid_are_both_tried(self) -> None:
        first, second = rsa("same"), ec("same")
        third = RSAKey.generate_key(2048, {"kid": "same"})
        published = key_set(first, second, third)
        assert decode_id_token(signed(third), published, ["RS256"]).claims == claims()

    def test_keys_we_do_not_understand_are_passed_over(self) -> None:
        odd = [{"kty": "AKP", "kid": "a"}, {"kty": "RSA", "kid": "a"}, {"kid": "a"}, "text", None]
        published = {"keys": [*odd, *key_set(rsa("a"))["keys"]]}
        assert decode_id_token(signed(rsa("a")), published, ["RS256"]).claims == claims()

    def test_signature_with_another_key_of_that_name(self) -> None:
        other = RSAKey.generate_key(2048, {"kid": "a"})
        with pytest.raises(errors.SignatureWrong):
            decode_id_token(signed(other), key_set(rsa("a")), ["RS256"])

    def test_changed_claims(self) -> None:
        header, _, signature = signed(rsa("a")).split(".")
        forged = f"{header}.{encoded(json.dumps(claims(sub='somebody-else')).encode())}.{signature}"
        with pytest.raises(errors.SignatureWrong):
            decode_id_token(forged, key_set(rsa("a")), ["RS256"])

    def test_rotated_key_is_told_from_a_wrong_signature(self) -> None:
        """So that the keys are fetched once more, and only then."""
        for kid in ("new", ...):
            with pytest.raises(errors.KeyUnknown):
                decode_id_token(signed(rsa("new"), kid=kid), key_set(rsa("old")), ["RS256"])

    @pytest.mark.parametrize("published", [{}, {"keys": []}, {"keys": None}, {"keys": [{}] * 65}])
    def test_without_keys_none_is_known(self, published: dict[str, Any]) -> None:
        with pytest.raises(errors.KeyUnknown):
            decode_id_token(signed(rsa("a")), published, ["RS256"])

    @pytest.mark.parametrize("members", [{"use": "enc"}, {"alg": "RS512"}])
    def test_key_for_something_else_is_not_used(self, members: dict[str, str]) -> None:
        with pytest.raises(errors.KeyUnknown):
            decode_id_token(signed(rsa("a")), key_set(rsa("a"), **members), ["RS256"])

    def test_short_rsa_key_is_not_used(self) -> None:
        with pytest.warns(SecurityWarning):
            weak = rsa("weak", 1024)
        with pytest.raises(errors.KeyUnknown):
            decode_id_token(signed(weak), key_set(weak), ["RS256"])

    def test_curve_must_fit_the_algorithm(self) -> None:
        with pytest.raises(errors.KeyUnknown):
            decode_id_token(signed(ec("b"), "ES256"), key_set(ec("b", "P-384")), ["ES256"])

    @pytest.mark.parametrize("header", [
        {"alg": "none"}, {"alg": "None"}, {"alg": "none", "kid": "a"}, {"alg": "HS256"}, {"alg": "ES256"},
        {"alg": ["RS256"]}, {"alg": None}, {"alg": "EdDSA"},
    ])  # fmt: skip
    def test_algorithm_not_agreed_on(self, header: dict[str, Any]) -> None:
        with pytest.raises(errors.AlgorithmRefused):
            decode_id_token(unsigned(header, claims()), key_set(rsa("a")), ["RS256"])

    def test_alg_none_is_refused_even_where_somebody_allowed_it(self) -> None:
        with pytest.raises(errors.AlgorithmRefused):
            decode_id_token(unsigned({"alg": "none"}, claims()), key_set(rsa("a")), ["none", "RS256"])

    def test_without_algorithms_nothing_passes(self) -> None:
        with pytest.raises(errors.AlgorithmRefused):
            decode_id_token(signed(rsa("a")), key_set(rsa("a")), [])

    def test_key_in_the_token_is_not_looked_at(self) -> None:
        attacker = RSAKey.generate_key(2048, {"kid": "a"})
        token = signed(attacker, jwk=attacker.as_dict(private=False))
        with pytest.raises(errors.SignatureWrong):
            decode_id_token(token, key_set(rsa("a")), ["RS256"])

    def test_shared_secret_passes_where_configured(self) -> None:
        token = signed(OctKey.import_key(SECRET), "HS256", kid=...)
        assert decode_id_token(token, {}, ["HS256"], SECRET).claims == claims()

    def test_wrong_shared_secret(self) -> None:
        token = signed(OctKey.import_key(SECRET[::-1]), "HS256", kid="a")
        with pytest.raises(errors.SignatureWrong):
            decode_id_token(token, {}, ["HS256"], SECRET)

    def test_published_key_never_serves_as_shared_secret(self) -> None:
        """The old confusion: an RSA public key, known to all, taken for the secret of HS256."""
        public = json.dumps(rsa("a").as_dict(private=False))
        token = signed(OctKey.import_key(public), "HS256", kid="a")
        published = {"keys": [*key_set(rsa("a"))["keys"], OctKey.import_key(public, {"kid": "a"}).as_dict()]}
        with pytest.raises(errors.AlgorithmRefused):
            decode_id_token(token, published, ["RS256", "HS256"])
        with pytest.raises(errors.SignatureWrong):
            decode_id_token(token, published, ["RS256", "HS256"], SECRET)

    @pytest.mark.parametrize("token", [
        "", "a", "a.b", "..", "a.b.c", "a.b.c.d.e", "é.é.é", "e30.e30.", "bnVsbA.e30.", "W10.e30.",
        "x" * 70_000, None, 7, unsigned({"alg": "RS256", "kid": 7}, {}),
        unsigned({"alg": "RS256", "b64": False}, {}),
    ])  # fmt: skip
    def test_what_is_no_token(self, token: Any) -> None:
        with pytest.raises(errors.TokenRefused):
            decode_id_token(token, key_set(rsa("a")), ["RS256"])

    @pytest.mark.parametrize("content", [
        b"", b"[]", b"null", b"text", b"\xff", b'{"sub":"a","sub":"b"}', b'{"exp":NaN}', b'{"exp":Infinity}',
        b"[" * 50_000, b'{"a":' * 9_000,
    ])  # fmt: skip
    def test_signed_content_that_is_no_claims(self, content: bytes) -> None:
        with pytest.raises(errors.TokenMalformed):
            decode_id_token(signed(rsa("a"), content=content), key_set(rsa("a")), ["RS256"])

    def test_critical_extension_is_refused(self) -> None:
        _, payload, signature = signed(rsa("a")).split(".")
        critical = encoded(json.dumps({"alg": "RS256", "kid": "a", "crit": ["exp"], "exp": NOW}).encode())
        with pytest.raises(errors.TokenMalformed):
            decode_id_token(f"{critical}.{payload}.{signature}", key_set(rsa("a")), ["RS256"])

    def test_unknown_header_member_is_ignored(self) -> None:
        unknown: dict[str, Any] = {"vendor.session": "x"}
        token = signed(rsa("a"), **unknown)
        assert decode_id_token(token, key_set(rsa("a")), ["RS256"]).claims == claims()

    def test_claims_stay_out_of_what_is_printed(self) -> None:
        token = decode_id_token(signed(rsa("a")), key_set(rsa("a")), ["RS256"])
        assert "248289761001" not in repr(token)


def metadata(**changes: Any) -> dict[str, Any]:
    good = {
        "issuer": ISSUER, "authorization_endpoint": ISSUER + "/auth", "token_endpoint": ISSUER + "/token",
        "jwks_uri": ISSUER + "/keys", "userinfo_endpoint": ISSUER + "/me", "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["S256"], "authorization_response_iss_parameter_supported": True,
        "id_token_signing_alg_values_supported": ["none", "HS256", "RS256", "ES256"],
    }  # fmt: skip
    return {name: value for name, value in (good | changes).items() if value is not ...}


class TestDiscovery:
    def test_good_description_passes(self) -> None:
        found = check_discovery(metadata(), ISSUER)
        assert (found.issuer, found.jwks_uri, found.iss_supported) == (ISSUER, ISSUER + "/keys", True)
        assert found.end_session_endpoint is None

    def test_members_that_may_be_left_out(self) -> None:
        spare = check_discovery(metadata(
            userinfo_endpoint=..., response_types_supported=..., code_challenge_methods_supported=...,
            authorization_response_iss_parameter_supported=...,
        ), ISSUER)  # fmt: skip
        assert (spare.userinfo_endpoint, spare.iss_supported) == (None, False)

    @pytest.mark.parametrize("named", [
        "https://id.forest.example", ISSUER + "/", ISSUER.upper(), "https://id.harbour.example:443", "", None, [ISSUER],
    ])  # fmt: skip
    def test_discovery_issuer_mismatch(self, named: Any) -> None:
        with pytest.raises(errors.DiscoveryIssuerWrong):
            check_discovery(metadata(issuer=named), ISSUER)

    @pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint", "jwks_uri"])
    def test_needed_address_missing(self, name: str) -> None:
        with pytest.raises(errors.EndpointMissing) as refusal:
            check_discovery(metadata(**{name: ...}), ISSUER)
        assert refusal.value.facts["name"] == name

    @pytest.mark.parametrize(
        "name", ["authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"]
    )
    @pytest.mark.parametrize("address", [
        "http://id.harbour.example/x", "http://127.0.0.1/x", "ftp://id.harbour.example/x", "//id.harbour.example/x",
        "/x", "", "https://", "https://user@id.harbour.example/x", "https://id.harbour.example/x#f",
        "javascript:alert(1)",
        "https://id.harbour.example/\n", "https://[/", "https://id.harbour.example:99999/", 7, ["https://x.example"],
    ])  # fmt: skip
    def test_address_without_protection(self, name: str, address: Any) -> None:
        with pytest.raises(errors.EndpointInsecure):
            check_discovery(metadata(**{name: address}), ISSUER)

    @pytest.mark.parametrize("host", ["127.0.0.1:45123", "localhost:45123", "[::1]:45123"])
    def test_development_on_loopback(self, host: str) -> None:
        local = {
            name: value.replace(ISSUER, f"http://{host}") if isinstance(value, str) else value
            for name, value in metadata().items()
        }
        assert check_discovery(local, f"http://{host}").token_endpoint == f"http://{host}/token"
        with pytest.raises(errors.EndpointInsecure):
            check_discovery(local | {"token_endpoint": "http://id.harbour.example/token"}, f"http://{host}")

    @pytest.mark.parametrize("issuer", [
        "http://id.harbour.example", "https://id.harbour.example?x=1", "https://id.harbour.example#x",
        "id.harbour.example",
    ])  # fmt: skip
    def test_registered_issuer_must_be_protected(self, issuer: str) -> None:
        with pytest.raises(errors.EndpointInsecure):
            check_discovery(metadata(issuer=issuer), issuer)

    @pytest.mark.parametrize(("name", "value"), [
        ("response_types_supported", ["id_token"]), ("code_challenge_methods_supported", ["plain"]),
        ("code_challenge_methods_supported", []),
    ])  # fmt: skip
    def test_flow_that_is_not_ours(self, name: str, value: list[str]) -> None:
        with pytest.raises(errors.FlowUnsupported):
            check_discovery(metadata(**{name: value}), ISSUER)

    @pytest.mark.parametrize("value", ["code", None, [1], {"code": 1}])
    def test_lists_must_be_lists(self, value: Any) -> None:
        with pytest.raises(errors.DiscoveryRefused):
            check_discovery(metadata(response_types_supported=value), ISSUER)


class TestAllowedAlgorithms:
    def test_signatures_only_unless_configured(self) -> None:
        assert allowed_algorithms(metadata()) == ("ES256", "RS256")

    def test_configured_ones_in_their_order(self) -> None:
        assert allowed_algorithms(metadata(), ["RS256", "PS256", "ES256"]) == ("RS256", "ES256")
        assert allowed_algorithms(metadata(), ["HS256"]) == ("HS256",)

    def test_default_of_the_standard(self) -> None:
        assert allowed_algorithms(metadata(id_token_signing_alg_values_supported=...)) == ("RS256",)

    @pytest.mark.parametrize(("advertised", "configured"), [
        (["none"], []), (["none", "HS256"], []), (["none"], ["none"]), (["RS256"], ["ES256"]), ([], []),
    ])  # fmt: skip
    def test_nothing_in_common(self, advertised: list[str], configured: list[str]) -> None:
        with pytest.raises(errors.NoCommonAlgorithm):
            allowed_algorithms(metadata(id_token_signing_alg_values_supported=advertised), configured)


class TestCallback:
    GOOD: ClassVar[dict[str, Any]] = {"code": "c0de", "state": "st4te", "iss": ISSUER}

    def test_good_answer_passes(self) -> None:
        assert check_callback(self.GOOD, ISSUER, True) == Callback("c0de", "st4te")
        assert (
            check_callback({name: [value] for name, value in self.GOOD.items()}, ISSUER, True).code == "c0de"
        )

    def test_iss_is_wanted_only_where_promised(self) -> None:
        assert check_callback({"code": "c", "state": "s"}, ISSUER, False).state == "s"

    @pytest.mark.parametrize(("changes", "refusal"), [
        ({"iss": ...}, errors.CallbackIssuerMissing),
        ({"iss": "https://id.forest.example"}, errors.CallbackIssuerWrong),
        ({"iss": ISSUER + "/"}, errors.CallbackIssuerWrong),
        ({"iss": "https://id.forest.example", "error": "access_denied"}, errors.CallbackIssuerWrong),
        ({"error": "access_denied"}, errors.SignInDeclined),
        ({"state": ...}, errors.StateMissing),
        ({"state": ""}, errors.StateMissing),
        ({"code": ...}, errors.CodeMissing),
        ({"code": ["a", "b"]}, errors.ParameterRepeated),
        ({"iss": [ISSUER, "https://id.forest.example"]}, errors.ParameterRepeated),
        ({"state": []}, errors.ParameterRepeated),
    ])  # fmt: skip
    def test_answer_with_a_fault(self, changes: dict[str, Any], refusal: type[SignInRefused]) -> None:
        params = {name: value for name, value in (self.GOOD | changes).items() if value is not ...}
        with pytest.raises(SignInRefused) as raised:
            check_callback(params, ISSUER, True)
        assert type(raised.value) is refusal

    def test_wrong_iss_is_refused_though_not_promised(self) -> None:
        with pytest.raises(errors.CallbackIssuerWrong):
            check_callback(self.GOOD | {"iss": "https://id.forest.example"}, ISSUER, False)

    def test_free_text_of_a_provider_is_not_handed_on(self) -> None:
        with pytest.raises(errors.SignInDeclined) as refusal:
            check_callback(self.GOOD | {"error": "<b>call 0900-1234</b>"}, ISSUER, True)
        assert refusal.value.facts["error"] == "other"

    def test_code_and_state_stay_out_of_what_is_printed(self) -> None:
        printed = repr(check_callback(self.GOOD, ISSUER, True))
        assert "c0de" not in printed
        assert "st4te" not in printed


class TestTokenResponse:
    def test_good_answer_passes(self) -> None:
        assert check_token_response({"id_token": "a.b.c", "token_type": "Bearer"}) == "a.b.c"

    def test_without_id_token(self) -> None:
        with pytest.raises(errors.TokenMissing):
            check_token_response({"access_token": "x", "token_type": "Bearer"})

    @pytest.mark.parametrize(
        "answer",
        [
            {"id_token": 7, "token_type": "Bearer"},
            {"id_token": "a.b.c"},
            {"id_token": "a.b.c", "token_type": "DPoP"},
        ],
    )
    def test_of_another_kind(self, answer: dict[str, Any]) -> None:
        with pytest.raises(errors.TokenMalformed):
            check_token_response(answer)


class TestUserinfo:
    def test_same_person_passes(self) -> None:
        check_userinfo({"sub": "a", "email": "a@harbour.example"}, "a")

    @pytest.mark.parametrize("answer", [{}, {"sub": "b"}, {"sub": None}, {"sub": ["a"]}, {"sub": "A"}])
    def test_userinfo_invalid_sub(self, answer: dict[str, Any]) -> None:
        with pytest.raises(errors.UserinfoOfAnother):
            check_userinfo(answer, "a")


class TestErrors:
    def test_every_refusal_has_a_code_of_its_own(self) -> None:
        classes = every_subclass(SignInRefused)
        assert len({vars(each).get("code") for each in classes} - {None}) == len(classes)

    def test_a_refusal_carries_its_reason_and_remedy(self) -> None:
        (reason,) = errors.ClaimMissing(claim="sub").facts["reasons"]
        assert (reason.code, reason.args) == ("token.claim_missing", {"claim": "sub"})
        assert reason.remedy == "ask_agency_administrator"
