"""Each fault of a provider is named with what would help, and a good provider has none."""

from __future__ import annotations

from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey, RSAKey

from security.oidc import faults_of_description, faults_of_keys

ISSUER = "https://id.harbour.example"
RSA = RSAKey.generate_key(2048, {"kid": "a", "use": "sig", "alg": "RS256"})
GOOD: dict[str, Any] = {
    "issuer": ISSUER, "authorization_endpoint": ISSUER + "/auth", "token_endpoint": ISSUER + "/token",
    "jwks_uri": ISSUER + "/keys", "end_session_endpoint": ISSUER + "/end", "backchannel_logout_supported": True,
    "pushed_authorization_request_endpoint": ISSUER + "/par", "response_types_supported": ["code"],
    "code_challenge_methods_supported": ["S256"], "authorization_response_iss_parameter_supported": True,
    "id_token_signing_alg_values_supported": ["RS256"], "acr_values_supported": ["mfa"],
    "token_endpoint_auth_methods_supported": ["private_key_jwt"],
}  # fmt: skip


def codes(**changes: Any) -> list[str]:
    said = {name: value for name, value in (GOOD | changes).items() if value is not ...}
    return [fault.code for fault in faults_of_description(said, ISSUER)]


def test_a_good_provider_has_no_faults() -> None:
    assert codes() == []
    assert faults_of_keys({"keys": [RSA.as_dict(private=False)]}, ("RS256",)) == []


@pytest.mark.parametrize(("changes", "code"), [
    ({"issuer": ISSUER + "/"}, "discovery.issuer_wrong"), ({"token_endpoint": ...}, "discovery.endpoint_missing"),
    ({"jwks_uri": "http://id.harbour.example/keys"}, "discovery.endpoint_insecure"),
    ({"response_types_supported": ["id_token"]}, "discovery.flow_unsupported"),
    ({"id_token_signing_alg_values_supported": ["none"]}, "discovery.no_common_algorithm"),
    ({"token_endpoint_auth_methods_supported": ["tls_client_auth"]}, "discovery.authentication"),
    ({"response_modes_supported": ["form_post"]}, "discovery.response_mode"),
    ({"scopes_supported": ["profile"]}, "discovery.scope"),
    ({"require_signed_request_object": True}, "discovery.request_object"),
])  # fmt: skip
def test_what_sign_in_would_refuse_is_a_fault(changes: dict[str, Any], code: str) -> None:
    said = {name: value for name, value in (GOOD | changes).items() if value is not ...}
    (fault,) = [each for each in faults_of_description(said, ISSUER) if each.serious]
    assert fault.code == code
    assert fault.sentence.endswith(".")
    assert fault.remedy.endswith(".")


@pytest.mark.parametrize(("changes", "code"), [
    ({"authorization_response_iss_parameter_supported": ...}, "advice.iss"),
    ({"code_challenge_methods_supported": ...}, "advice.pkce"), ({"acr_values_supported": ...}, "advice.acr"),
    ({"token_endpoint_auth_methods_supported": ...}, "advice.private_key_jwt"),
    ({"id_token_signing_alg_values_supported": ["RS256", "none"]}, "advice.alg_none"),
    ({"pushed_authorization_request_endpoint": ...}, "advice.par"),
    ({"end_session_endpoint": ...}, "advice.end_session"),
    ({"backchannel_logout_supported": ...}, "advice.back_channel_logout"),
])  # fmt: skip
def test_what_could_be_better_is_advice(changes: dict[str, Any], code: str) -> None:
    assert codes(**changes) == [code]


def test_all_faults_are_found_at_once() -> None:
    found = codes(
        issuer="https://id.forest.example", token_endpoint=..., authorization_endpoint="http://x.example/a",
        jwks_uri="ftp://x.example", code_challenge_methods_supported=["plain"],
    )  # fmt: skip
    assert found == [
        "discovery.issuer_wrong", "discovery.flow_unsupported", "discovery.endpoint_insecure",
        "discovery.endpoint_missing", "discovery.endpoint_insecure", "advice.pkce",
    ]  # fmt: skip


@pytest.mark.parametrize("changes", [
    {"issuer": None}, {"issuer": ["x"]}, {"jwks_uri": 7}, {"response_types_supported": "code"},
    {"scopes_supported": 7}, {"token_endpoint_auth_methods_supported": {"a": 1}},
    {"id_token_signing_alg_values_supported": "RS256"}, {"acr_values_supported": [[1]]},
])  # fmt: skip
def test_odd_documents_break_nothing(changes: dict[str, Any]) -> None:
    for fault in faults_of_description(GOOD | changes, ISSUER):
        assert len(fault.sentence) < 300


class TestKeys:
    def codes(self, *keys: dict[str, Any], algorithms: tuple[str, ...] = ("RS256",)) -> list[str]:
        return [fault.code for fault in faults_of_keys({"keys": list(keys)}, algorithms)]

    @pytest.mark.parametrize(
        "published", [{}, {"keys": []}, {"keys": "x"}, {"keys": [7]}, {"keys": [{}] * 65}]
    )
    def test_none(self, published: dict[str, Any]) -> None:
        assert [fault.code for fault in faults_of_keys(published, ("RS256",))] == ["keys.none"]

    def test_none_that_fits(self) -> None:
        assert self.codes(ECKey.generate_key("P-256", {"kid": "a"}).as_dict(private=False)) == [
            "keys.unusable"
        ]

    def test_private_ones(self) -> None:
        assert self.codes(RSA.as_dict(private=True)) == ["keys.private"]
        shared = OctKey.generate_key(256, {"kid": "b"}).as_dict()
        assert self.codes(RSA.as_dict(private=False), shared) == ["keys.private"]

    def test_without_names(self) -> None:
        plain = {name: value for name, value in RSA.as_dict(private=False).items() if name != "kid"}
        assert self.codes(plain) == []
        assert self.codes(plain, plain) == ["advice.kid"]
