"""What the connection proves of the device: a client certificate that our proxy checked and passes on.

RFC 9440: the proxy terminates mutual TLS and hands the certificate over in `Client-Cert`, having removed whatever the
client itself sent under that name. It is looked at only behind trusted proxies, and believed only if one of the listed
authorities for managed devices signed it for client authentication (RFC 5280) and it is valid now.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError
from flask import request

from marketplace.foundation.settings import Settings
from security.principal import Device

LONGEST_HEADER = 16_384


def device(settings: Settings, now: datetime) -> Device:
    """MANAGED where the request carries a certificate of a listed authority, UNKNOWN otherwise. `now` is aware."""
    if settings.device_authorities is None or not settings.trusted_proxies:
        return Device.UNKNOWN
    return certified(request.headers.get("Client-Cert", ""), settings.device_authorities, now)


def certified(header: str, authorities: Path, now: datetime) -> Device:
    """What a `Client-Cert` header proves against the authorities in a PEM file."""
    encoded = header.strip()
    if not encoded or len(encoded) > LONGEST_HEADER or not (encoded[0] == encoded[-1] == ":"):
        return Device.UNKNOWN
    try:
        leaf = x509.load_der_x509_certificate(b64decode(encoded[1:-1], validate=True))
        status = authorities.stat()
        store = _store(authorities, status.st_mtime_ns)
        PolicyBuilder().store(store).time(now).build_client_verifier().verify(leaf, [])
    except (ValueError, binascii.Error, VerificationError, OSError):
        return Device.UNKNOWN
    return Device.MANAGED


@lru_cache(maxsize=4)
def _store(authorities: Path, _changed: int) -> Store:
    """The listed authorities, read again when the file was replaced."""
    return Store(x509.load_pem_x509_certificates(authorities.read_bytes()))
