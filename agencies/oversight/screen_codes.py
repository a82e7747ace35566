"""The code that lies over a sealed item: from a photograph of a screen to the session in which it was shown.

It is a keyed digest of the session's reference, so that it names nobody to whoever has the photograph. The officer's
record finds the session again among those in which something was opened, and from there its entries; whose they are
stays closed until a look-up opens it.
"""

from __future__ import annotations

import re

from sqlalchemy import or_, select

from marketplace.foundation.db import Tx
from marketplace.foundation.ids import keyed_digest
from security.log.filtering import reach
from security.log.models import AuditEntry
from security.principal import Principal

OPENING = "payload.view"
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_DIGITS = 16
_MISTAKEN = str.maketrans("OIL", "011")
"""Letters that are not in the alphabet, and what was meant by whoever reads them off a photograph."""
_FORM = re.compile(rf"[{_ALPHABET}]{{{_DIGITS}}}")


def of_session(key: bytes, session: str) -> str:
    """The code of a session: sixteen characters (80 bits) in four groups, `K7QX-2M9P-0TRD-5HWA`."""
    number = int.from_bytes(keyed_digest(key, b"screen code", session.encode())[:10], "big")
    digits = "".join(_ALPHABET[number >> shift & 31] for shift in range(75, -1, -5))
    return "-".join(digits[at : at + 4] for at in range(0, _DIGITS, 4))


def read(typed: str) -> str | None:
    """The code that somebody typed, as `of_session` writes it; None for what is none."""
    plain = re.sub(r"[\s–-]", "", typed).upper().translate(_MISTAKEN)
    if not _FORM.fullmatch(plain):
        return None
    return "-".join(plain[at : at + 4] for at in range(0, _DIGITS, 4))


def session_of(db: Tx, key: bytes, code: str, reader: Principal) -> str | None:
    """The session with this code, among those whose openings concern the reader; None where there is none.

    Every session is tried: the code cannot be turned back, and somebody asks this once in a long while.
    """
    opened = select(AuditEntry.session).where(
        AuditEntry.act == OPENING, AuditEntry.session.is_not(None), or_(*reach(reader))
    )
    for row in db.all(opened.distinct()):
        if of_session(key, row.session) == code:
            return str(row.session)
    return None
