"""Devices for tests: made as a browser or a program makes them, and vouched for by a token that really is signed."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from joserfc import jwt
from joserfc.jwk import ECKey
from sqlalchemy import select

from agencies import device_keys
from agencies.device_keys import Offered, Proof
from agencies.models import Identity
from marketplace.cli import device_file
from marketplace.cli.device_file import DeviceFile
from marketplace.foundation.db import reading, transaction
from security.principal import Context, Principal, Zone
from security.sealing import keys
from security.sealing.keys import PrivateKey

CLIENT = "marketplace"
HERE = Context("web", Zone.OFFICE, "managed", session="session-1")


@cache
def issuer_key(name: str = "1") -> ECKey:
    """The key by which the provider of these tests signs."""
    return ECKey.generate_key("P-256", {"kid": name, "use": "sig", "alg": "ES256"})


@dataclass(frozen=True)
class Device:
    """A device with both halves of its keys. `id` is its row's, once it is set up."""

    offered: Offered
    encryption: PrivateKey = field(repr=False)
    signing: PrivateKey = field(repr=False)
    id: UUID | None = None

    @property
    def thumbprint(self) -> str:
        return self.offered.thumbprint

    @property
    def file(self) -> DeviceFile:
        """What the key file of a program with these keys holds."""
        return DeviceFile(self.encryption, self.signing, self.offered.salt)


def new_device(name: str = "Firefox on Linux", kind: str = "browser") -> Device:
    """A device that nobody has set up yet."""
    encryption, signing = keys.new_private(), keys.new_private()
    offered = Offered(
        kind, name, keys.public_jwk(encryption), keys.public_jwk(signing), secrets.token_urlsafe(32)
    )
    return Device(offered, encryption, signing)


def write_file(device: Device, path: Path) -> Path:
    """The key file of a program with these keys, as `marketplace device new` writes it."""
    members = {
        "encryption": keys.private_jwk(device.encryption),
        "format": device_file.FORMAT,
        "salt": device.offered.salt,
        "signing": keys.private_jwk(device.signing),
    }
    path.write_text(json.dumps(members))
    path.chmod(device_file.MODE)
    return path


def a_device(person: Principal, device: Device | None = None, **given: Any) -> Device:
    """A device of this person, set up now. `given`: name and kind of a new one."""
    device = device or new_device(**given)
    with transaction() as tx:
        began = device_keys.begin(tx, device.offered, actor=person, session=HERE.session or "")
    with transaction() as tx:
        made = device_keys.complete(tx, began, a_proof(person, device), actor=person, context=HERE)
    return replace(device, id=made)


def a_proof(person: Principal, device: Device, *, key: ECKey | None = None, **claims: Any) -> Proof:
    """What the person's provider signs for this device; `claims` replace some of the token, `...` leaves one out."""
    issuer, subject = identity_of(person)
    key = key or issuer_key()
    now = datetime.now(UTC)
    good = {
        "iss": issuer, "sub": subject, "aud": CLIENT, "nonce": device.offered.nonce,
        "iat": int(now.timestamp()), "exp": int((now + timedelta(minutes=5)).timestamp()),
    }  # fmt: skip
    said = {name: value for name, value in (good | claims).items() if value is not ...}
    token = jwt.encode({"alg": "ES256", "kid": key.kid}, said, key)
    public = dict(key.as_dict(private=False))
    return Proof(person.agency_id, issuer, CLIENT, device.offered.nonce, token, public)


def identity_of(person: Principal) -> tuple[str, str]:
    """Issuer and subject that vouch for the person."""
    with reading() as db:
        row = db.all(select(Identity.issuer, Identity.subject).where(Identity.person_id == person.person_id))[
            0
        ]
    return row.issuer, row.subject
