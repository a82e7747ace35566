"""A small identity provider that misbehaves on demand: each fault is a switch. It speaks real HTTP on 127.0.0.1.

Without a fault it is an ordinary and strict one: it checks the client's secret or key, the code, and PKCE.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

CLIENT, SECRET = "marketplace", "a-shared-secret-of-32-characters"
EVENT = "http://schemas.openid.net/event/backchannel-logout"
ID_TOKEN_FAULTS: dict[str, dict[str, Any]] = {
    "iss_wrong": {"iss": "https://other.example"},
    "iss_looks_alike": {"iss": "https://nοrth.example"},
    "aud_wrong": {"aud": "another-client"},
    "aud_foreign_azp_ours": {"aud": "another-client", "azp": CLIENT},
    "aud_also_foreign": {"aud": [CLIENT, "another-client"], "azp": CLIENT},
    "nonce_wrong": {"nonce": "of-another-sign-in"},
    "expired": {"exp": -3600, "iat": -3700},
    "iat_hours_old": {"iat": -4 * 3600},
    "from_the_future": {"iat": 3600},
    "sub_missing": {"sub": ...},
    "iat_missing": {"iat": ...},
    "nonce_missing": {"nonce": ...},
    "sub_is_a_list": {"sub": ["somebody"]},
    "auth_time_missing": {"auth_time": ...},
    "auth_time_stale": {"auth_time": -7200},
    "acr_low": {"acr": "urn:low"},
    "acr_missing": {"acr": ...},
    "at_hash_wrong": {"at_hash": "bm90IHRoZSBoYXNoIQ"},
}
"""Claims that a fault sets; numbers are seconds from now, `...` leaves a claim out."""

Answer = tuple[int, dict[str, str], bytes]


@cache
def rsa(name: str) -> RSAKey:
    """A key that the tests of a process share: making one takes a tenth of a second."""
    return RSAKey.generate_key(2048, {"kid": name, "use": "sig", "alg": "RS256"})


@dataclass
class Misbehaving:
    """The provider. `faults` names what it does wrong; `offers` what it can do beyond the plain code flow."""

    issuer: str = ""
    faults: set[str] = field(default_factory=set)
    offers: set[str] = field(default_factory=set)
    key: RSAKey = field(default_factory=lambda: rsa("1"))
    kid: str | None = "1"
    beside: list[RSAKey] = field(default_factory=list)
    claims: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] = field(default_factory=dict)
    client_key: dict[str, Any] | None = None
    asked: list[dict[str, list[str]]] = field(default_factory=list)
    called: list[tuple[str, dict[str, str], dict[str, list[str]]]] = field(default_factory=list)
    issued: list[str] = field(default_factory=list)
    before_answering: Callable[[str], None] = lambda path: None
    _pushed: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    _codes: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    _last: dict[str, list[str]] = field(default_factory=dict)

    def paths(self) -> list[str]:
        """The paths that were called, in order."""
        return [path for path, _, _ in self.called]

    def visited(self, url: str) -> dict[str, list[str]]:
        """The browser was sent here: note what was asked, answer as the redirect back would."""
        asked = parse_qs(urlsplit(url).query)
        if "request_uri" in asked:
            asked = self._pushed.pop(asked["request_uri"][0])
        self.asked.append(asked)
        code = secrets.token_urlsafe(8)
        self._codes[code] = self._last = asked
        back = {"code": [code], "state": asked["state"], "iss": [self.issuer]}
        if "callback_iss_wrong" in self.faults:
            back["iss"] = ["https://other.example"]
        if "callback_iss_missing" in self.faults:
            del back["iss"]
        if "callback_state_forged" in self.faults:
            back["state"] = ["f" * 43]
        return back

    def logout_token(self, **changes: Any) -> str:
        """A logout token of this provider; `changes` replace claims, `...` leaves one out."""
        now = int(time.time())
        good = {
            "iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 120, "jti": secrets.token_urlsafe(12),
            "sub": "somebody", "sid": self.claims.get("sid"), "events": {EVENT: {}},
        }  # fmt: skip
        claims = {name: value for name, value in (good | changes).items() if value not in (..., None)}
        return self._signed(claims, {"typ": "logout+jwt"})

    def answer(self, method: str, path: str, headers: dict[str, str], form: dict[str, list[str]]) -> Answer:
        """Answer one request, as the routes below say."""
        self.called.append((path, headers, form))
        self.before_answering(path)
        routes: dict[str, Callable[[], Answer]] = {
            "/.well-known/openid-configuration": lambda: _json(self._discovery()),
            "/jwks": lambda: _json(self._jwks()),
            "/par": lambda: self._push(headers, form),
            "/token": lambda: self._token(headers, form),
            "/userinfo": lambda: self._userinfo(method, headers, form),
        }
        return routes[path]() if path in routes else _json({"error": "not_found"}, 404)

    def _discovery(self) -> dict[str, Any]:
        issuer = "https://other.example" if "discovery_issuer_wrong" in self.faults else self.issuer
        described: dict[str, Any] = {
            "issuer": issuer,
            "authorization_endpoint": f"{self.issuer}/auth",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "end_session_endpoint": f"{self.issuer}/end",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "code_challenge_methods_supported": ["S256"],
            "id_token_signing_alg_values_supported": ["RS256", "none"]
            if "none_is_listed" in self.faults
            else ["RS256"],
            "authorization_response_iss_parameter_supported": True,
            "backchannel_logout_supported": True,
        }
        if "par" in self.offers:
            described["pushed_authorization_request_endpoint"] = f"{self.issuer}/par"
        if "userinfo" in self.offers:
            described["userinfo_endpoint"] = f"{self.issuer}/userinfo"
        if "jwks_private" in self.faults:
            described["jwks_uri"] = "https://169.254.169.254/keys"
        if "token_endpoint_plain" in self.faults:
            described["token_endpoint"] = "http://other.example/token"
        if "session_settings" in self.faults:  # Authlib hands members of the document on to its session
            described |= {
                "verify": False,
                "trust_env": True,
                "scope": "admin",
                "update_token": "x",
                "leeway": 9,
            }
        return described

    def _jwks(self) -> dict[str, Any]:
        if "keys_are_a_list" in self.faults:
            return {"keys": "none"}
        published = [each.as_dict(private=False) for each in [*self.beside, self.key]]
        if "kid_absent" in self.faults:
            for each in published:
                del each["kid"]
        return {"keys": published}

    def _push(self, headers: dict[str, str], form: dict[str, list[str]]) -> Answer:
        if not self._knows_client(headers, form):
            return _json({"error": "invalid_client"}, 401)
        reference = f"urn:ietf:params:oauth:request_uri:{secrets.token_urlsafe(16)}"
        self._pushed[reference] = form
        return _json({"request_uri": reference, "expires_in": 60}, 201)

    def _token(self, headers: dict[str, str], form: dict[str, list[str]]) -> Answer:
        if not self._knows_client(headers, form):
            return _json({"error": "invalid_client"}, 401)
        asked = self._codes.pop(form.get("code", [""])[0], None)
        if asked is None or not _proves(form, asked) or form["redirect_uri"] != asked["redirect_uri"]:
            return _json({"error": "invalid_grant"}, 400)
        answer: dict[str, Any] = {"access_token": "access", "token_type": "Bearer", "expires_in": 60}
        if "id_token_missing" not in self.faults:
            answer["id_token"] = self._id_token(asked)
            self.issued.append(answer["id_token"])
        return _json(answer)

    def _userinfo(self, method: str, headers: dict[str, str], form: dict[str, list[str]]) -> Answer:
        in_header = headers.get("Authorization") == "Bearer access"
        in_body = method == "POST" and form.get("access_token") == ["access"]
        if not (in_body if "userinfo_takes_forms_only" in self.faults else in_header or in_body):
            return 401, {"WWW-Authenticate": "Bearer"}, b""
        said: dict[str, Any] = {"sub": "somebody"} | self.userinfo
        if "userinfo_sub_wrong" in self.faults:
            said["sub"] = "somebody-else"
        if "signed_userinfo" not in self.offers:
            return _json(said)
        audience = "another-client" if "userinfo_aud_wrong" in self.faults else CLIENT
        signed = self._signed({"iss": self.issuer, "aud": audience} | said)
        return 200, {"Content-Type": "application/jwt"}, signed.encode()

    def _knows_client(self, headers: dict[str, str], form: dict[str, list[str]]) -> bool:
        if self.client_key is not None:
            assertion = form.get("client_assertion", [""])[0]
            key = ECKey.import_key(self.client_key["keys"][0])
            claims = jwt.decode(assertion, key, algorithms=["ES256"]).claims
            return claims["iss"] == claims["sub"] == CLIENT and claims["aud"] == self.issuer
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        posted = form.get("client_secret") == [SECRET] and form.get("client_id") == [CLIENT]
        return headers.get("Authorization") == f"Basic {basic}" or posted

    def _id_token(self, asked: dict[str, list[str]]) -> str:
        now = int(time.time())
        acr = asked.get("acr_values", ["urn:low"])[0].split()[0]
        claims: dict[str, Any] = {
            "iss": self.issuer, "sub": "somebody", "aud": CLIENT, "nonce": asked["nonce"][0], "iat": now,
            "exp": now + 60, "auth_time": now, "acr": acr,
        } | self.claims  # fmt: skip
        for fault in self.faults & set(ID_TOKEN_FAULTS):
            claims |= {
                name: now + value if isinstance(value, int) else value
                for name, value in ID_TOKEN_FAULTS[fault].items()
            }
        return self._signed({name: value for name, value in claims.items() if value is not ...})

    def _signed(self, claims: dict[str, Any], header: dict[str, str] | None = None) -> str:
        given = {"alg": "RS256", **(header or {})}
        if self.kid is not None and "kid_absent" not in self.faults:
            given["kid"] = self.kid
        if "alg_none" in self.faults:
            return ".".join(_encoded(part) for part in (given | {"alg": "none"}, claims)) + "."
        if "alg_wrong" in self.faults:
            return jwt.encode(given | {"alg": "HS256"}, claims, OctKey.import_key(SECRET))
        if "signed_by_another" in self.faults:
            return jwt.encode(given, claims, rsa("another"))
        return jwt.encode(given, claims, self.key)


def _proves(form: dict[str, list[str]], asked: dict[str, list[str]]) -> bool:
    """PKCE: the verifier's hash is the challenge (RFC 7636)."""
    hashed = hashlib.sha256(form.get("code_verifier", [""])[0].encode()).digest()
    return base64.urlsafe_b64encode(hashed).rstrip(b"=").decode() == asked["code_challenge"][0]


def _encoded(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def _json(body: Any, status: int = 200) -> Answer:
    return status, {"Content-Type": "application/json"}, json.dumps(body).encode()


@contextmanager
def running() -> Iterator[Misbehaving]:
    """The provider on a free port, ended afterwards."""
    provider = Misbehaving()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self._answer(parse_qs(sent.decode()))

        def _answer(self, form: dict[str, list[str]]) -> None:
            status, headers, body = provider.answer(
                self.command, urlsplit(self.path).path, dict(self.headers), form
            )
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Tests have output of their own."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    provider.issuer = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
