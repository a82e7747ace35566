"""A small double of the transit engine's HTTP API, as Vault and OpenBao document it: enough for what we call.

Kept faithful where it matters: what is bound to other data does not open (400 with a result for each item), a sealed
service answers 503, an unknown token 403, a key is deleted only where that was allowed before, an unknown name is
made by encrypting if the token's policy has `create` there, and a listing without keys is 404 without errors.
"""

from __future__ import annotations

import json
import os
import threading
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

TOKEN = "hvs.a-token-of-the-tests"


@dataclass
class Service:
    """What the service holds and how it behaves; tests change it while it runs."""

    address: str = ""
    keys: dict[str, dict[str, Any]] = field(default_factory=dict)
    sealed: bool = False
    upserts: bool = False
    """Whether the token's policy lets `encrypt` make keys."""
    knows_associated_data: bool = True
    """Servers before 1.9 leave it out without a word."""
    answers: list[tuple[int, bytes]] = field(default_factory=list)
    """Answers to give next instead of real ones."""
    seen: list[tuple[str, str]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, method: str, path: str, token: str | None, body: dict[str, Any]) -> tuple[int, Any]:
        with self.lock:
            self.seen.append((method, path))
            if self.sealed:
                return 503, {"errors": ["Vault is sealed"]}
            if token != TOKEN:
                return 403, {"errors": ["2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n"]}
            if not path.startswith("/v1/transit/"):
                return 404, {"errors": [f'no handler for route "{path[4:]}". route entry not found.']}
            return self._routed(method, path.removeprefix("/v1/transit/").split("/"), body)

    def _routed(self, method: str, parts: list[str], body: dict[str, Any]) -> tuple[int, Any]:
        match (method, parts):
            case ("LIST", ["keys"]):
                return (200, {"data": {"keys": sorted(self.keys)}}) if self.keys else (404, {"errors": []})
            case ("GET", ["keys", name]):
                return (200, {"data": self._told(name)}) if name in self.keys else (404, {"errors": []})
            case ("POST", ["keys", name]):
                self._make(name, body)
                return 200, {"data": self._told(name)}
            case ("POST", ["keys", name, "config"]):
                if name not in self.keys:
                    return 400, {"errors": [f"no existing key named {name} could be found"]}
                self.keys[name]["deletion_allowed"] |= body.get("deletion_allowed", False)
                return 204, None
            case ("DELETE", ["keys", name]):
                return self._deleted(name)
            case ("POST", ["encrypt", name]):
                return self._each(name, body, self._encrypted)
            case ("POST", ["decrypt", name]):
                return self._each(name, body, self._decrypted)
        return 405, {"errors": ["unsupported operation"]}

    def _make(self, name: str, body: dict[str, Any]) -> None:
        kept = {
            "exportable": False,
            "allow_plaintext_backup": False,
            "derived": False,
            "type": "aes256-gcm96",
        }
        made = kept | {each: value for each, value in body.items() if each in kept}
        self.keys.setdefault(name, made | {"secret": os.urandom(32), "deletion_allowed": False})

    def _told(self, name: str) -> dict[str, Any]:
        told = {each: value for each, value in self.keys[name].items() if each != "secret"}
        return told | {"name": name, "keys": {"1": 1926000000}, "latest_version": 1}

    def _deleted(self, name: str) -> tuple[int, Any]:
        if name not in self.keys:
            return 400, {"errors": [f"error deleting policy {name}: could not delete key; not found"]}
        if not self.keys[name]["deletion_allowed"]:
            return 400, {"errors": [f"error deleting policy {name}: deletion is not allowed for this key"]}
        del self.keys[name]
        return 204, None

    def _each(self, name: str, body: dict[str, Any], act: Any) -> tuple[int, Any]:
        if name not in self.keys:
            if act == self._decrypted:
                return 400, {"errors": ["encryption key not found"]}
            if not self.upserts:
                return 403, {"errors": ["1 error occurred:\n\t* permission denied\n\n"]}
            self._make(name, {"derived": True})
        results = [act(self.keys[name], item) for item in body["batch_input"]]
        failed = any("error" in each for each in results)
        return (400 if failed else 200), {"data": {"batch_results": results}}

    def _cipher(self, key: dict[str, Any], item: dict[str, Any]) -> tuple[AESGCM, bytes]:
        context = b64decode(item["context"], validate=True)
        secret = HKDF(SHA256(), 32, None, context).derive(key["secret"]) if key["derived"] else key["secret"]
        aad = b64decode(item.get("associated_data", "")) if self.knows_associated_data else b""
        return AESGCM(secret), aad

    def _encrypted(self, key: dict[str, Any], item: dict[str, Any]) -> dict[str, Any]:
        cipher, aad = self._cipher(key, item)
        nonce = os.urandom(12)
        sealed = nonce + cipher.encrypt(nonce, b64decode(item["plaintext"], validate=True), aad)
        return {"ciphertext": "vault:v1:" + b64encode(sealed).decode(), "key_version": 1, "reference": ""}

    def _decrypted(self, key: dict[str, Any], item: dict[str, Any]) -> dict[str, Any]:
        cipher, aad = self._cipher(key, item)
        try:
            sealed = b64decode(item["ciphertext"].removeprefix("vault:v1:"), validate=True)
            opened = cipher.decrypt(sealed[:12], sealed[12:], aad)
        except (ValueError, InvalidTag):
            return {"error": "cipher: message authentication failed", "plaintext": "", "reference": ""}
        return {"plaintext": b64encode(opened).decode(), "reference": ""}


@contextmanager
def served() -> Iterator[Service]:
    """The service, answering on 127.0.0.1."""
    service = Service()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 16  # one packet for an answer, not two with a pause between them

        def _handle(self) -> None:
            length = int(self.headers.get("Content-Length", "0"))
            body = json.loads(self.rfile.read(length)) if length else {}
            if service.answers:
                status, raw = service.answers.pop(0)
            else:
                status, told = service.answer(
                    self.command, self.path, self.headers.get("X-Vault-Token"), body
                )
                raw = b"" if told is None else json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            if status == 307:
                self.send_header("Location", f"{service.address}/elsewhere")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        do_GET = do_POST = do_DELETE = do_LIST = _handle  # noqa: N815

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    service.address = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
