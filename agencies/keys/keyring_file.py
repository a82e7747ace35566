"""Key-encryption keys in one file of mode 0600: the provider that needs nothing else installed.

The file is JSON and is only ever replaced whole, never written in place, so that a reader sees the old one
or the new one and a power cut leaves one of them. Writers take turns by a lock file beside it. Its backup
belongs in another place than the database's: together they open everything.
"""

import base64
import fcntl
import json
import os
import secrets
import stat
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from agencies.keys import ids
from agencies.keys.errors import KeyringNotWritable, KeyringTooOpen, KeyringUnreadable, UnknownKey
from agencies.keys.interface import KeyInfo
from security.sealing.slots import NONCE_BYTES, SLOT_BYTES, SLOT_VERSION, unwrap_key, wrap_key

FORMAT = "marketplace-keyring-1"
KEY_BYTES = 32

T = TypeVar("T")

# (inode, modification time in ns, size): a replaced file differs in the first at least.
_Stamp = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class _Key:
    """One key-encryption key. Its `repr` shows what it is for and not what it is."""

    agency: str
    year: int
    created: datetime
    secret: bytes

    def __repr__(self) -> str:
        return f"_Key(agency={self.agency!r}, year={self.year}, created={self.created.isoformat()!r})"


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
        ids.check(agency_slug, year)
        return _newest(self._keys(), agency_slug, year) or self._changed(
            lambda keys: _newest(keys, agency_slug, year) or _add(keys, agency_slug, year)
        )

    def wrap(self, key_id: str, dek: bytes, aad: bytes) -> bytes:
        return wrap_key(dek, self._key(key_id).secret, aad)

    def unwrap(self, key_id: str, wrapped: bytes, aad: bytes) -> bytes:
        return unwrap_key(wrapped, self._key(key_id).secret, aad)

    def wrap_all(self, key_id: str, deks: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        cipher = AESGCM(self._key(key_id).secret)
        slots = []
        for dek, aad in deks:
            nonce = os.urandom(NONCE_BYTES)
            slots.append(bytes([SLOT_VERSION]) + nonce + cipher.encrypt(nonce, dek, aad))
        return slots

    def unwrap_all(self, key_id: str, slots: Sequence[tuple[bytes, bytes]]) -> list[bytes | None]:
        cipher = AESGCM(self._key(key_id).secret)
        return [_opened(cipher, wrapped, aad) for wrapped, aad in slots]

    def listing(self) -> list[KeyInfo]:
        keys = self._keys()
        found = [
            KeyInfo(key_id, key.agency, key.year, key.created, key_id == _newest(keys, key.agency, key.year))
            for key_id, key in keys.items()
        ]
        return sorted(found, key=lambda each: (each.agency, each.year, each.created, each.id))

    def renew(self, agency_slug: str, year: int) -> str:
        ids.check(agency_slug, year)
        return self._changed(lambda keys: _add(keys, agency_slug, year))

    def destroy(self, key_id: str) -> None:
        """Replace the file by one without this key. Copies of the file, backups too, have a retention of their own."""
        if key_id in self._keys():
            self._changed(lambda keys: keys.pop(key_id, None))

    def _key(self, key_id: str) -> _Key:
        key = self._keys().get(key_id)
        if key is None:
            raise UnknownKey(key_id=key_id)
        return key

    def _changed(self, change: Callable[[dict[str, _Key]], T]) -> T:
        """What `change` returns; the file is replaced by what it makes of the keys, one writer at a time."""
        try:
            with self._locked():
                keys = dict(self._keys())
                before = dict(keys)
                outcome = change(keys)
                if keys != before:
                    _replace(self._path, _written(keys))
                return outcome
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


def _add(keys: dict[str, _Key], agency: str, year: int) -> str:
    """Add a new key, younger than every other one of this agency and year even where the clock was set back."""
    last = _newest(keys, agency, year)
    now = datetime.now(UTC)
    created = max(now, keys[last].created + timedelta(microseconds=1)) if last else now
    key_id = f"{agency}.{year}.{secrets.token_hex(4)}"
    keys[key_id] = _Key(agency, year, created, os.urandom(KEY_BYTES))
    return key_id


def _opened(cipher: AESGCM, wrapped: bytes, aad: bytes) -> bytes | None:
    if len(wrapped) != SLOT_BYTES or wrapped[0] != SLOT_VERSION:
        return None
    try:
        return cipher.decrypt(wrapped[1 : 1 + NONCE_BYTES], wrapped[1 + NONCE_BYTES :], aad)
    except InvalidTag:
        return None


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
        keys[key_id] = _Key(str(each["agency"]), int(each["year"]), _moment(each["created"]), secret)
    return keys


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _written(keys: Mapping[str, _Key]) -> bytes:
    members = {
        key_id: {
            "agency": key.agency,
            "year": key.year,
            "created": key.created.isoformat(),
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
