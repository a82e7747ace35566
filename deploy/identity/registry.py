"""Who the development identity providers are: addresses, secrets, keys and subjects, made once per MARKET_HOME.

An issuer's address is part of everybody's identity, so a port is chosen once and kept. Two files, both mode 0600:
`identity.json` is what the marketplace knows about each provider, `secrets/identity-keys.json` what only it knows.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import socket
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from joserfc.jwk import ECKey, RSAKey

from agencies.providers import PRIVATE_KEY_JWT, new_client_key
from deploy.identity.demo import Agency, Person

BY_KEY = ("national-archive",)
"""The agencies of the demo that know us by a key instead of a secret."""
TWO_FACTORS = "urn:marketplace:acr:mfa"
"""How the providers name a sign-in with a second factor (`provider.mjs`)."""
PORTS = range(20000, 30000)
"""Below the range from which operating systems lend ports to outgoing connections."""


def ensure(home: Path, agencies: Iterable[Agency]) -> dict[str, dict[str, Any]]:
    """Read the registry, adding whichever agency it lacks.

    Returns `{slug: {"issuer", "client_id", "client_secret", "authentication", "subjects": {login: sub}}}`; for
    `private_key_jwt` the secret is our private key there, as JWK text.
    """
    known: dict[str, dict[str, Any]] = _read(home / "identity.json")
    keys: dict[str, dict[str, Any]] = _read(_keys_file(home))
    before = json.dumps([known, keys])
    taken = {_port(entry["issuer"]) for entry in known.values()}
    for agency in agencies:
        if agency.slug not in keys:
            keys[agency.slug] = _new_keys()
        if agency.slug not in known:
            known[agency.slug] = _new_entry(taken, agency.slug in BY_KEY)
        known[agency.slug].setdefault("authentication", "client_secret_basic")
        subjects = {person.login: _subject(keys[agency.slug], person) for person in agency.people}
        known[agency.slug]["subjects"] = subjects
    if json.dumps([known, keys]) != before:
        write_private(_keys_file(home), json.dumps(keys, indent=1))
        write_private(home / "identity.json", json.dumps(known, indent=1))
    return known


def server_settings(home: Path, agencies: Iterable[Agency], marketplace_port: int) -> dict[str, Any]:
    """Everything the Node process needs; it is handed over on its standard input and never written down."""
    agencies = tuple(agencies)
    known, keys = ensure(home, agencies), _read(_keys_file(home))
    hosts = [f"http://{host}:{marketplace_port}" for host in ("127.0.0.1", "localhost")]
    return {
        "marketplace": hosts,
        "issuers": [_issuer(agency, known[agency.slug], keys[agency.slug], hosts) for agency in agencies],
    }


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read; whole or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _issuer(agency: Agency, entry: dict[str, Any], keys: dict[str, Any], hosts: list[str]) -> dict[str, Any]:
    return {
        "slug": agency.slug,
        "name": agency.name,
        "initials": agency.initials,
        "tint": agency.tint,
        "issuer": entry["issuer"],
        "port": _port(entry["issuer"]),
        "client_id": entry["client_id"],
        **_authentication(entry),
        "back_channel_logout_uri": f"{hosts[0]}/sign-in/{agency.slug}/back-channel-logout",
        "redirect_uris": [f"{host}/sign-in/{agency.slug}/callback" for host in hosts],
        "post_logout_redirect_uris": [f"{host}{path}" for host in hosts for path in ("/signed-out", "/")],
        "jwks": keys["jwks"],
        "cookie_keys": keys["cookie_keys"],
        "people": [
            {
                "login": person.login,
                "sub": entry["subjects"][person.login],
                "name": person.name,
                "email": f"{person.login}@{agency.domain}",
                "locale": person.locale,
            }
            for person in agency.people
        ],
    }


def _authentication(entry: dict[str, Any]) -> dict[str, Any]:
    """How the marketplace authenticates, as the provider knows it: the secret, or the public half of the key."""
    if entry["authentication"] != PRIVATE_KEY_JWT:
        return {"authentication": entry["authentication"], "client_secret": entry["client_secret"]}
    key = ECKey.import_key(json.loads(entry["client_secret"]))
    return {"authentication": PRIVATE_KEY_JWT, "client_jwks": {"keys": [key.as_dict(private=False)]}}


def _new_entry(taken: set[int], by_key: bool) -> dict[str, Any]:
    port = _free_port(taken)
    taken.add(port)
    return {
        "issuer": f"http://127.0.0.1:{port}",
        "client_id": "marketplace",
        "client_secret": new_client_key() if by_key else secrets.token_urlsafe(32),
        "authentication": PRIVATE_KEY_JWT if by_key else "client_secret_basic",
    }


def _new_keys() -> dict[str, Any]:
    key = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256", "kid": secrets.token_hex(8)}, private=True)
    return {
        "jwks": {"keys": [key.as_dict(private=True)]},
        "cookie_keys": [secrets.token_urlsafe(32)],
        "subject_key": secrets.token_hex(32),
    }


def _subject(keys: dict[str, Any], person: Person) -> str:
    """A name for the person that says nothing, and stays the same for as long as the keys do."""
    digest = hmac.new(bytes.fromhex(keys["subject_key"]), person.login.encode(), hashlib.sha256).digest()
    return urlsafe_b64encode(digest[:18]).decode()


def _free_port(taken: set[int]) -> int:
    """A random port nobody listens on and no other issuer was given. Raises OSError when none is found."""
    for _ in range(200):
        port = secrets.choice(PORTS)
        if port in taken:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise OSError(f"No free port from {PORTS.start} to {PORTS.stop - 1} for an identity provider.")


def _port(issuer: str) -> int:
    return int(issuer.rsplit(":", 1)[1])


def _keys_file(home: Path) -> Path:
    return home / "secrets" / "identity-keys.json"


def _read(path: Path) -> dict[str, dict[str, Any]]:
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
