"""Every setting of the marketplace, typed, explained, checked together at start.

Values come from the environment; `MARKET_HOME/settings.env` (written by `./run` for the demo, or by an operator)
supplies what the environment leaves out, so that a command typed in another terminal meets the same marketplace.
A default exists only where it is right in production and harmless in public; anything else must be supplied.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

from marketplace.foundation import key_settings
from marketplace.foundation.key_settings import KeySettings

LOOPBACK = "127.0.0.0/8, ::1/128"
RECORD_LABELS = ("public", "internal", "sensitive", "restricted", "none")
"""The labels that entries of the security record have; `none` for entries about things without one."""
RECORD_MONTHS, MOST_MONTHS = 6, 120
SAMPLE_SECRETS = frozenset({"change-me", "changeme", "secret", "sample", "example", "development"})


class BadSettings(Exception):
    """The settings do not fit together; `problems` lists every one of them."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__(
            "The marketplace cannot start with these settings:\n" + "\n".join(f"  - {p}" for p in problems)
        )


@dataclass(frozen=True, slots=True)
class Settings:
    home: Path
    """MARKET_HOME: the folder for everything that is written: database, keys, logs. Default `var/`."""

    demo: bool
    """MARKET_DEMO: 1 for the demonstration that `./run` starts; relaxes https and allows demo people's tokens."""

    port: int
    """MARKET_PORT: where the web process listens on 127.0.0.1. Default 8000."""

    public_url: str
    """MARKET_PUBLIC_URL: the address people type, without a final slash; https outside the demo."""

    database_url: str = field(repr=False)
    """MARKET_DATABASE_URL: `postgresql+psycopg://…` in production; default SQLite in the home folder."""

    redis_url: str = field(repr=False)
    """MARKET_REDIS_URL: Redis or Valkey, the doorbell; `unix://` or `redis://`."""

    secret_key: bytes = field(repr=False)
    """MARKET_SECRET_KEY: at least 32 characters; keys the idempotency digests and signs form tokens."""

    keyring: Path
    """MARKET_KEYRING: the file with the key-encryption keys (mode 0600). Back it up apart from the data."""

    keys: KeySettings
    """MARKET_KEYS and what belongs to it: who keeps the key-encryption keys, where not the keyring file."""

    log_key: Path
    """MARKET_LOG_KEY: the file with the key that signs the security record (mode 0600); the clock makes it at its first
    start. Back it up apart from the data, and give it to no web process."""

    samples: Path | None
    """MARKET_SAMPLES: a folder with further sample data for the demo; optional."""

    trusted_proxies: int
    """MARKET_TRUSTED_PROXIES: how many proxies in front of us append to X-Forwarded-For. Default 0."""

    device_authorities: Path | None
    """MARKET_DEVICE_AUTHORITIES: PEM file of the authorities whose client certificates mean a managed device. A trusted
    proxy must check the certificate and pass it on as `Client-Cert` (RFC 9440). Empty: no device counts as managed by
    certificate."""

    mail_url: str = field(repr=False)
    """MARKET_MAIL_URL: `smtp://host:port` for notices by mail; empty: notices stay in the marketplace."""

    mail_from: str
    """MARKET_MAIL_FROM: the sender of those mails; needed together with MARKET_MAIL_URL."""

    private_issuers: tuple[str, ...]
    """MARKET_PRIVATE_ISSUERS: hosts and networks (CIDR) outside the public internet where agencies' sign-in services
    may be, separated by commas. Default none; in the demo this machine's own loopback."""

    workers: int
    """MARKET_WORKERS: processes in the worker pool. Default 2."""

    record_months: Mapping[str, int]
    """MARKET_RECORD_MONTHS: after how many months the bodies of the security record's entries expire, 1 to 120: one
    number for all, or by label, `public=3,internal=6,sensitive=12,restricted=24,none=6` (`none`: entries about things
    without a label); a label that is left out has 6. Default 6."""

    @property
    def https(self) -> bool:
        return self.public_url.startswith("https://")

    @property
    def log_origin(self) -> str:
        """The name of the security record's log: where it is served, without the scheme (C2SP tlog-tiles)."""
        return self.public_url.partition("://")[2] + "/log"

    @property
    def sqlite(self) -> bool:
        return self.database_url.startswith("sqlite")

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """Read and check all settings. Raises BadSettings with every problem found, not just the first."""
        home = Path(environ.get("MARKET_HOME") or "var").resolve()
        values = {**read_env_file(home / "settings.env"), **environ}
        problems: list[str] = []
        demo = values.get("MARKET_DEMO", "") == "1"
        port = _number(values, "MARKET_PORT", 8000, 1, 65535, problems)
        samples = values.get("MARKET_SAMPLES")
        authorities = values.get("MARKET_DEVICE_AUTHORITIES")
        settings = cls(
            home=home,
            demo=demo,
            port=port,
            public_url=values.get("MARKET_PUBLIC_URL", f"http://127.0.0.1:{port}" if demo else "").rstrip(
                "/"
            ),
            database_url=values.get("MARKET_DATABASE_URL") or f"sqlite:///{home / 'market.db'}",
            redis_url=values.get("MARKET_REDIS_URL", ""),
            secret_key=values.get("MARKET_SECRET_KEY", "").encode(),
            keyring=Path(values.get("MARKET_KEYRING") or home / "keys" / "keyring.json"),
            keys=key_settings.read(values, problems),
            log_key=Path(values.get("MARKET_LOG_KEY") or home / "keys" / "record.key"),
            samples=Path(samples) if samples else None,
            trusted_proxies=_number(values, "MARKET_TRUSTED_PROXIES", 0, 0, 9, problems),
            device_authorities=Path(authorities) if authorities else None,
            mail_url=values.get("MARKET_MAIL_URL", ""),
            mail_from=values.get("MARKET_MAIL_FROM", ""),
            private_issuers=_listed(values.get("MARKET_PRIVATE_ISSUERS", LOOPBACK if demo else "")),
            workers=_number(values, "MARKET_WORKERS", 2, 1, 64, problems),
            record_months=_months(values.get("MARKET_RECORD_MONTHS", ""), problems),
        )
        problems += settings._problems()
        if problems:
            raise BadSettings(problems)
        return settings

    def _problems(self) -> list[str]:
        checks = [
            (len(self.secret_key) >= 32, "MARKET_SECRET_KEY is missing or shorter than 32 characters."),
            (
                not _is_sample(self.secret_key),
                "MARKET_SECRET_KEY is a sample value. Make one: openssl rand -hex 32",
            ),
            (bool(self.redis_url), "MARKET_REDIS_URL is missing, for example unix:///run/valkey/valkey.sock"),
            (
                not self.redis_url or self.redis_url.startswith(("redis://", "rediss://", "unix://")),
                "MARKET_REDIS_URL must begin with redis://, rediss:// or unix://",
            ),
            (
                self.database_url.startswith(("sqlite:///", "postgresql+psycopg://")),
                "MARKET_DATABASE_URL must begin with postgresql+psycopg:// or sqlite:///",
            ),
            (
                bool(urlsplit(self.public_url).hostname),
                "MARKET_PUBLIC_URL is missing, for example https://tasks.example",
            ),
            (self.demo or self.https, "MARKET_PUBLIC_URL must begin with https:// outside the demo."),
            (
                bool(self.mail_url) == bool(self.mail_from),
                "MARKET_MAIL_URL and MARKET_MAIL_FROM go together: set both or neither.",
            ),
            (
                not self.mail_url or self.mail_url.startswith("smtp://"),
                "MARKET_MAIL_URL must begin with smtp://",
            ),
            (
                self.device_authorities is None or self.device_authorities.is_file(),
                "MARKET_DEVICE_AUTHORITIES names a file that does not exist.",
            ),
            (
                self.device_authorities is None or self.trusted_proxies > 0,
                "MARKET_DEVICE_AUTHORITIES needs MARKET_TRUSTED_PROXIES: without a proxy nobody checks certificates.",
            ),
            (
                all(_is_place(place) for place in self.private_issuers),
                "MARKET_PRIVATE_ISSUERS must list host names and networks, for example idp.intern.example, 10.1.0.0/16",
            ),
            (
                self.samples is None or self.samples.is_dir(),
                "MARKET_SAMPLES names a folder that does not exist.",
            ),
        ]
        return [sentence for holds, sentence in checks if not holds]


