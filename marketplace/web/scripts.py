"""Our scripts import each other by name; what a browser gets are addresses that name the bytes behind them.

A script says `import { seal } from "asset:sealing.js"`. The word `asset:sealing.js` is replaced by the address under
that script's digest before the importing script is digested itself, so that the digest of a page's script pins
everything below it (a hash tree). Pure: no files, no HTTP.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_IMPORT = re.compile(r"""(?<=["'])asset:([\w.-]+)(?=["'])""")


class BrokenImport(RuntimeError):
    """A script imports itself in a circle, or something that is not there."""


@dataclass(frozen=True, slots=True)
class Script:
    """A script as it is sent. `imports`: all it needs, directly or not, each after what it needs itself."""

    name: str
    body: bytes
    imports: tuple[str, ...]

    @property
    def digest(self) -> str:
        """SHA-256 in hex, whole: a shortened one would be easier to meet with other bytes."""
        return hashlib.sha256(self.body).hexdigest()

    @property
    def integrity(self) -> str:
        """The same as an `integrity` attribute says it (Subresource Integrity, section 3.1)."""
        return "sha256-" + b64encode(hashlib.sha256(self.body).digest()).decode()


def linked(sources: Mapping[str, str]) -> Mapping[str, Script]:
    """Every script with addresses for names, dependencies first. Raises BrokenImport, which names the way there."""
    done: dict[str, Script] = {}
    for name in sources:
        _link(name, sources, done, ())
    return done


def _link(name: str, sources: Mapping[str, str], done: dict[str, Script], way: tuple[str, ...]) -> Script:
    if name in done:
        return done[name]
    here = (*way, name)
    if name in way:
        raise BrokenImport(f"Scripts import each other in a circle: {' → '.join(here)}")
    if name not in sources:
        raise BrokenImport(f"There is no such script: {' → '.join(here)}")
    wanted = [_link(found, sources, done, here) for found in _IMPORT.findall(sources[name])]
    body = _IMPORT.sub(lambda found: f"../{done[found[1]].digest}/{found[1]}", sources[name])
    done[name] = Script(name, body.encode(), tuple(dict.fromkeys(_in_order(wanted))))
    return done[name]


def _in_order(wanted: list[Script]) -> Iterator[str]:
    for script in wanted:
        yield from script.imports
        yield script.name
