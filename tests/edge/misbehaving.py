"""A small identity provider that misbehaves on demand: each fault is a switch. It speaks real HTTP on 127.0.0.1."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT = "marketplace"


@dataclass
class Misbehaving:
    """The provider. `faults` names what it does wrong; without any it is an ordinary one."""

    issuer: str = ""
    faults: set[str] = field(default_factory=set)
    key: RSAKey = field(
        default_factory=lambda: RSAKey.generate_key(2048, {"kid": "1", "use": "sig", "alg": "RS256"})
    )
    kid: str = "1"
    nonce: str = ""
    asked: list[dict[str, list[str]]] = field(default_factory=list)

    def visited(self, url: str) -> dict[str, list[str]]:
        """The browser was sent here: note what was asked, answer as the redirect back would."""
        asked = parse_qs(urlsplit(url).query)
        self.asked.append(asked)
        self.nonce = asked["nonce"][0]
        back = {"code": ["a-code"], "state": asked["state"], "iss": [self.issuer]}
        if "callback_iss_wrong" in self.faults:
            back["iss"] = ["https://other.example"]
        if "callback_iss_missing" in self.faults:
            del back["iss"]
        return back

    def discovery(self) -> dict[str, Any]:
        issuer = "https://other.example" if "discovery_issuer_wrong" in self.faults else self.issuer
        algorithms = ["RS256", "none"] if "alg_none" in self.faults else ["RS256"]
        return {
            "issuer": issuer,
            "authorization_endpoint": f"{self.issuer}/auth",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "code_challenge_methods_supported": ["S256"],
            "id_token_signing_alg_values_supported": algorithms,
            "authorization_response_iss_parameter_supported": True,
        }

    def token(self) -> dict[str, Any]:
        answer: dict[str, Any] = {"access_token": "access", "token_type": "Bearer", "expires_in": 60}
        if "id_token_missing" not in self.faults:
            answer["id_token"] = self._id_token()
        return answer

    def jwks(self) -> dict[str, Any]:
        return {"keys": [self.key.as_dict(private=False)]}

    def _id_token(self) -> str:
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self.issuer, "sub": "somebody", "aud": CLIENT, "nonce": self.nonce, "iat": now, "exp": now + 60,
        }  # fmt: skip
        wrong = {
            "iss_wrong": {"iss": "https://other.example"},
            "aud_wrong": {"aud": "another-client"},
            "aud_foreign_azp_ours": {"aud": "another-client", "azp": CLIENT},
            "nonce_wrong": {"nonce": "of-another-sign-in"},
            "expired": {"exp": now - 3600, "iat": now - 3700},
            "iat_hours_old": {"iat": now - 4 * 3600},
        }
        for fault in self.faults & set(wrong):
            claims |= wrong[fault]
        if "sub_missing" in self.faults:
            del claims["sub"]
        if "alg_none" in self.faults:
            parts = ({"alg": "none"}, claims)
            return (
                ".".join(
                    base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=").decode() for p in parts
                )
                + "."
            )
        if "signed_by_another" in self.faults:
            other = RSAKey.generate_key(2048, {"kid": "1", "use": "sig", "alg": "RS256"})
            return jwt.encode({"alg": "RS256", "kid": "1"}, claims, other)
        return jwt.encode({"alg": "RS256", "kid": self.kid}, claims, self.key)


@contextmanager
def running() -> Iterator[Misbehaving]:
    """The provider on a free port, ended afterwards."""
    provider = Misbehaving()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            pages = {"/.well-known/openid-configuration": provider.discovery, "/jwks": provider.jwks}
            self._answer(pages[self.path]())

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self._answer(provider.token())

        def _answer(self, body: dict[str, Any]) -> None:
            text = json.dumps(body).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            """Tests have output of their own."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.issuer = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
