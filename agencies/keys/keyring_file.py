"""Key-encryption keys in one file of mode 0600: the provider that needs nothing else installed.

The file is JSON and is only ever replaced whole, never written in place, so that a reader sees the old one
or the new one and a power cut leaves one of them. Writers take turns by a lock file beside it. Its backup
belongs in another place than the database's: together they open everything.
"""

import base64
import fcntl
import json
import os
import re
import secrets
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agencies.keys.errors import KeyringNotWritable, KeyringTooOpen, KeyringUnreadable, UnknownKey
from security.sealing.slots import unwrap_key, wrap_key

FORMAT = "marketplace-keyring-1"
KEY_BYTES = 32

_AGENCY = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")

# (inode, modification time in ns, size): a replaced file differs in the first at least.
_Stamp = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class _Key:
    """One key-encryption key. Its `repr` shows what it is for and not what it is."""

    agency: str
    year: int
    created: str
    secret: bytes

    def __repr__(self) -> str:
        return f"_Key(agency={self.agency!r}, year={self.year}, created={self.created!r})"


class KeyringFile:
    """A KeyProvider over one file; safe for threads and for several processes on one machine.

    The file appears with the first key that is needed. It is read again whenever it was replaced.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)
        self._read: tuple[_Stamp | None, Mapping[str, _Key]] = (None, {})

    def __repr__(self) -> str:
        return f"KeyringFile({str(self._path)!r})"

    def current(self, agency_slug: str, year: int) -> str:
        """The newest key of this agency and retention year; makes it on first need."""
        if not _AGENCY.fullmatch(agency_slug) or not 2000 <= year <= 9999:
            raise ValueError(f"no agency and year to keep a key for: {agency_slug!r}, {year}")
        return _newest(self._keys(), agency_slug, year) or self._make(agency_slug, year)

    def wrap(self, key_id: str, dek: bytes, aad: bytes) -> bytes:
        return wrap_key(dek, self._key(key_id).secret, aad)

    def unwrap(self, key_id: str, wrapped: bytes, aad: bytes) -> bytes:
        return unwrap_key(wrapped, self._key(key_id).secret, aad)

    def _key(self, key_id: str) -> _Key:
        key = self._keys().get(key_id)
        if key is None:
            raise UnknownKey(key_id=key_id)
        return key

    def _make(self, agency_slug: str, year: int) -> str:
        try:
            with self._locked():
                keys = dict(self._keys())
                made_meanwhile = _newest(keys, agency_slug, year)
                if made_meanwhile:
                    return made_meanwhile
                key_id = f"{agency_slug}.{year}.{secrets.token_hex(4)}"
                created = datetime.now(UTC).isoformat(timespec="seconds")
                keys[key_id] = _Key(agency_slug, year, created, os.urandom(KEY_BYTES))
                _replace(self._path, _written(keys))
                return key_id
        except OSError as error:
            raise KeyringNotWritable(path=str(self._path), problem=error.strerror) from None

    def _keys(self) -> Mapping[str, _Key]:
        """The keys in the file as it is now; parsed only when the file is another one than last time."""
        stamp, keys = self._read
        now = self._stamp()
        if now is None:
            return {}
        if now != stamp:
            # One assignment of a pair: a thread sees the old pair or the new one, never a mixture.
            self._read = _load(self._path)
            keys = self._read[1]
        return keys

    def _stamp(self) -> _Stamp | None:
        try:
            status = os.stat(self._path)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise KeyringUnreadable(path=str(self._path), problem=error.strerror) from None
        _check_mode(self._path, status)
        return _stamp_of(status)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(self._path.with_name(self._path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)


def _newest(keys: Mapping[str, _Key], agency: str, year: int) -> str | None:
    wanted = (agency, year)
    fitting = [(key.created, key_id) for key_id, key in keys.items() if (key.agency, key.year) == wanted]
    return max(fitting)[1] if fitting else None


def _check_mode(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise KeyringUnreadable(path=str(path), problem="not a file")
    if status.st_mode & 0o077:
        raise KeyringTooOpen(path=str(path), mode=f"{stat.S_IMODE(status.st_mode):04o}")


def _stamp_of(status: os.stat_result) -> _Stamp:
    return status.st_ino, status.st_mtime_ns, status.st_size


def _load(path: Path) -> tuple[_Stamp, Mapping[str, _Key]]:
    """The keys and the stamp of the very file they were read from, which may be replaced at any time."""
    try:
        with open(path, "rb") as file:
            status = os.fstat(file.fileno())
            _check_mode(path, status)
            return _stamp_of(status), _parsed(json.load(file))
    except OSError as error:
        raise KeyringUnreadable(path=str(path), problem=error.strerror) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        # The cause could quote the file's content, and that is keys.
        raise KeyringUnreadable(path=str(path), problem="not a keyring") from None


def _parsed(content: Any) -> dict[str, _Key]:
    if content["format"] != FORMAT:
        raise ValueError("another format")
    keys = {}
    for key_id, each in content["keys"].items():
        secret = base64.b64decode(each["secret"], validate=True)
        if len(secret) != KEY_BYTES:
            raise ValueError("a key of another length")
        keys[key_id] = _Key(str(each["agency"]), int(each["year"]), str(each["created"]), secret)
    return keys


def _written(keys: Mapping[str, _Key]) -> bytes:
    members = {
        key_id: {
            "agency": key.agency,
            "year": key.year,
            "created": key.created,
            "secret": base64.b64encode(key.secret).decode("ascii"),
        }
        for key_id, key in keys.items()
    }
    return json.dumps({"format": FORMAT, "keys": members}, indent=1).encode()


def _replace(path: Path, content: bytes) -> None:
    """Put `content` in the place of `path` so that it is either whole and on disk, or not there at all."""
    handle, fresh = tempfile.mkstemp(dir=path.parent, prefix=path.name + ".")  # mode 0600 from the start
    try:
        with open(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, path)
    except BaseException:
        os.unlink(fresh)
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