def read_env_file(path: Path) -> dict[str, str]:
    """`NAME=value` lines of a file; empty where there is no such file."""
    if not path.is_file():
        return {}
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#") and "=" in line)


def _listed(text: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in text.split(",") if each.strip())


def _is_place(place: str) -> bool:
    """A network in CIDR form, or a host name."""
    try:
        return ip_network(place) is not None
    except ValueError:
        return bool(re.fullmatch(r"(?!-)(?=.*[A-Za-z])[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*", place))


def _is_sample(secret: bytes) -> bool:
    text = secret.decode(errors="replace").lower()
    return (
        any(re.fullmatch(rf"({re.escape(sample)}[-_ ]*)+", text) for sample in SAMPLE_SECRETS)
        or len(set(text)) == 1
    )


def _number(
    values: Mapping[str, str], name: str, default: int, least: int, most: int, problems: list[str]
) -> int:
    text = values.get(name) or str(default)
    if text.isascii() and text.isdigit() and least <= int(text) <= most:
        return int(text)
    problems.append(f"{name} must be a whole number from {least} to {most}.")
    return default


def _months(text: str, problems: list[str]) -> dict[str, int]:
    """Months by label, of one number for all or `label=number` for some; the rest has the default."""
    months = dict.fromkeys(RECORD_LABELS, RECORD_MONTHS)
    if "=" in text:
        pairs = [each.partition("=") for each in _listed(text)]
        given = {label.strip(): number.strip() for label, _, number in pairs}
    else:
        pairs, given = [], dict.fromkeys(RECORD_LABELS, text.strip()) if text.strip() else {}
    known = set(given) <= set(RECORD_LABELS) and len(given) >= len(pairs)
    if known and all(_is_months(number) for number in given.values()):
        return months | {label: int(number) for label, number in given.items()}
    problems.append(
        f"MARKET_RECORD_MONTHS must be a whole number from 1 to {MOST_MONTHS}, or such numbers by label: "
        "public=3,internal=6,sensitive=12,restricted=24,none=6"
    )
    return months


def _is_months(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 4 and 1 <= int(text) <= MOST_MONTHS
