"""Evidence about the device: a certificate of a listed authority, valid now and made for clients, means managed."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from flask import Flask

from marketplace.edge import evidence
from marketplace.foundation.settings import BadSettings, Settings
from security.principal import Device

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


@dataclass
class Authority:
    """One that signs certificates for devices."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    def header(
        self, *, days: int = 30, usage: x509.ObjectIdentifier = ExtendedKeyUsageOID.CLIENT_AUTH
    ) -> str:
        """A device's certificate as a proxy passes it on, valid for so many days from yesterday."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = (
            _builder("laptop-7", self.certificate.subject, key.public_key(), days)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("laptop-7.example")]), critical=False)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False
            )
            .sign(self.key, hashes.SHA256())
        )
        return f":{b64encode(made.public_bytes(serialization.Encoding.DER)).decode()}:"


def _builder(
    name: str, issuer: x509.Name, key: ec.EllipticCurvePublicKey, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=days))
    )


def an_authority(name: str = "devices") -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    own = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    usage = x509.KeyUsage(
        digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False,
        key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    made = (
        _builder(name, own, key.public_key(), 3650)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return Authority(key, made)


@pytest.fixture
def authority() -> Authority:
    return an_authority()


@pytest.fixture
def listed(authority: Authority, tmp_path: Path) -> Path:
    file = tmp_path / "devices.pem"
    file.write_bytes(authority.certificate.public_bytes(serialization.Encoding.PEM))
    return file


def test_a_certificate_of_a_listed_authority_means_a_managed_device(
    authority: Authority, listed: Path
) -> None:
    assert evidence.certified(authority.header(), listed, NOW) is Device.MANAGED


def test_a_certificate_of_somebody_else_means_nothing(listed: Path) -> None:
    assert evidence.certified(an_authority("devices").header(), listed, NOW) is Device.UNKNOWN


def test_a_certificate_that_is_over_means_nothing(authority: Authority, listed: Path) -> None:
    assert evidence.certified(authority.header(days=3), listed, NOW + timedelta(days=4)) is Device.UNKNOWN


def test_a_server_s_certificate_means_nothing(authority: Authority, listed: Path) -> None:
    header = authority.header(usage=ExtendedKeyUsageOID.SERVER_AUTH)
    assert evidence.certified(header, listed, NOW) is Device.UNKNOWN


@pytest.mark.parametrize(
    "header", ["", ":", "::", ":no base64:", "plain", ":AAAA:", ":" + "A" * 20_000 + ":"]
)
def test_nonsense_means_nothing(header: str, listed: Path) -> None:
    assert evidence.certified(header, listed, NOW) is Device.UNKNOWN


def test_an_authority_that_is_listed_later_counts_without_a_restart(listed: Path) -> None:
    newer = an_authority("newer")
    assert evidence.certified(newer.header(), listed, NOW) is Device.UNKNOWN
    replaced = listed.with_suffix(".new")
    replaced.write_bytes(newer.certificate.public_bytes(serialization.Encoding.PEM))
    replaced.replace(listed)
    assert evidence.certified(newer.header(), listed, NOW) is Device.MANAGED


def environ(home: Path, **more: str) -> dict[str, str]:
    return {
        "MARKET_HOME": str(home), "MARKET_DEMO": "1", "MARKET_SECRET_KEY": "0123456789abcdef" * 2,
        "MARKET_REDIS_URL": "redis://127.0.0.1/0", **more,
    }  # fmt: skip


@pytest.mark.parametrize(("proxies", "seen"), [("1", Device.MANAGED), ("0", Device.UNKNOWN)])
def test_without_a_trusted_proxy_the_header_is_nobody_s_word(
    authority: Authority, listed: Path, tmp_path: Path, proxies: str, seen: Device
) -> None:
    given = {"MARKET_TRUSTED_PROXIES": proxies}
    if proxies == "1":
        given["MARKET_DEVICE_AUTHORITIES"] = str(listed)
    settings = Settings.from_environ(environ(tmp_path, **given))
    with Flask("test").test_request_context(headers={"Client-Cert": authority.header()}):
        assert evidence.device(settings, NOW) is seen


def test_authorities_without_a_proxy_are_a_mistake_that_is_said(listed: Path, tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="MARKET_TRUSTED_PROXIES"):
        Settings.from_environ(environ(tmp_path, MARKET_DEVICE_AUTHORITIES=str(listed)))
